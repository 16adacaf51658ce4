import type { Effect } from '../db.ts'

/** A paid invoice of subscriptions, line by line. `credit_invoice.sql` says what they grant and take. */
export interface CreditedInvoice {
  stripe_invoice_id: string
  /** Null of an invoice that was made by hand, whose lines may be of one all the same. */
  stripe_subscription_id: string | null
  stripe_customer_id: string
  /** The user its metadata names: counts where nobody is known to hold the customer. */
  user_id: string | null
  /**
   * Its total in minor units of `currency`, as Stripe counts them: cash and customer balance, less credit notes.
   * Negative where the customer's balance grew.
   */
  amount: number
  currency: string
  /** The PaymentIntent, else the charge. Null where the event does not say it: `invoice_payment.paid` does. */
  paid_by: string | null
  /** Unix seconds: when Stripe created the invoice. */
  created: number | null
  stripe_charge_id: string | null
  /** Those of subscriptions. Null where that is not known. */
  lines: PlanLine[] | null
  /** Why it is not known: the event does not have all lines of the invoice, or PLANS none of its prices. */
  unknown: 'incomplete_invoice' | 'unknown_price' | null
  /** What PLANS says by lookup keys. Null where no line can be known by one. */
  plans: Record<string, Pick<PlanLine, 'key' | 'credits' | 'trial_credits' | 'plan_names'>> | null
  /** Credits that a one-off invoice sells besides, by its own metadata. */
  sold: number | null
  /** Prices that were read, or that the lines say. */
  prices: KnownPrice[]
  /** Paid invoices that were read from Stripe, because these lines credit theirs. */
  credited: { stripe_invoice_id: string; lines: PlanLine[] }[]
}

/** A line of an invoice that is about a subscription. */
export interface PlanLine {
  id: string
  stripe_subscription_id: string
  stripe_price_id: string | null
  /** What PLANS says of its price: the credits of one. Null where PLANS does not know it, or only by its lookup key. */
  key: string | null
  credits: number | null
  trial_credits: boolean
  /** Of a line of nothing, all names under which PLANS has plans of this key: prices, lookup keys, products. */
  plan_names: string[] | null
  /** Whether the lookup key of its price decides, as it was first seen: the database knows it, or Stripe is asked once. */
  by_lookup_key: boolean
  /** Within a period, for a change. Else it is for a whole period. */
  is_proration: boolean
  quantity: number
  /** Minor units: as the line has it, and after discounts. Negative where it credits another line. */
  amount: number
  net: number
  /** Minor units of one, as a decimal number. Null where the line does not say it. */
  unit_amount: string | null
  /** Unix seconds: Stripe's own, so that they name the period for ever. */
  starts_at: number
  ends_at: number
  /** The invoice and the lines that it credits. Null where it names none. */
  credits_invoice: string | null
  credits_lines: string[] | null
  /** Whether what it grants or takes can depend on its price, which has to be read. */
  needs_price: boolean
}

/** What Stripe says of a price, in one currency. */
export interface KnownPrice {
  id: string
  currency: string
  /** Minor units, as a decimal number. Null of a price with tiers. */
  unit_amount: string | null
  interval: string | null
  interval_count: number | null
  usage_type: string | null
  /** Empty where it has none. */
  lookup_key: string
}

export const creditInvoice = (facts: CreditedInvoice): Effect => ({
  verb: 'credit_invoice',
  facts: { ...facts },
})

/** What older versions send, and have stored: periods with their credits. `grant_plan.sql` still grants them. */
export interface PaidInvoice
  extends Omit<CreditedInvoice, 'created' | 'lines' | 'plans' | 'sold' | 'prices' | 'credited'> {
  /** What each period brings. Null where that is not known. */
  grants: PeriodGrant[] | null
}

export interface PeriodGrant {
  /** Unix seconds. */
  period_start: number
  credits: number
}

export const grantPlan = (facts: PaidInvoice): Effect => ({ verb: 'grant_plan', facts: { ...facts } })

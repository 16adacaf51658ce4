import type { Effect } from '../db.ts'

/** A paid invoice of subscriptions, line by line. `credit_invoice.sql` says what its lines grant and take. */
export interface CreditedInvoice {
  stripe_invoice_id: string
  /** Null for an invoice that was created by hand. Its lines may be of a subscription all the same. */
  stripe_subscription_id: string | null
  stripe_customer_id: string
  /** The user whom its metadata names: counts if the customer has no known owner. */
  user_id: string | null
  /**
   * Its total in minor units of `currency`, as Stripe counts them: cash and customer balance, less credit notes.
   * Negative if the customer's balance grew.
   */
  amount: number
  /** Minor units of the total that credit notes took off before it was paid. */
  noted: number
  /**
   * Minor units of all its lines after discounts, also of those that are of no plan: what they charge, and what they
   * credit. They lack tax that comes on top, which the total contains. Null if not all lines are known.
   */
  charged: number | null
  returned: number | null
  currency: string
  /** The PaymentIntent, else the charge. Null if the event does not contain it: `invoice_payment.paid` does. */
  paid_by: string | null
  /** Unix seconds: when Stripe created the invoice. */
  created: number | null
  stripe_charge_id: string | null
  /** Those of subscriptions. Null if they are not known. */
  lines: PlanLine[] | null
  /** Why the lines are not known: the event does not contain all of them, or PLANS has none of the prices that they charge. */
  unknown: 'incomplete_invoice' | 'unknown_price' | null
  /** What PLANS says by lookup keys. Null if no line depends on one. */
  plans: Record<string, Pick<PlanLine, 'key' | 'credits' | 'trial_credits' | 'plan_names'>> | null
  /**
   * Credits that it sells beside plans: a one-off invoice by its own metadata, a subscription's by the prices of packs.
   */
  sold: number | null
  /** Prices that were read from Stripe, or that the lines contain. */
  prices: KnownPrice[]
  /** Paid invoices that were read from Stripe, because lines of this one credit lines of theirs. */
  credited: (Pick<CreditedInvoice, 'stripe_invoice_id' | 'amount' | 'noted' | 'charged' | 'returned'> & {
    lines: PlanLine[]
  })[]
}

/** A line of an invoice that is about a subscription. */
export interface PlanLine {
  id: string
  stripe_subscription_id: string
  stripe_price_id: string | null
  /**
   * What PLANS says about its price: the credits for a quantity of one. Null if PLANS does not know the price, or knows
   * it only by its lookup key.
   */
  key: string | null
  credits: number | null
  trial_credits: boolean
  /**
   * For a line with an amount of 0, all names under which PLANS has plans of this key: prices, lookup keys, products.
   */
  plan_names: string[] | null
  /**
   * Whether the lookup key that was first seen for its price decides. The database knows that key, or Stripe is asked
   * once.
   */
  by_lookup_key: boolean
  /** Whether it is for a change within a period, rather than for a whole period. */
  is_proration: boolean
  quantity: number
  /**
   * Minor units. `net` is after discounts, and so is the `amount` of a proration and of a line that credits another
   * one, which is negative. The `amount` of other lines is before discounts.
   */
  amount: number
  net: number
  /** Minor units for a quantity of one, as a decimal number. Null if the line does not contain it. */
  unit_amount: string | null
  /** Unix seconds, exactly as Stripe has them, because they name the period forever. */
  starts_at: number
  ends_at: number
  /** The invoice and the lines that it credits. Null if it names none. */
  credits_invoice: string | null
  credits_lines: string[] | null
  /** Whether what it grants or takes can depend on its price, which then has to be read. */
  needs_price: boolean
}

/** What Stripe says about a price, in one currency. */
export interface KnownPrice {
  id: string
  currency: string
  /** Minor units, as a decimal number. Null for a price with tiers. */
  unit_amount: string | null
  interval: string | null
  interval_count: number | null
  usage_type: string | null
  /** Empty if it has none. */
  lookup_key: string
}

export const creditInvoice = (facts: CreditedInvoice): Effect => ({
  verb: 'credit_invoice',
  facts: { ...facts },
})

/** What older versions send, and have stored: periods with their credits. `grant_plan.sql` still grants them. */
export interface PaidInvoice
  extends Omit<
    CreditedInvoice,
    'created' | 'noted' | 'charged' | 'returned' | 'lines' | 'plans' | 'sold' | 'prices' | 'credited'
  > {
  /** What each period grants. Null if that is not known. */
  grants: PeriodGrant[] | null
}

export interface PeriodGrant {
  /** Unix seconds. */
  period_start: number
  credits: number
}

export const grantPlan = (facts: PaidInvoice): Effect => ({ verb: 'grant_plan', facts: { ...facts } })

import type { Effect } from '../db.ts'

export * from './plan-verbs.ts'

/**
 * A payment that buys credits, as one of its events reports it: the Checkout Session, the PaymentIntent or the invoice.
 * `settle_payment.sql` says when it is credited.
 */
export interface Payment {
  user_id: string
  /** Another id that the session names. Where it is somebody's, the two contradict each other. */
  reference: string | null
  credits: number
  /**
   * What is sold, and credited once: the invoice, else the PaymentIntent, else (nothing was due) the Checkout Session.
   * As far as the event says it: an invoice that the database knows to be paid by it comes first.
   */
  stripe_payment_id: string
  /** Minor units of `currency`, as Stripe counts them: yen for JPY, cents for USD. */
  amount: number
  currency: string
  /** Null where it was made without Checkout, or the event does not say it. */
  stripe_checkout_session_id: string | null
  /** Null where nothing was due, and where an invoice does not say what paid it. */
  stripe_payment_intent_id: string | null
  /** Null where the sale has no invoice, or the event does not say it. */
  stripe_invoice_id: string | null
  stripe_charge_id: string | null
  /** Null for a guest. */
  stripe_customer_id: string | null
  /** Whether it may have paid an invoice that the event does not name: then Stripe is asked. */
  invoice_unknown: boolean
  /**
   * Whether a session from before `CREDIT_SINCE` may have made it: then Stripe is asked as well. Null where the setting was
   * not there: if it is once this is released, the database decides.
   */
  session_unknown: boolean | null
  /** Unix seconds: when Stripe created what reports it. Null where it does not say. */
  created: number | null
}

export const settle = (facts: Payment): Effect => ({ verb: 'settle_payment', facts: { ...facts } })

/** A paid Checkout Session whose lines decide what was bought. `settle_session.sql` says whose it is. */
export interface SoldSession
  extends Omit<Payment, 'user_id' | 'credits' | 'stripe_checkout_session_id' | 'session_unknown'> {
  stripe_checkout_session_id: string
  /** Whom the metadata names, else the reference. Null: nobody, and then nothing is credited. */
  user_id: string | null
  /** Whether the reference names the user, which the buyer's browser can change. */
  by_reference: boolean
  /** What decides together with the lines. Null once they are read. */
  unread: UnreadSale | null
  /** Null until the lines are read. */
  credits: number | null
}

export interface UnreadSale {
  /** What a Payment Link says of itself in its metadata: credits for each of its only line. */
  link_credits: number | null
  /** Whether it says that credits are sold: if its lines sell none, a person is told. */
  is_claimed: boolean
}

export const settleSession = (facts: SoldSession): Effect => ({
  verb: 'settle_session',
  facts: { ...facts },
})

export const linkInvoice = (facts: {
  stripe_invoice_id: string
  /** The PaymentIntent, else the charge. */
  paid_by: string
}): Effect => ({ verb: 'link_invoice_payment', facts })

/** What is reported of money that came back, or went away again. */
export interface Reversal {
  kind: 'refund' | 'dispute' | 'charge'
  /** Of the refund, the dispute or the charge. */
  id: string
  stripe_payment_intent_id: string | null
  stripe_charge_id: string | null
  /** Minor units of `currency`; of a charge, the total of its refunds so far. */
  amount: number
  currency: string
  /** Null where no money moves. */
  state: ReversalState | null
  /** Minor units that a dispute holds now. Null of refunds and charges. */
  held: number | null
  /** How often a dispute's money has moved so far. 0 where the event does not say it. */
  transactions: number
  /**
   * Of a dispute, minor units of the settlement currency `settled_in`: its largest withdrawal, and what of it was
   * reinstated. Null where the event does not say it.
   */
  withdrawn: number | null
  returned: number | null
  settled_in: string | null
  /** Whom the event names, by its metadata and its customer: counts where the payment is not known. */
  user_id: string | null
  stripe_customer_id: string | null
}

/** What Stripe says of a charge: what it cost, and what it brought in the settlement currency, before fees. Minor units. */
export interface ReadCharge {
  amount: number
  currency: string
  settled: number
}

export interface ReadRefund {
  id: string
  amount: number
  state: RefundStatus
}

/** What had to be read from Stripe, because the event does not say enough. */
export interface ReadReversal extends Reversal {
  charge: ReadCharge | null
  /** All refunds of the charge. Empty where they could not be read. Null where nobody has to know. */
  refunds: ReadRefund[] | null
}

export type RefundStatus = 'pending' | 'requires_action' | 'succeeded' | 'canceled' | 'failed'
export type ReversalState = RefundStatus | 'withdrawn' | 'lost' | 'reinstated' | 'won' | 'refunded'

/** `reverse_payment.sql` says how many credits follow. */
export const reverse = (
  reversal: Reversal,
  read: Partial<Pick<ReadReversal, 'charge' | 'refunds'>> = {},
): Effect => {
  const facts: ReadReversal = { ...reversal, charge: null, refunds: null, ...read }
  return { verb: 'reverse_payment', facts: { ...facts } }
}

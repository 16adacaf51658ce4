import type { Effect } from '../db.ts'

export * from './plan-verbs.ts'

/**
 * A payment that buys credits, as one of its events reports it: the Checkout Session, the PaymentIntent or the invoice.
 * `settle_payment.sql` says when it is credited.
 */
export interface Payment {
  user_id: string
  /** Another id that the session names. If it is another user's, the two contradict each other. */
  reference: string | null
  credits: number
  /**
   * What is sold, and credited once: the invoice, else the PaymentIntent, else (if nothing was due) the Checkout
   * Session. As far as the event says it: an invoice that the database knows to be paid by it takes precedence.
   */
  stripe_payment_id: string
  /** Minor units of `currency`, as Stripe counts them: yen for JPY, cents for USD. */
  amount: number
  currency: string
  /** Null if it was made without Checkout, or if the event does not say so. */
  stripe_checkout_session_id: string | null
  /** Null if nothing was due, and if an invoice does not say what paid it. */
  stripe_payment_intent_id: string | null
  /** Null if the sale has no invoice, or if the event does not say so. */
  stripe_invoice_id: string | null
  stripe_charge_id: string | null
  /** Null for a guest. */
  stripe_customer_id: string | null
  /** Whether it may have paid an invoice that the event does not name. Then Stripe is asked. */
  invoice_unknown: boolean
  /**
   * Whether a session from before `CREDIT_SINCE` may have made it. Then Stripe is asked as well. Null if the setting
   * was not set: if it is set when this is released, the database decides.
   */
  session_unknown: boolean | null
  /** Unix seconds: when Stripe created the object that reports it. Null if the event does not say so. */
  created: number | null
}

export const settle = (facts: Payment): Effect => ({ verb: 'settle_payment', facts: { ...facts } })

/** A paid Checkout Session whose lines decide what was bought. `settle_session.sql` says who its owner is. */
export interface SoldSession
  extends Omit<Payment, 'user_id' | 'credits' | 'stripe_checkout_session_id' | 'session_unknown'> {
  stripe_checkout_session_id: string
  /** The user whom the metadata names, else the reference. Null if neither does: then nothing is credited. */
  user_id: string | null
  /** Whether it is the reference that names the user: the buyer's browser can change it. */
  by_reference: boolean
  /** What decides together with the lines. Null once they are read. */
  unread: UnreadSale | null
  /** Null until the lines are read. */
  credits: number | null
  /** The verdict if no setting knows what it sold, unless it is credited already. Null if a setting knows, or may know. */
  unsold: { outcome: string; reason: string | null } | null
}

export interface UnreadSale {
  /** What a Payment Link's own metadata says: credits for a quantity of one of its only line. */
  link_credits: number | null
  /** Whether it says that it sells credits: if its lines sell none, a person learns of it. */
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

/** What is reported about money that came back, or went away again. */
export interface Reversal {
  kind: 'refund' | 'dispute' | 'charge'
  /** The id of the refund, the dispute or the charge. */
  id: string
  stripe_payment_intent_id: string | null
  stripe_charge_id: string | null
  /** Minor units of `currency`; of a charge, the total of its refunds so far. */
  amount: number
  currency: string
  /** Null if no money moves. */
  state: ReversalState | null
  /** Minor units that a dispute holds now. Null for refunds and charges. */
  held: number | null
  /** How often a dispute's money has moved so far. 0 if the event does not say so. */
  transactions: number
  /**
   * For a dispute, in minor units of the settlement currency `settled_in`: its largest withdrawal, and what of it was
   * reinstated. Null if the event does not say so.
   */
  withdrawn: number | null
  returned: number | null
  settled_in: string | null
  /** The user and the customer that the event names: they count if the payment is not known. */
  user_id: string | null
  stripe_customer_id: string | null
}

/**
 * What Stripe says about a charge: what it cost, and what it brought in the settlement currency, before fees. Minor
 * units.
 */
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
  /** All refunds of the charge. Empty if they could not be read. Null if they are not needed. */
  refunds: ReadRefund[] | null
}

export type RefundStatus = 'pending' | 'requires_action' | 'succeeded' | 'canceled' | 'failed'
export type ReversalState = RefundStatus | 'withdrawn' | 'lost' | 'reinstated' | 'won' | 'refunded'

/** Reports money that came back, or went away again. `reverse_payment.sql` says how many credits follow. */
export const reverse = (
  reversal: Reversal,
  read: Partial<Pick<ReadReversal, 'charge' | 'refunds'>> = {},
): Effect => {
  const facts: ReadReversal = { ...reversal, charge: null, refunds: null, ...read }
  return { verb: 'reverse_payment', facts: { ...facts } }
}

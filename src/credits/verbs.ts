import type { Effect } from '../db.ts'

/** A payment that buys credits. `settle_payment.sql` says when it is credited. */
export interface Payment {
  user_id: string
  credits: number
  /** The PaymentIntent, else (nothing was due) the Checkout Session: what is credited once. */
  stripe_payment_id: string
  /** Minor units of `currency`, as Stripe counts them: yen for JPY, cents for USD. */
  amount: number
  currency: string
  checkout_session_id: string
  /** Null for a guest. */
  stripe_customer_id: string | null
}

export const settlePayment = (facts: Payment): Effect => ({ verb: 'settle_payment', facts: { ...facts } })

import type { Effect } from '../db.ts'
import * as payments from '../payments/verbs.ts'
import * as users from '../users/verbs.ts'
import { id } from '../values.ts'
import type { Verdict } from '../webhook/outcome.ts'
import { type Handler, read, Unreadable } from '../webhook/provider.ts'
import { type CheckoutSession, checkoutSessionEvent, readCredits } from './payload.ts'

/** A Checkout Session came to its end: a top-up is credited, a subscription's customer is linked. */
export const settleCheckout: Handler = (event) => {
  const session = read(checkoutSessionEvent, event).data.object
  if (session.mode === 'setup') return { outcome: 'ignored', reason: 'no_effect' }

  const ours = readMetadata(session)
  if ('outcome' in ours) return ours
  return ours.credits === null ? subscribe(session, ours.userId) : topUp(session, ours.userId, ours.credits)
}

/** Payment Links and other products in the same Stripe account complete sessions too: without our metadata, not ours. */
function readMetadata(session: CheckoutSession): Verdict | { userId: string; credits: number | null } {
  const { user_id, credits: creditsText } = session.metadata ?? {}
  if (user_id === undefined && creditsText === undefined) return { outcome: 'ignored', reason: 'not_ours' }

  const userId = id.safeParse(user_id).data
  const credits = session.mode === 'payment' ? readCredits(creditsText) : null
  if (!userId || (session.mode === 'payment' && credits === null)) {
    return { outcome: 'rejected', reason: 'invalid_metadata' }
  }
  const { client_reference_id: reference } = session
  // Referral tools put ids of their own there: only one that could be a user's contradicts the metadata.
  if (reference && reference !== userId && /^user_\w+$/.test(reference)) {
    return { outcome: 'rejected', reason: 'reference_mismatch' }
  }
  return { userId, credits }
}

function topUp(session: CheckoutSession, userId: string, credits: number): Effect | Verdict {
  if (!isPaid(session)) return { outcome: 'ignored', reason: 'payment_pending' }
  const { amount_total: amount, currency } = session
  if (typeof amount !== 'number' || !currency) throw new Unreadable('amount_total, currency')

  return payments.settle({
    user_id: userId,
    credits,
    stripe_payment_id: session.invoice ?? session.payment_intent ?? session.id,
    amount,
    currency,
    stripe_checkout_session_id: session.id,
    stripe_payment_intent_id: session.payment_intent ?? null,
    stripe_invoice_id: session.invoice ?? null,
    stripe_charge_id: null,
    stripe_customer_id: session.customer ?? null,
    invoice_unknown: false,
  })
}

/**
 * `no_payment_required` is a 100 % discount when nothing was due. With an amount it is a payment put off to a later
 * date, which is not money yet (Stripe: Checkout Session, payment_status).
 */
function isPaid({ payment_status, amount_total }: CheckoutSession): boolean {
  return payment_status === 'paid' || (payment_status === 'no_payment_required' && amount_total === 0)
}

function subscribe({ customer }: CheckoutSession, userId: string): Effect | Verdict {
  if (!customer) return { outcome: 'ignored', reason: 'no_effect' }
  return users.linkCustomer({ user_id: userId, stripe_customer_id: customer })
}

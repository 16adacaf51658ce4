import type { Effect } from '../db.ts'
import * as payments from '../payments/verbs.ts'
import type { Settings } from '../settings.ts'
import * as users from '../users/verbs.ts'
import { idOf, member } from '../values.ts'
import type { Verdict } from '../webhook/outcome.ts'
import { type Handler, read, Unreadable } from '../webhook/provider.ts'
import { beforeStart, isBeforeStart } from './before-start.ts'
import { INVALID, NOT_OURS } from './lines.ts'
import { type CheckoutSession, checkoutSessionEvent, readCredits } from './payload.ts'

/** Handles a completed Checkout Session: a top-up is credited, and a subscription's customer is linked. */
export const settleCheckout: Handler = (event, settings) => {
  const session = read(checkoutSessionEvent, event).data.object
  const decision = decideSession(session, settings)
  const sells = 'verb' in decision || decision.outcome === 'rejected' || decision === PENDING
  const isEarlier = isBeforeStart(member(member(event, 'data'), 'object'), settings)
  return session.mode === 'payment' && sells && isEarlier ? beforeStart(event) : decision
}

function decideSession(session: CheckoutSession, settings: Settings): Effect | Verdict {
  if (session.mode === 'setup') return { outcome: 'ignored', reason: 'no_effect' }

  const { user_id: named, credits } = session.metadata ?? {}
  if (named === undefined) return settleReferred(session, settings)
  const userId = idOf(named)
  if (!userId) return INVALID
  const { client_reference_id: reference } = session
  // Referral tools put their own ids there, so only an id of Clerk's form contradicts the metadata here. The database
  // knows whether any other id is a user's all the same.
  if (reference && reference !== userId && /^user_\w+$/.test(reference)) {
    return { outcome: 'rejected', reason: 'reference_mismatch' }
  }
  if (session.mode === 'subscription') return subscribe(session, userId, link(session))
  if (credits === undefined) return readLines(session, userId, false, settings)
  const bought = readCredits(credits)
  return bought === null ? INVALID : topUp(session, userId, bought)
}

/**
 * Decides on a session that our metadata does not name: of a Payment Link, a pricing table, or another product of the
 * account. The buyer's browser can change its reference, so the reference only names who gets what was bought.
 */
function settleReferred(session: CheckoutSession, settings: Settings): Effect | Verdict {
  const reference = idOf(session.client_reference_id)
  if (session.mode === 'payment') return readLines(session, reference, true, settings)
  if (reference) return subscribe(session, reference, users.referCustomer)
  return session.metadata?.credits === undefined ? NOT_OURS : INVALID
}

/**
 * Decides on a session whose lines say what it sold. No event contains them, and they are read only if a setting could
 * know them.
 */
function readLines(
  session: CheckoutSession,
  userId: string | null,
  byReference: boolean,
  { CREDIT_PACKS }: Settings,
): Effect | Verdict {
  const ownCredits = session.metadata?.credits
  const isClaimed = !byReference || ownCredits !== undefined
  const linkCredits = session.payment_link ? readCredits(ownCredits) : null
  const hasPrices = Object.values(CREDIT_PACKS).some(({ price }) => price !== undefined)
  const isKnown = hasPrices || linkCredits !== null
  if (!isKnown && !(isClaimed && isPaid(session))) return isClaimed ? INVALID : NOT_OURS
  if (!isPaid(session)) return PENDING
  return payments.settleSession({
    ...paymentOf(session),
    user_id: userId,
    by_reference: byReference,
    unread: { link_credits: linkCredits, is_claimed: isClaimed },
    credits: null,
    unsold: isKnown ? null : INVALID,
  })
}

const PENDING: Verdict = { outcome: 'ignored', reason: 'payment_pending' }

const otherReference = ({ client_reference_id, metadata }: CheckoutSession): string | null => {
  const reference = idOf(client_reference_id)
  return metadata?.user_id === undefined || reference === metadata.user_id ? null : reference
}

const link =
  (session: CheckoutSession) =>
  (facts: { user_id: string; stripe_customer_id: string }): Effect =>
    users.linkCustomer({ ...facts, reference: otherReference(session) })

function topUp(session: CheckoutSession, userId: string, credits: number): Effect | Verdict {
  if (!isPaid(session)) return PENDING
  return payments.settle({ user_id: userId, credits, session_unknown: false, ...paymentOf(session) })
}

/** @throws Unreadable */
function paymentOf(
  session: CheckoutSession,
): Omit<payments.SoldSession, 'user_id' | 'credits' | 'by_reference' | 'unread' | 'unsold'> {
  const { amount_total: amount, currency } = session
  if (typeof amount !== 'number' || !currency) throw new Unreadable('amount_total, currency')
  return {
    stripe_payment_id: session.invoice ?? session.payment_intent ?? session.id,
    amount,
    currency,
    stripe_checkout_session_id: session.id,
    stripe_payment_intent_id: session.payment_intent ?? null,
    stripe_invoice_id: session.invoice ?? null,
    stripe_charge_id: null,
    reference: otherReference(session),
    stripe_customer_id: session.customer ?? null,
    invoice_unknown: false,
    created: session.created ?? null,
  }
}

/**
 * Whether a session is paid. `no_payment_required` is a 100 % discount if nothing was due. With an amount it is a
 * payment put off to a later date, which is not money yet (Stripe: Checkout Session, payment_status).
 */
function isPaid({ payment_status, amount_total }: CheckoutSession): boolean {
  return payment_status === 'paid' || (payment_status === 'no_payment_required' && amount_total === 0)
}

function subscribe(
  { customer }: CheckoutSession,
  userId: string,
  make: typeof users.referCustomer,
): Effect | Verdict {
  if (!customer) return { outcome: 'ignored', reason: 'no_effect' }
  return make({ user_id: userId, stripe_customer_id: customer })
}

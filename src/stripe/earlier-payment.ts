import type Stripe from 'stripe'
import type { Effect } from '../db.ts'
import type { Reversal } from '../payments/verbs.ts'
import type { Settings } from '../settings.ts'
import * as users from '../users/verbs.ts'
import { idOf } from '../values.ts'
import { isBeforeStart } from './before-start.ts'
import { reference } from './payload.ts'
import { READ } from './thin.ts'
import { noneIfRefused } from './unlinked-payment.ts'

/**
 * Decides on a refund or a dispute whose payment is not known here. If the payment was made before `CREDIT_SINCE`, no
 * event will bring it, and a person has to look. Returns null if it was made later: its event may still come.
 * @throws StripeError
 */
export async function readEarlierPayment(
  stripe: Stripe,
  reported: Reversal,
  settings: Settings,
): Promise<Effect | null> {
  const { stripe_payment_intent_id: payment_intent, stripe_customer_id } = reported
  if (settings.CREDIT_SINCE === undefined || payment_intent === null) return null
  const [intent, sessions] = await Promise.all([
    stripe.paymentIntents.retrieve(payment_intent, {}, READ),
    stripe.checkout.sessions.list({ payment_intent, limit: 1 }, READ).catch(noneIfRefused),
  ])
  const [session] = sessions.data
  if (!isBeforeStart(intent, settings) && !isBeforeStart(session, settings)) return null
  const names = [
    reported.user_id,
    intent.metadata?.user_id,
    session?.metadata?.user_id,
    session?.client_reference_id,
  ]
  return users.recordForCustomer({
    outcome: 'rejected',
    reason: 'before_start',
    user_id: names.find((name) => idOf(name) !== null) ?? null,
    stripe_customer_id: stripe_customer_id ?? reference().safeParse(intent.customer).data ?? null,
  })
}

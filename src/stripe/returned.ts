import type Stripe from 'stripe'
import type { Effect } from '../db.ts'
import type { Settings } from '../settings.ts'
import { decide } from '../webhook/decide.ts'
import type { Verdict } from '../webhook/outcome.ts'
import { ifOurs, unconditional } from './app-tag.ts'
import { stripe as provider } from './index.ts'
import { ask, isMissing } from './trouble.ts'

/** Reads a session of this user. Null if there is none, or if it is another user's. @throws StripeTrouble */
export async function readSession(
  stripe: Stripe,
  id: string,
  userId: string,
): Promise<Stripe.Checkout.Session | null> {
  if (!/^cs_(test|live)_\w{1,200}$/.test(id)) return null
  try {
    const session = await ask(stripe.checkout.sessions.retrieve(id))
    const { metadata, client_reference_id: reference } = session
    return (metadata?.user_id ?? reference) === userId ? session : null
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

const UNREAD: Verdict = { outcome: 'parked', reason: 'incomplete_session' }

/**
 * Decides on a session as for its webhook: by the same table and handler. Until the session is complete there is
 * nothing to settle, whatever it says about its customer.
 */
export async function decideReturn(
  session: Stripe.Checkout.Session,
  settings: Settings,
): Promise<Effect | Verdict> {
  if (session.status === 'open') return { outcome: 'ignored', reason: 'payment_pending' }
  if (session.status !== 'complete') return { outcome: 'ignored', reason: 'no_effect' }
  const event = { livemode: session.livemode, data: { object: session } }
  const decision = decide(provider, { type: 'checkout.session.completed', event }, settings)
  if (!('verb' in decision) || unconditional(decision).verb !== 'settle_session') return decision
  // Its lines are read at once, because there is no row here that could wait for them.
  const read = (await provider.resolve?.(UNREAD, decision, settings)) ?? decision
  return 'verb' in read && decision.verb === 'if_known' ? ifOurs(event, unconditional(read), settings) : read
}

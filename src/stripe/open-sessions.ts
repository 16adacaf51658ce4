import type Stripe from 'stripe'
import { ask, StripeTrouble } from './trouble.ts'

/** The pages for plans of one group that a user may have open. */
export interface PlanPage {
  stripe: Stripe
  customer: string
  userId: string
  group: string
}

/** The user has meanwhile paid on another page of the same group. */
export class PaidMeanwhile extends Error {
  override name = 'PaidMeanwhile'
}

/**
 * Expires the user's open pages for plans of this group, so that nobody subscribes twice in two tabs. With `mine`, it
 * expires only older ones: of two clicks at once the later page stays. Stripe lists the newest first, even within a
 * second.
 * @throws StripeTrouble; PaidMeanwhile, after `mine` has been expired as well
 */
export async function expireOthers({ stripe, ...page }: PlanPage, mine: string | null): Promise<void> {
  const { sessions } = stripe.checkout
  const { data } = await ask(sessions.list({ customer: page.customer, status: 'open', limit: 100 }))
  const place = mine === null ? -1 : data.findIndex(({ id }) => id === mine)
  // A page that is newer still has expired it, and expires the others as well.
  if (mine !== null && place === -1) return
  for (const session of data.slice(place + 1)) {
    if (!isOf(session, page) || (await expire(stripe, session.id)) !== 'complete') continue
    if (mine !== null) await expire(stripe, mine)
    throw new PaidMeanwhile()
  }
}

const isOf = ({ mode, metadata }: Stripe.Checkout.Session, { userId, group }: Omit<PlanPage, 'stripe'>) =>
  mode === 'subscription' && metadata?.user_id === userId && (metadata.group ?? '') === group

/** Expires a session and returns its status: `expired`, unless the person was faster. */
async function expire({ checkout: { sessions } }: Stripe, id: string): Promise<string | null> {
  try {
    return (await ask(sessions.expire(id))).status
  } catch (error) {
    if (!(error instanceof StripeTrouble && error.kind === 'refused')) throw error
    const { status } = await ask(sessions.retrieve(id))
    if (status === 'open') throw error
    return status
  }
}

import Stripe from 'stripe'
import type { Database } from '../db.ts'
import { log } from '../log.ts'
import type { Settings } from '../settings.ts'
import { markCancelled, takeOrphans } from '../subscriptions/orphans.ts'
import { stripeClient } from './client.ts'

const ENDED = new Set(['canceled', 'incomplete_expired'])

/**
 * Cancels at Stripe at most this many subscriptions of deleted users, so that nobody goes on paying. What fails is
 * tried again later. Returns whether there may be more.
 * @throws DatabaseUnavailable
 */
export async function cancelOrphans(
  settings: Settings,
  db: Database,
  most: number,
  fetcher: typeof fetch,
): Promise<boolean> {
  const ids = await takeOrphans(db, most)
  for (const id of ids) {
    const cause = await cancel(id, stripeClient(settings, fetcher))
    if (cause) log({ message: 'cancellation failed', level: 'error', subscription: id, cause })
    else {
      await markCancelled(db, id)
      log({ message: 'cancelled for a deleted user', level: 'info', subscription: id })
    }
  }
  return ids.length === most
}

/** Returns null if Stripe has cancelled it, now or before; else the reason why not. */
async function cancel(id: string, { subscriptions }: Stripe): Promise<string | null> {
  try {
    await subscriptions.cancel(id, {}, { maxNetworkRetries: 0 }).catch(async (error: unknown) => {
      // An ended subscription cannot be cancelled, but it can be read. One that cannot be read either belongs to
      // another account or mode: the key is wrong, and somebody may go on paying.
      if (!isMissing(error) || !ENDED.has((await subscriptions.retrieve(id)).status)) throw error
    })
    return null
  } catch (error) {
    return error instanceof Stripe.errors.StripeError ? (error.code ?? error.type) : 'unexpected'
  }
}

const isMissing = (error: unknown) =>
  error instanceof Stripe.errors.StripeError && error.code === 'resource_missing'

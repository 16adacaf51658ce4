import Stripe from 'stripe'
import type { Database } from '../db.ts'
import type { Settings } from '../settings.ts'
import { cancelRequested, orphans } from '../subscriptions/orphans.ts'
import { log } from '../log.ts'
import { stripeClient } from './client.ts'

const ENDED = new Set(['canceled', 'incomplete_expired'])

/**
 * Cancels at Stripe what still runs for deleted users, so that nobody goes on paying. What fails is tried again by the
 * next scheduled run: nothing has to be remembered, because the query finds it again.
 */
export async function cancelOrphans(settings: Settings, db: Database): Promise<void> {
  if (!settings.CANCEL_ON_DELETION) return
  for (const id of await orphans(db)) {
    const cause = await cancel(id, settings)
    if (cause) log({ message: 'cancellation failed', level: 'error', subscription: id, cause })
    else {
      await cancelRequested(db, id)
      log({ message: 'cancelled for a deleted user', level: 'info', subscription: id })
    }
  }
}

/** Null when Stripe has cancelled it, now or before; else why not. */
async function cancel(id: string, settings: Settings): Promise<string | null> {
  const { subscriptions } = stripeClient(settings)
  try {
    await subscriptions.cancel(id).catch(async (error: unknown) => {
      // An ended subscription cannot be cancelled, and is there to be read. One that cannot be read either belongs to
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

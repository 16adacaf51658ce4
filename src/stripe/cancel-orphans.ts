import Stripe from 'stripe'
import type { Database } from '../db.ts'
import type { Settings } from '../env.ts'
import { cancelRequested, orphans } from '../subscriptions/orphans.ts'
import { log } from '../webhook/log.ts'
import { stripeClient } from './client.ts'

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

/** Null when Stripe has cancelled it, now or before: an ended subscription answers 404, as one that never was. */
async function cancel(id: string, settings: Settings): Promise<string | null> {
  try {
    await stripeClient(settings).subscriptions.cancel(id)
    return null
  } catch (error) {
    if (!(error instanceof Stripe.errors.StripeError)) return 'unexpected'
    return error.code === 'resource_missing' ? null : error.type
  }
}

import Stripe from 'stripe'
import type { Settings } from '../settings.ts'
import { idOf, instant, member } from '../values.ts'
import { dateOf, stripeClient } from './client.ts'

/** For reads within a delivery, whose sender waits. The scheduled run tries again a minute later. */
export const READ: Stripe.RequestOptions = { timeout: 2_000, maxNetworkRetries: 0 }

/** Whether an event is a notification without the object that it is about (Stripe: thin events). */
export const isThin = (event: unknown) => member(event, 'object') === 'v2.core.event'

/**
 * Returns the type of the snapshot event that a thin event stands for: `v1.invoice.paid` is `invoice.paid`. What is of
 * no v1 resource stands for none (`v2.core.health.…`), and keeps its own.
 */
export const snapshotType = (type: string | null): string | null => type?.replace(/^v1\./, '') ?? null

/** Returns the id of the snapshot event, which a destination of the other kind receives for the same change. */
export const snapshotId = (event: unknown) => idOf(member(event, 'snapshot_event'))

/** Returns when the event was created. Thin events have an ISO 8601 moment, snapshot events Unix seconds. */
export function createdAt(event: unknown): Date | null {
  const created = member(event, 'created')
  if (typeof created === 'string') return instant(Date.parse(created))
  return typeof created === 'number' ? instant(created * 1000) : null
}

/**
 * Reads the snapshot that a thin event stands for. If there is none, reads the object as it is now, dated by Stripe's
 * clock. Null for any other event, and if Stripe does not return it.
 */
export async function readWhole(
  event: unknown,
  settings: Settings,
  fetcher?: typeof fetch,
): Promise<unknown | null> {
  if (!isThin(event)) return null
  const stripe = stripeClient(settings, fetcher)
  try {
    const snapshot = snapshotId(event)
    return snapshot ? await stripe.events.retrieve(snapshot, {}, READ) : await readObject(stripe, event)
  } catch (error) {
    if (error instanceof Stripe.errors.StripeError) return null
    throw error
  }
}

/** Only API paths of the form that objects have, because the event could name any path. */
const OBJECT_PATH = /^\/v1\/[a-z_/]+\/\w+$/

async function readObject(stripe: Stripe, event: unknown): Promise<unknown | null> {
  const path = member(member(event, 'related_object'), 'url')
  if (typeof path !== 'string' || !OBJECT_PATH.test(path)) return null
  const object = await stripe.rawRequest('GET', path, undefined, READ)
  const readAt = Date.parse(dateOf(object as object) ?? '') || Date.now()
  return {
    id: member(event, 'id'),
    type: snapshotType(String(member(event, 'type'))),
    created: Math.floor(readAt / 1000),
    livemode: member(event, 'livemode'),
    data: { object },
  }
}

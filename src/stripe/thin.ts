import Stripe from 'stripe'
import type { Settings } from '../settings.ts'
import { idOf, instant, member } from '../values.ts'
import { dateOf, stripeClient } from './client.ts'

/** Within a delivery, whose sender waits: the scheduled run has another minute. */
export const READ: Stripe.RequestOptions = { timeout: 2_000, maxNetworkRetries: 0 }

/** Whether an event is a notification without the object that it is about (Stripe: thin events). */
export const isThin = (event: unknown) => member(event, 'object') === 'v2.core.event'

/** The type of the snapshot event that a thin one stands for: `v1.invoice.paid` is `invoice.paid`. */
export function snapshotType(type: string | null): string | null {
  return type?.startsWith('v1.') ? type.slice('v1.'.length) : null
}

/** The id of the snapshot event, by which a destination of the other kind knows the same. */
export const snapshotId = (event: unknown) => idOf(member(event, 'snapshot_event'))

/** Thin events have an ISO 8601 moment, snapshot events Unix seconds. */
export function createdAt(event: unknown): Date | null {
  const created = member(event, 'created')
  if (typeof created === 'string') return instant(Date.parse(created))
  return typeof created === 'number' ? instant(created * 1000) : null
}

/**
 * The snapshot that a thin event stands for, as Stripe has it. Where there is none, the object as it is now, dated by
 * Stripe's clock. Null for an event that is no thin one, and where Stripe does not return it.
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

/** Nothing but paths of the API that the event's own kind of object has: the event could name any. */
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

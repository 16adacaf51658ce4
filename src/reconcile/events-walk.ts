import { call } from '../db.ts'
import { stripe } from '../stripe/index.ts'
import { decideEvent } from '../stripe/objects.ts'
import { member } from '../values.ts'
import { compare } from './compare.ts'
import type { Item } from './item.ts'
import type { Pass, Walk } from './pass.ts'
import { createdSince, readPage } from './stripe-walks.ts'

/** Stripe keeps events for 30 days. */
export const EVENT_DAYS = 30
/** Stripe accepts at most this many types in one request. */
const MOST_TYPES = 20

/** Goes through events that never came, because no object shows what they say, for example that a customer is gone. */
export const eventsWalk: Walk = {
  name: 'events',
  provider: 'stripe',
  async step(pass, cursor) {
    const group = Number(cursor.group ?? 0)
    const types = Object.keys(stripe.events)
    const oldest = Math.max(Date.now() - EVENT_DAYS * 86_400_000, pass.since?.getTime() ?? 0)
    const asked = new URLSearchParams(createdSince(new Date(oldest)))
    for (const type of types.slice(group * MOST_TYPES, (group + 1) * MOST_TYPES))
      asked.append('types[]', type)
    const page = await readPage(pass, '/v1/events', asked, cursor)
    const isLast = (group + 1) * MOST_TYPES >= types.length
    const next = page.next ?? (isLast ? null : { group: group + 1 })
    return { found: await compareUnknown(pass, page.objects), looked: page.objects.length, next }
  },
}

/**
 * Returns the differences with those of the newest event first. An object may have several events, and the older ones
 * are outdated.
 */
async function compareUnknown(pass: Pass, events: unknown[]) {
  const ids = events.map((event) => String(member(event, 'id')))
  if (ids.length === 0) return []
  const unknown = new Set(await call<string[]>(pass.db, 'unknown_events', [{ ids }]))
  // The oldest first, in the order in which they happened.
  const missing = events.filter((event) => unknown.has(String(member(event, 'id')))).reverse()
  const found = await compare(
    pass,
    missing.map((event) => eventItem(pass, event as object)),
  )
  return found.reverse()
}

/** Returns an event as an item under its own id, so that it is a duplicate if it is still delivered. */
function eventItem(pass: Pass, event: object): Item {
  const { object: eventId, ...decided } = decideEvent(event, pass.settings)
  const object = String(member(member(member(event, 'data'), 'object'), 'id') ?? eventId)
  return { provider: 'stripe', object, eventId, ...decided, isEvent: true }
}

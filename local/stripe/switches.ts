import * as z from 'zod'
import { randomId } from '../ids.ts'
import { readBody } from './body.ts'
import { invalid } from './errors.ts'
import type { Services } from './services.ts'
import type { EventDestination, State, StripeObject } from './state.ts'

const limitBody = z.strictObject({
  requests: z.int().min(0).optional(),
  per_ms: z.int().min(1).default(1000),
})
const clockBody = z.strictObject({ skew_ms: z.int() })
const permissionsBody = z.strictObject({ denied: z.array(z.string()) })
const seedBody = z.record(z.string(), z.array(z.looseObject({ id: z.string().min(1) })))
const destinationBody = z.strictObject({
  url: z.string(),
  event_payload: z.enum(['snapshot', 'thin']),
  enabled_events: z.array(z.string()).default([]),
})

/**
 * - `POST /test/faults {"next": […]}` makes the next calls fail, and `{"always": …}` all others; `POST /test/release` ends the fault `held`.
 * - `POST /test/limit {"requests": 25}` allows this many calls in a second, or in `per_ms`; `{}` allows any number.
 * - `POST /test/clock {"skew_ms": 400000}` sets Stripe's clock, and the header `Date`, ahead or behind.
 * - `POST /test/permissions {"denied": ["GET /v1/refunds"]}` removes these permissions from the key, as for a
 * restricted one.
 * - `POST /test/seed {"sessions": [{"id": "cs_1", …}]}` adds existing objects, without events.
 * - `POST /test/destinations {"url": …, "event_payload": "thin"}` adds a destination, as the Dashboard does.
 */
export const switches: Record<string, (services: Services, body: unknown) => object> = {
  faults(services, body) {
    services.faults.set(body)
    return {}
  },
  release({ hold }) {
    hold.release()
    return {}
  },
  limit({ limit }, body) {
    const { requests, per_ms } = readBody(limitBody, body)
    limit.set(requests === undefined ? undefined : { requests, per_ms })
    return {}
  },
  clock({ clock }, body) {
    clock.skewMs = readBody(clockBody, body).skew_ms
    return {}
  },
  permissions({ denied }, body) {
    denied.clear()
    for (const call of readBody(permissionsBody, body).denied) denied.add(call)
    return {}
  },
  seed(services, body) {
    const kinds = Object.entries(readBody(seedBody, body))
    const { state } = services.account
    for (const [kind] of kinds) if (!Object.hasOwn(state, kind)) throw invalid(`no such kind: ${kind}`)
    services.recorded(() => {
      for (const [kind, objects] of kinds) {
        const map = state[kind as keyof State] as Map<string, StripeObject>
        for (const object of objects) map.set(object.id, object as unknown as StripeObject)
      }
    })
    return { seeded: kinds.reduce((sum, [, objects]) => sum + objects.length, 0) }
  },
  destinations(services, body) {
    const { url, event_payload, enabled_events } = readBody(destinationBody, body)
    const now = new Date().toISOString()
    const destination: EventDestination = {
      id: randomId('ed_test'),
      object: 'v2.core.event_destination',
      event_payload,
      enabled_events,
      created: now,
      updated: now,
      description: '',
      livemode: false,
      metadata: {},
      name: url,
      status: 'enabled',
      type: 'webhook_endpoint',
      webhook_endpoint: { url },
    }
    services.recorded(() => services.account.state.eventDestinations.set(destination.id, destination))
    return destination
  },
}

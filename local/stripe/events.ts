import Stripe from 'stripe'
import { post, signedEvent } from '../deliver.ts'
import { randomId } from '../ids.ts'
import type { Event, State, StripeObject } from './state.ts'
import { subscribed } from './webhook-endpoints.ts'

/** The response of the endpoint. The status is null when there was none. */
export interface Attempt {
  event: string
  type: string
  status: number | null
  answer: unknown
}

/** Creates an event with a copy of the object, so that later changes of the object do not change the event. */
export function snapshot(type: string, object: StripeObject, created: number, previous?: object): Event {
  return {
    id: randomId('evt'),
    object: 'event',
    api_version: Stripe.API_VERSION,
    created,
    data: {
      object: structuredClone(object),
      ...(previous && { previous_attributes: previous as Record<string, unknown> }),
    },
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type,
  }
}

/** Delivers events one after the other to each endpoint that subscribes to them, signed when they are sent. */
export async function deliver(events: Event[], state: State): Promise<Attempt[]> {
  const attempts: Attempt[] = []
  for (const event of events) {
    const made: Attempt[] = []
    for (const endpoint of subscribed(state, event.type)) made.push(await attempt(event, endpoint))
    if (made.every(({ status }) => status !== null && status >= 200 && status < 300))
      state.delivered.set(event.id, true)
    attempts.push(...made)
  }
  return attempts
}

async function attempt(event: Event, { url, secret }: { url: string; secret: string }): Promise<Attempt> {
  const signed = await signedEvent('stripe', event, { secret })
  return { event: event.id, type: event.type, ...(await post(url, signed)) }
}

import Stripe from 'stripe'
import { post, signedEvent } from '../deliver.ts'
import { randomId } from '../ids.ts'
import type { Event, StripeObject } from './state.ts'

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

export interface Endpoint {
  url: string
  secret: string
}

/** Delivers events one after the other, each signed when it is sent. Without an endpoint, it sends nothing. */
export async function deliver(events: Event[], endpoint: Endpoint | undefined): Promise<Attempt[]> {
  const attempts: Attempt[] = []
  if (!endpoint) return attempts
  for (const event of events) attempts.push(await attempt(event, endpoint))
  return attempts
}

async function attempt(event: Event, { url, secret }: Endpoint): Promise<Attempt> {
  const signed = await signedEvent('stripe', event, { secret })
  return { event: event.id, type: event.type, ...(await post(url, signed)) }
}

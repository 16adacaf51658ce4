import { randomBytes } from 'node:crypto'
import * as z from 'zod'
import { randomId } from '../ids.ts'
import type { Account } from './account.ts'
import { found, invalid } from './errors.ts'
import { bool, expand, metadata } from './params.ts'
import type { State, WebhookEndpoint } from './state.ts'

/** Stripe allows 16 endpoints (Stripe: webhooks). */
const MOST = 16

const url = z.url({ protocol: /^https?$/ })
const enabled_events = z.array(z.string().regex(/^(\*|[a-z0-9_]+(\.[a-z0-9_]+)+)$/)).min(1)
const shared = { description: z.string().optional(), metadata: metadata.optional(), expand }

export const createEndpointParams = z.strictObject({
  url,
  enabled_events,
  api_version: z.string().min(1).optional(),
  connect: bool.optional(),
  ...shared,
})
export const updateEndpointParams = z.strictObject({
  url: url.optional(),
  enabled_events: enabled_events.optional(),
  disabled: bool.optional(),
  ...shared,
})

/** Creates an endpoint. Its secret is shown only now (Stripe: create a webhook endpoint). */
export function createEndpoint(
  account: Account,
  { url, enabled_events, api_version = undefined, ...more }: z.output<typeof createEndpointParams>,
) {
  const { webhookEndpoints, endpointSecrets } = account.state
  if (webhookEndpoints.size >= MOST)
    throw invalid(`You have reached the maximum of ${MOST} test webhook endpoints.`)
  const endpoint = endpointOf(randomId('we'), url, enabled_events, account.now())
  Object.assign(endpoint, {
    api_version: api_version ?? null,
    description: more.description ?? null,
    metadata: more.metadata ?? {},
  })
  const secret = `whsec_${randomBytes(24).toString('hex')}`
  webhookEndpoints.set(endpoint.id, endpoint)
  endpointSecrets.set(endpoint.id, secret)
  return { ...endpoint, secret }
}

export function endpointOf(
  id: string,
  url: string,
  enabledEvents: string[],
  created: number,
): WebhookEndpoint {
  return {
    id,
    object: 'webhook_endpoint',
    api_version: null,
    application: null,
    created,
    description: null,
    enabled_events: enabledEvents,
    livemode: false,
    metadata: {},
    status: 'enabled',
    url,
  }
}

export function updateEndpoint(
  { state }: Account,
  id: string,
  { disabled, expand: _, ...changes }: z.output<typeof updateEndpointParams>,
): WebhookEndpoint {
  const endpoint = found(state.webhookEndpoints, 'webhook endpoint', id)
  const given = Object.entries(changes).filter(([, value]) => value !== undefined)
  Object.assign(endpoint, Object.fromEntries(given))
  if (disabled !== undefined) endpoint.status = disabled ? 'disabled' : 'enabled'
  return endpoint
}

/** Returns the endpoints that receive events of this type, each with its secret. */
export function subscribed(state: State, type: string): { url: string; secret: string }[] {
  return [...state.webhookEndpoints.values()]
    .filter(({ status, enabled_events: types }) => status === 'enabled' && isAmong(type, types))
    .map(({ id, url }) => ({ url, secret: state.endpointSecrets.get(id) ?? '' }))
}

const isAmong = (type: string, types: string[]) => types.includes(type) || types.includes('*')

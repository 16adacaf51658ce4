import Stripe from 'stripe'
import { stripe as provider } from '../../src/stripe/index.ts'
import { type Check, type Finding, fail, few, pass, warn } from './check.ts'
import type { Context } from './context.ts'

const HANDLED: string[] = Object.keys(provider.events)

/** Events that the Worker handles but only some users need. docs/production.md says who needs them. */
const OPTIONAL = ['payment_intent.succeeded']

/** The events that every endpoint must subscribe to. */
export const NEEDED = HANDLED.filter((type) => !OPTIONAL.includes(type))

export const webhookUrl = (url: string, name: 'clerk' | 'stripe') => `${url}/api/webhooks/${name}`

const FIX = 'npm run doctor -- --fix, or the Dashboard, Developers, Webhooks'

/** What adds the endpoint of a Worker on this machine at the local Stripe. Its secret is set when both start. */
export const START_AGAIN = 'start `npm run dev` again: the local Stripe then has it'

/** Whether a destination is this Worker. The case of the host name and a slash at the end make no difference. */
export function isOurs(context: Context, address: string | undefined | null): boolean {
  const plain = (text: string) => URL.parse(text)?.href.replace(/\/+$/, '')
  return plain(address ?? '') === plain(webhookUrl(context.url, 'stripe'))
}

export async function ours(context: Context): Promise<Stripe.WebhookEndpoint[]> {
  return (await context.endpoints()).filter(({ url }) => isOurs(context, url))
}

/**
 * Whether the Stripe CLI forwards the events, because Stripe itself sends nothing to this machine. Then no endpoint is
 * listed.
 */
export const isForwarded = ({ isLocal, settings }: Context) => isLocal && !settings.STRIPE_API_BASE

const exists: Check = {
  group: 'stripe',
  name: 'stripe-endpoint',
  needs: ['STRIPE_SECRET_KEY'],
  costs: 'no payment is ever credited',
  async run(context) {
    if (isForwarded(context)) return pass('on this machine events come by `stripe listen`')
    const [endpoint, ...others] = await ours(context)
    if (!endpoint) return none(context)
    if (others.length > 0)
      return fail(
        `${others.length + 1} endpoints have this address: ${[endpoint, ...others].map(({ id }) => id).join(', ')}`,
        'delete all but one in the Dashboard',
        'every event comes several times, and the Worker knows the secret of one of them',
      )
    return pass(`one endpoint: ${endpoint.id}`)
  },
}

async function none(context: Context): Promise<Finding> {
  const host = URL.parse(context.url)?.host
  const near = (await context.endpoints()).filter(({ url }) => URL.parse(url)?.host === host)
  const seen = near.length > 0 ? `; this host has ${few(near.map(({ url }) => url))}` : ''
  return fail(
    `no endpoint for ${webhookUrl(context.url, 'stripe')}${seen}`,
    context.isLocal ? START_AGAIN : `add it: ${FIX}`,
  )
}

/** Makes a check of the Worker's endpoint. Only the check above reports that there is none. */
function ofEndpoint(
  check: Pick<Check, 'name' | 'costs'>,
  look: (endpoint: Stripe.WebhookEndpoint) => Finding,
): Check {
  return {
    group: 'stripe',
    needs: ['STRIPE_SECRET_KEY'],
    ...check,
    async run(context) {
      if (isForwarded(context)) return pass('on this machine events come by `stripe listen`')
      const [endpoint] = await ours(context)
      return endpoint ? look(endpoint) : warn('there is no endpoint to look at', 'see stripe-endpoint')
    },
  }
}

const enabled = ofEndpoint(
  { name: 'stripe-endpoint-enabled', costs: 'nothing is delivered, and nothing of it is sent again later' },
  ({ id, status }) =>
    status === 'enabled'
      ? pass('the endpoint is enabled')
      : fail(
          `${id} is disabled`,
          'enable it in the Dashboard, and run npm run reconcile for what was missed',
        ),
)

/** The oldest API version whose payloads are tested here. */
const OLDEST_VERSION = '2020-03-02'
const dateOf = (version: string) => version.slice(0, OLDEST_VERSION.length)

const version = ofEndpoint(
  {
    name: 'stripe-endpoint-version',
    costs: 'payloads of a form that nobody has tried end as parked / unreadable',
  },
  ({ id, api_version: given }) => {
    if (given === null)
      return warn(
        `${id} has no API version of its own: events follow the account's`,
        `make one with ${Stripe.API_VERSION} and delete the other when it is idle`,
        'upgrading the account in the Dashboard changes what is delivered',
      )
    const date = dateOf(given)
    if (date >= OLDEST_VERSION && date <= dateOf(Stripe.API_VERSION)) return pass(`API version ${given}`)
    return warn(
      `${id} has the API version ${given}`,
      `known are ${OLDEST_VERSION} to ${Stripe.API_VERSION}: make an endpoint with one of these`,
    )
  },
)

/** What is lost without each kind of event. */
const COSTS: [RegExp, string][] = [
  [/^checkout\.session\.(completed|async_payment_succeeded)$/, 'paid top-ups are never credited'],
  [/^payment_intent\./, 'payments that were made without Checkout are never credited'],
  [/^invoice\.paid$/, 'renewals are paid and grant no credits'],
  [/^invoice_payment\./, 'a refund of a renewal finds no payment, and takes no credits back'],
  [/^(refund\.|charge\.refunded)/, 'refunds will never take credits back'],
  [/^charge\.dispute\./, 'disputes will never take credits back, or give them back'],
  [/^customer\.subscription\./, 'plans stay as they were when they changed'],
  [/^customer\.deleted$/, 'people are sent to customers that are gone'],
]

/** Returns the handled events that an endpoint does not deliver, except those that only some users need. */
export function missingEvents(types: string[]): string[] {
  if (types.includes('*')) return []
  return NEEDED.filter((type) => !types.includes(type))
}

const events = ofEndpoint(
  { name: 'stripe-endpoint-events', costs: 'what they report never arrives' },
  ({ enabled_events: types }) => {
    const missing = missingEvents(types)
    if (missing.length === 0) return pass(`every event that is needed is subscribed (${NEEDED.length})`)
    const costs = COSTS.filter(([kind]) => missing.some((type) => kind.test(type))).map(([, cost]) => cost)
    return fail(
      `not subscribed: ${few(missing, HANDLED.length)}`,
      `add them: ${FIX}`,
      costs.join('; ') || undefined,
    )
  },
)

const needless = ofEndpoint(
  { name: 'stripe-endpoint-needless', costs: 'each of them is a request that does nothing' },
  ({ enabled_events: types }) => {
    const others = types.filter((type) => !HANDLED.includes(type))
    if (others.includes('*')) return warn('all events are subscribed', 'choose those of docs/production.md')
    if (others.length === 0) return pass('nothing is subscribed that is not handled')
    return warn(`subscribed and not handled: ${few(others)}`, 'remove them in the Dashboard')
  },
)

const thin: Check = {
  group: 'stripe',
  name: 'stripe-thin',
  needs: ['STRIPE_SECRET_KEY'],
  costs: 'each event is a call to Stripe, of which it allows 25 to 100 a second: 10,000 renewals take long',
  async run(context) {
    const found = (await context.destinations()).filter(
      ({ event_payload, webhook_endpoint }) =>
        event_payload === 'thin' && isOurs(context, webhook_endpoint?.url),
    )
    if (found.length === 0) return pass('no destination has thin payloads')
    return fail(
      `thin payloads: ${found.map(({ id }) => id).join(', ')}`,
      'make a destination with snapshot payloads, and delete this one when it is idle',
    )
  },
}

export const endpointChecks = [exists, enabled, version, events, needless, thin]

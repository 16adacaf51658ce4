import { spawn } from 'node:child_process'
import { once } from 'node:events'
import Stripe from 'stripe'
import { LocalError } from '../shared/errors.ts'
import { projectDir, tools } from '../shared/project.ts'
import { putting } from './check.ts'
import type { Context } from './context.ts'
import { isForwarded, missingEvents, NEEDED, ours, START_AGAIN, webhookUrl } from './stripe-endpoint.ts'

/** Sets a secret of the Worker at Cloudflare. */
export type PutSecret = (name: string, value: string) => Promise<void>

const SECRET = 'STRIPE_WEBHOOK_SECRET'

/**
 * Creates the Worker's endpoint at Stripe, or adds the missing events to it. It never deletes an endpoint or removes an
 * event. Returns what it did. Throws a LocalError.
 */
export async function fix(context: Context, put: PutSecret): Promise<string[]> {
  if (!context.settings.STRIPE_SECRET_KEY)
    throw new LocalError('--fix needs STRIPE_SECRET_KEY: set it where you run this command')
  if (isForwarded(context))
    throw new LocalError('Stripe sends nothing to this machine: its events come by `stripe listen`')
  try {
    const [endpoint, ...others] = await ours(context)
    if (!endpoint) return [await create(context, put)]
    if (others.length > 0)
      throw new LocalError('several endpoints have this address: delete all but one yourself')
    const missing = missingEvents(endpoint.enabled_events)
    if (missing.length === 0) return []
    const all = [...endpoint.enabled_events, ...missing]
    await context.stripe().webhookEndpoints.update(endpoint.id, { enabled_events: all as Event[] })
    return [`${endpoint.id} subscribes to ${missing.join(', ')} as well`]
  } catch (error) {
    if (!(error instanceof Stripe.errors.StripeError)) throw error
    const cause = [error.statusCode, error.code].filter(Boolean).join(' ')
    throw new LocalError(`Stripe refused it (${cause || 'no answer'}): may the key write webhook endpoints?`)
  }
}

type Event = Stripe.WebhookEndpointCreateParams.EnabledEvent

async function create(context: Context, put: PutSecret): Promise<string> {
  const address = webhookUrl(context.url, 'stripe')
  if (context.isLocal) throw new LocalError(`the local Stripe has no endpoint for ${address}: ${START_AGAIN}`)
  const { id, secret = '' } = await context.stripe().webhookEndpoints.create({
    url: address,
    enabled_events: NEEDED as Event[],
    api_version: Stripe.API_VERSION as Stripe.WebhookEndpointCreateParams.ApiVersion,
    description: 'Ledgerhook',
  })
  // The existing secrets stay, after the new one, so that no endpoint's deliveries are refused.
  const secrets = [secret, ...(context.settings[SECRET] ?? [])].join(',')
  await put(SECRET, secrets).catch((error: Error) => {
    throw new LocalError(
      `${id} is made, but its secret could not be set (${error.message}): reveal it in the Dashboard, and run ` +
        putting(SECRET),
    )
  })
  return `${id} is made for ${address}, and its secret is the Worker's`
}

/**
 * Runs `wrangler secret put` and passes the secret on its standard input, because other users can read a command line.
 */
export function putByWrangler(environment: string | undefined, script = tools.wrangler): PutSecret {
  return async (name, value) => {
    const args = [script, 'secret', 'put', name, ...(environment ? ['--env', environment] : [])]
    const child = spawn(process.execPath, args, { cwd: projectDir, stdio: ['pipe', 'ignore', 'ignore'] })
    child.stdin.on('error', () => {})
    child.stdin.end(value)
    const [code] = await once(child, 'close')
    if (code !== 0) throw new Error(`wrangler ended with ${code}: is it logged in?`)
  }
}

import type { Received } from '../../local/stripe/services.ts'
import type { Event } from '../../local/stripe/state.ts'
import { as } from './people.ts'
import { type Env, prices, settings, stripeUrl } from './support.ts'

/** The settings that selling needs, besides a session. */
export const shop: Env = {
  STRIPE_API_BASE: stripeUrl,
  APP_URL: 'https://app.example',
  CREDIT_PACKS: JSON.stringify({
    starter: { credits: 500, amount: 700, currency: 'usd', name: '500 credits' },
    free: { credits: 5, amount: 0, currency: 'usd', name: 'A taste' },
  }),
  PLANS: JSON.stringify({
    [prices[0] ?? '']: { key: 'pro', credits: 1000 },
    [prices[1] ?? '']: { key: 'team', credits: 5000 },
    [prices[2] ?? '']: { key: 'team', credits: 60_000 },
    price_of_another_account: { key: 'lost' },
  }),
}

export interface Replied {
  status: number
  body: Record<string, unknown>
  retryAfter: string | null
}

/** Sends a request of this user to the shop. */
async function shopping(id: string, path: string, init: RequestInit = {}, env: Env = {}): Promise<Replied> {
  const { status, body, headers } = await as(id, path, { ...init, env: { ...shop, ...env } })
  return { status, body, retryAfter: headers.get('Retry-After') }
}

export const checkout = (user: string, body: object = { pack: 'starter' }, env: Env = {}) =>
  shopping(user, '/api/checkout', { method: 'POST', body: JSON.stringify(body) }, env)
export const comeBack = (user: string, session: unknown, env: Env = {}) =>
  shopping(user, `/api/checkout/${session}`, {}, env)
export const portal = (user: string, env: Env = {}) =>
  shopping(user, '/api/billing-portal', { method: 'POST' }, env)

export interface Told {
  object: Record<string, unknown>
  events: Event[]
}

async function local<T>(path: string, init: RequestInit = {}): Promise<T> {
  const response = await fetch(`${stripeUrl}${path}`, init)
  if (!response.ok) throw new Error(await response.text())
  return (await response.json()) as T
}

/** Does at the local Stripe what a person or time does: `sessions/<id>/pay`. */
export const atStripe = (path: string, body: object = {}) =>
  local<Told>(`/test/${path}`, { method: 'POST', body: JSON.stringify(body) })
/** Makes the next calls to the local Stripe fail, one each: see `local/stripe/faults.ts`. */
export const failStripe = (...next: string[]) => atStripe('faults', { next })
/** Releases the calls that the fault `held` holds. */
export const releaseStripe = () => atStripe('release')

export const stripeSession = (id: unknown) =>
  local<Record<string, unknown>>(`/v1/checkout/sessions/${id}`, {
    headers: { Authorization: `Bearer ${settings.STRIPE_SECRET_KEY}` },
  })

/** Returns the objects of this kind in the local Stripe. */
export const stripeList = <T>(kind: string) => local<T[]>(`/test/${kind}`)

/** Returns the calls that name this user, as the local Stripe received them, the oldest first. */
export async function received(user: string, path: string): Promise<Received[]> {
  const all = await local<Received[]>('/test/requests')
  return all.filter((call) => call.path === path && JSON.stringify(call.params).includes(user))
}

/** Returns the customers that were created for this user, by any call. */
export async function customersMade(user: string): Promise<string[]> {
  const all = await local<{ id: string; metadata?: { user_id?: string } }[]>('/test/customers')
  return all.filter(({ metadata }) => metadata?.user_id === user).map(({ id }) => id)
}

import type Stripe from 'stripe'
import { type Settings, settingsSchema } from '../../src/settings.ts'
import { stripeClient } from '../../src/stripe/client.ts'

export type Vars = Record<string, string>

/** What the checks look at. A value that several checks need is requested only once. */
export interface Context {
  /** The Worker's address, without a slash at its end. */
  url: string
  /** Whether the Worker runs on this machine. */
  isLocal: boolean
  /** The settings as they were given. */
  given: Vars
  /** Those settings that the Worker's own schema accepts. */
  settings: Partial<Settings>
  /** The folder of this checkout with the files that are in Git, and the name of a build of it. */
  checkout: { dir: string; build: string }
  /** The largest database that needs no warning, in bytes. */
  roomyBytes: number
  now(): number
  stripe(): Stripe
  endpoints(): Promise<Stripe.WebhookEndpoint[]>
  destinations(): Promise<Stripe.V2.Core.EventDestination[]>
}

/** Everything that the Worker's settings do not contain. */
export interface ContextOptions extends Pick<Context, 'url' | 'given' | 'checkout'> {
  roomyBytes?: number
  now?: () => number
}

const MOST_ENDPOINTS = 100
const GIB = 1024 ** 3

export function createContext({ url, given, checkout, ...options }: ContextOptions): Context {
  const settings = usable(given)
  const stripe = lazily(() => stripeClient(settings as Settings))
  return {
    url: url.replace(/\/+$/, ''),
    isLocal: isLoopback(url),
    given,
    settings,
    checkout,
    roomyBytes: options.roomyBytes ?? 10 * GIB,
    now: options.now ?? Date.now,
    stripe,
    endpoints: lazily(() =>
      stripe().webhookEndpoints.list({ limit: 100 }).autoPagingToArray({ limit: MOST_ENDPOINTS }),
    ),
    destinations: lazily(async () => {
      const { data } = await stripe().v2.core.eventDestinations.list({ include: ['webhook_endpoint.url'] })
      return data
    }),
  }
}

/** Parses each setting separately, so that a malformed one hides no other. */
function usable(given: Vars): Partial<Settings> {
  const read = Object.entries(settingsSchema().shape).flatMap(([name, schema]) => {
    const { success, data } = schema.safeParse(given[name])
    return success && data !== undefined ? [[name, data]] : []
  })
  return Object.fromEntries(read)
}

/** Returns what to do if something does not respond. `base` is its address, if that is on this machine. */
export const whereAway = (base: string | undefined, elsewhere: string): string =>
  base ? 'start `npm run dev`, or name the port that it has taken: --help lists the flags' : elsewhere

export function isLoopback(url: string): boolean {
  return /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(URL.parse(url)?.hostname ?? '')
}

function lazily<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

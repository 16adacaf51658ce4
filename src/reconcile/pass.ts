import { readClerk } from '../clerk/read.ts'
import type { Database } from '../db.ts'
import type { Settings } from '../settings.ts'
import { type Read, readStripe } from '../stripe/read.ts'
import type { Difference } from './words.ts'

/** One comparison with both providers, of everything or of a window. */
export interface Pass {
  /** Part of the ids of the deliveries that it makes. */
  id: string
  settings: Settings
  db: Database
  /** Whether differences are corrected, by running their verbs. */
  fixes: boolean
  /** Whether findings are stored, and acted on only once another pass has seen them. */
  watches: boolean
  /** Compares what the providers created since then. Null: everything. */
  since: Date | null
  /** Whether lists are read only within the window, even those of objects that change for years. */
  recent: boolean
  /** Objects that were seen at Stripe, which need not be read one by one. Null if nothing is kept between steps. */
  seen: Seen | null
  /**
   * Ids of payments that are not credited here, so that money that came back of them is listed as well. Null if that is
   * not asked for.
   */
  uncredited: Seen | null
  /** The most objects of a step, if its requests are counted. */
  page?: number
  fetch?: typeof fetch
}

/** Ids of objects. There may be as many as the provider has, so a command does not keep them in memory. */
export interface Seen {
  add(object: string): unknown
  has(object: string): boolean
}

/** Where the next step of a walk begins, in a form that only the walk knows. */
export type Cursor = { [name: string]: string | number | string[] | null }

export interface Step {
  found: Difference[]
  /** How many objects were compared. */
  looked: number
  /** Null: the walk has reached its end. */
  next: Cursor | null
}

/** One way through a provider's objects or ours, a page at a time. A step may be done twice. */
export interface Walk {
  name: string
  provider: 'clerk' | 'stripe'
  /** @throws ProviderTrouble, DatabaseUnavailable */
  step(pass: Pass, cursor: Cursor): Promise<Step>
}

export function passId(): string {
  return `${Date.now().toString(36)}${Math.random().toString(36).slice(2, 6)}`
}

/** Stripe allows 25 requests a second in a sandbox, and for some lists in live mode too. */
const GAP_MS = 40
let nextAt = 0

/** Reads from Stripe, at most 25 times a second. The local Stripe has no limit. @throws ProviderTrouble */
export async function askStripe(pass: Pass, path: string): Promise<Read> {
  if (pass.settings.STRIPE_API_BASE === undefined) await waitForTurn()
  return await readStripe(path, pass.settings, pass.fetch)
}

async function waitForTurn(): Promise<void> {
  const wait = nextAt - Date.now()
  nextAt = Math.max(nextAt, Date.now()) + GAP_MS
  if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
}

/** Reads from Clerk. @throws ProviderTrouble */
export const askClerk = (pass: Pass, path: string) => readClerk(path, pass.settings, pass.fetch)

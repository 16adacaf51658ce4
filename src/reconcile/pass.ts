import { readClerk } from '../clerk/read.ts'
import type { Database } from '../db.ts'
import type { Settings } from '../settings.ts'
import { type Read, readStripe } from '../stripe/read.ts'
import type { Difference } from './words.ts'

/** One comparison of everything, or of a window, with both providers. */
export interface Pass {
  /** Part of the ids of the deliveries that it makes. */
  id: string
  settings: Settings
  db: Database
  /** Whether what differs is put through its verb. */
  fixes: boolean
  /** Whether what is found is remembered, and only acted on once another pass has seen it. */
  watches: boolean
  /** Compares what the providers created since. Null: everything. */
  since: Date | null
  /** Whether lists are read within the window alone, also those of what changes for years. */
  recent: boolean
  /** What was seen at Stripe need not be asked for one by one. Null where nothing is kept between steps. */
  seen: Seen | null
  /** By what was paid that is not credited here: what came back of it is listed as well. Null where that is not asked for. */
  uncredited: Seen | null
  /** The most objects of a step, where its requests are counted. */
  page?: number
  fetch?: typeof fetch
}

/** Ids of objects. There are as many as the provider has: a command does not keep them in memory. */
export interface Seen {
  add(object: string): unknown
  has(object: string): boolean
}

/** Where the next step of a walk begins, in the walk's own terms. */
export type Cursor = { [name: string]: string | number | string[] | null }

export interface Step {
  found: Difference[]
  /** How many objects were compared. */
  looked: number
  /** Null: the walk has come to its end. */
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

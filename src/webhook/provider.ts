import type * as z from 'zod/mini'
import type { Effect } from '../db.ts'
import type { Settings } from '../settings.ts'
import type { Verdict } from './outcome.ts'

export type ProviderName = 'clerk' | 'stripe'

/** One webhook sender: everything that the pipeline must know about it. */
export interface Provider {
  name: ProviderName
  verify(headers: Headers, body: string, settings: Settings, nowMs: number): Promise<Verification>
  envelope(event: unknown, headers: Headers): Envelope
  /** Makes the checks that apply to every event of this provider, before its handler. Null if there is no objection. */
  screen(event: unknown, settings: Settings): Verdict | null
  /** Returns the effect with a condition that the event should state, but does not. */
  condition?(event: unknown, effect: Effect, settings: Settings): Effect
  /** The type of the event by which the provider tests the endpoint. No row is kept of it. */
  ping?: string
  /** The handler of each event type. */
  events: Readonly<Record<string, Handler>>
  /**
   * Reads the event that a notification only announces. Null for any other event, and if the provider does not return
   * it. Never throws if the provider fails.
   */
  readWhole?(event: unknown, settings: Settings, fetcher?: typeof fetch): Promise<unknown | null>
  /**
   * Asks the provider's API for what the event does not say, and returns what the parked effect becomes. Null if asking
   * would not help, or if the provider cannot be reached. Never throws.
   */
  resolve?(
    parked: Verdict,
    effect: Effect,
    settings: Settings,
    fetcher?: typeof fetch,
  ): Promise<Effect | Verdict | null>
}

export type Verification =
  /** Which of the configured secrets matched, counted from 1. */
  | { verified: true; secret: number }
  /** For the log only: the caller learns that the signature is invalid, never why. */
  | { verified: false; cause: 'header_missing' | 'outside_tolerance' | 'no_match' }

/** What every event of a provider says about itself. A member is null if the body does not give it in a usable form. */
export interface Envelope {
  eventId: string | null
  type: string | null
  occurredAt: Date | null
  /** Whether it is about real money. */
  livemode: boolean | null
  /**
   * The user it is about. It is kept with the row even if the event has no effect, so that the row can be found and
   * erased.
   */
  userId: string | null
  /**
   * The provider's ids of the object that the event is about, which come first, and of the objects that it belongs to.
   */
  about: string[]
}

/**
 * Translates an event into the effect of a domain verb, or into a verdict that needs no look at the database.
 * @throws Unreadable if the body does not have the form that its type promises
 */
export type Handler = (event: unknown, settings: Settings) => Effect | Verdict

/** A verified body that does not have the form that its type promises. */
export class Unreadable extends Error {
  override name = 'Unreadable'
}

/** @throws Unreadable */
export function read<Schema extends z.ZodMiniType>(schema: () => Schema, event: unknown): z.output<Schema> {
  const result = schema().safeParse(event)
  if (!result.success)
    throw new Unreadable(result.error.issues.map((issue) => issue.path.join('.')).join(', '))
  return result.data
}

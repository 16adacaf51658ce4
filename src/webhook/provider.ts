import type * as z from 'zod/mini'
import type { Effect } from '../db.ts'
import type { Settings } from '../settings.ts'
import type { Verdict } from './outcome.ts'

export type ProviderName = 'clerk' | 'stripe'

/** One webhook sender: everything the pipeline must know of it. */
export interface Provider {
  name: ProviderName
  verify(headers: Headers, body: string, settings: Settings, nowMs: number): Promise<Verification>
  envelope(event: unknown, headers: Headers): Envelope
  /** Checks that hold for every event of this provider, made before its handler. Null when nothing speaks against it. */
  screen(event: unknown, settings: Settings): Verdict | null
  /** What an effect depends on that the event does not say, though it would have to. */
  condition?(event: unknown, effect: Effect, settings: Settings): Effect
  /** The type by which it asks whether somebody is there. No row is kept of it. */
  ping?: string
  /** The dictionary: their word for what happened, our verb. */
  events: Readonly<Record<string, Handler>>
  /**
   * The event that a mere notification stands for. Null for any other, and where the provider does not return it.
   * Never throws for trouble of the provider's.
   */
  readWhole?(event: unknown, settings: Settings, fetcher?: typeof fetch): Promise<unknown | null>
  /**
   * What a parked effect becomes once the provider's own API was asked what the event does not say. Null where asking
   * would not help, or the provider cannot be reached. Never throws.
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
  /** For the log alone: the caller learns that the signature is invalid, never why. */
  | { verified: false; cause: 'header_missing' | 'outside_tolerance' | 'no_match' }

/** What every event of a provider says of itself. Null where the body does not say it in a usable form. */
export interface Envelope {
  eventId: string | null
  type: string | null
  occurredAt: Date | null
  /** Whether it is about real money. */
  livemode: boolean | null
  /** The user it is about: kept with the row also where the event has no effect, so that it can be found and erased. */
  userId: string | null
  /** The provider's ids of the object that the event is about, and of what that belongs to: the object's own id first. */
  about: string[]
}

/**
 * Translates an event into the effect of a domain verb, or into a verdict that needs no look at the database.
 * @throws Unreadable when the body is not of the form its type promises
 */
export type Handler = (event: unknown, settings: Settings) => Effect | Verdict

/** A verified body that is not of the form its type promises. */
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

import { call, type Database, type Effect } from '../db.ts'
import type { Delivery } from './delivery.ts'
import type { Verdict } from './outcome.ts'
import type { ProviderName } from './provider.ts'

/** A parked delivery, and since when it is due. If it has no effect, its body has to be read. */
export interface Due {
  delivery: Delivery
  parked: Verdict
  effect: Effect | null
  due_at: string
}

/** A Neon response has 10 MiB at most, and quoting may double the bytes that are counted here. */
const BODIES_BYTES = 4_000_000

/** A row of `webhook_events`. Moments are as Postgres writes them: ISO 8601 with an offset. */
export interface Stored {
  provider: ProviderName
  event_id: string
  type: string | null
  occurred_at: string | null
  user_id: string | null
  reason: string
  effect: Effect | null
  /** Null if the effect is known, or if the body must not be read any more. */
  body: string | null
}

/**
 * Takes at most this many due deliveries: their provider has to be asked, their body could not be read, or they have
 * failed. Each becomes due again later.
 * @throws DatabaseUnavailable
 */
export async function takeDue(db: Database, most: number): Promise<{ due: Due[]; more: boolean }> {
  const facts = { most, bytes: BODIES_BYTES }
  const taken = await call<{ due: (Stored & { due_at: string })[]; more: boolean }>(db, 'take_due', [facts])
  const readable = taken.due.filter((row) => row.effect !== null || row.body !== null)
  return { due: readable.map((row) => ({ ...opened(row), due_at: row.due_at })), more: taken.more }
}

/** Returns the delivery that such a row holds. */
export function opened({ effect, reason, ...row }: Stored): Omit<Due, 'due_at'> {
  const delivery: Delivery = {
    provider: row.provider,
    eventId: row.event_id,
    type: row.type,
    occurredAt: row.occurred_at === null ? null : new Date(row.occurred_at),
    livemode: null,
    userId: row.user_id,
    about: [],
    event: row.body === null ? undefined : JSON.parse(row.body),
    body: null,
    via: 'release',
    fallback: 'retried',
  }
  return { delivery, effect, parked: { outcome: 'parked', reason } as Verdict }
}

import { call, type Database, type Effect } from '../db.ts'
import type { Delivery } from './delivery.ts'
import type { Verdict } from './outcome.ts'
import type { ProviderName } from './provider.ts'

/** A parked delivery whose turn it is. Without an effect its body has to be read. */
export interface Due {
  delivery: Delivery
  parked: Verdict
  effect: Effect | null
}

/** Neon returns 10 MiB at most, and quoting what is counted here may make it twice as long. */
const BODIES_BYTES = 4_000_000

/** A row of `webhook_events`. Moments as Postgres writes them: ISO 8601 with an offset. */
export interface Stored {
  provider: ProviderName
  event_id: string
  type: string | null
  occurred_at: string | null
  user_id: string | null
  reason: string
  effect: Effect | null
  /** Null where the effect is known, and where the body must not be read any more. */
  body: string | null
}

/**
 * Takes the deliveries whose turn it is, at most so many: their provider has to be asked, their body could not be
 * read, or they have failed. The next turn of each is later.
 * @throws DatabaseUnavailable
 */
export async function takeDue(db: Database, most: number): Promise<{ due: Due[]; more: boolean }> {
  const facts = { most, bytes: BODIES_BYTES }
  const taken = await call<{ due: Stored[]; more: boolean }>(db, 'take_due', [facts])
  const readable = taken.due.filter((row) => row.effect !== null || row.body !== null)
  return { due: readable.map(opened), more: taken.more }
}

/** The delivery of such a row. */
export function opened({ effect, reason, ...row }: Stored): Due {
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

import { call, type Database, type Effect } from '../db.ts'
import type { Delivery } from './delivery.ts'
import type { ProviderName } from './provider.ts'

/** A parked delivery, to be tried again. */
export type Parked = Omit<Delivery, 'body' | 'via'>

/** As many as one scheduled run may take on; the next one is a minute away. */
const BATCH = 100
/** Neon answers 10 MiB at most, and quoting what is counted here once more may make it twice as long. */
const BODIES_BYTES = 4_000_000

/** A row of `webhook_events`. Moments as Postgres writes them: ISO 8601 with an offset. */
interface Stored {
  provider: ProviderName
  event_id: string
  type: string | null
  occurred_at: string | null
  user_id: string | null
}

/** What is parked with its effect, and may no longer need to be. @throws DatabaseUnavailable */
export async function releasable(db: Database): Promise<(Parked & { effect: Effect })[]> {
  const rows = await call<(Stored & { effect: Effect })[]>(db, 'releasable_deliveries', [{ limit: BATCH }])
  return rows.map((row) => ({ ...opened(row, null), effect: row.effect }))
}

/** What is parked because it could not be read. @throws DatabaseUnavailable */
export async function unreadable(db: Database): Promise<Parked[]> {
  const rows = await call<(Stored & { body: string })[]>(db, 'unreadable_deliveries', [
    { limit: BATCH, bytes: BODIES_BYTES },
  ])
  return rows.map((row) => opened(row, JSON.parse(row.body)))
}

/**
 * Gives up what waits in vain to know whose a customer or a payment is, and answers how many.
 * @param erase whether stored payloads lose their personal data, for nobody may ever say whose it is
 * @throws DatabaseUnavailable
 */
export const giveUpUnknown = (db: Database, erase: boolean) =>
  call<number>(db, 'give_up_unknown', [{ erase }])

function opened(row: Stored, event: unknown): Parked {
  return {
    provider: row.provider,
    eventId: row.event_id,
    type: row.type,
    occurredAt: row.occurred_at === null ? null : new Date(row.occurred_at),
    userId: row.user_id,
    event,
  }
}

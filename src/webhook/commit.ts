import { type Database, DatabaseUnavailable, type Effect, run } from '../db.ts'
import type { Settings } from '../env.ts'
import { UNREADABLE } from './decide.ts'
import type { Delivery } from './delivery.ts'
import type { Verdict } from './outcome.ts'

/** What the database answers: the verdict that it committed, the user, and the deliveries it released from parking. */
export type Committed = Settled & { released?: (Settled & Released)[] }

type Settled = Verdict & { user_id: string | null }
type Released = { provider: string; event_id: string; type: string | null }

/**
 * Commits the effect and the event row together, in one request.
 * @throws DatabaseUnavailable when that is not known to have happened: the provider must deliver again
 */
export async function commit(
  db: Database,
  delivery: Delivery,
  decision: Effect | Verdict,
  settings: Settings,
): Promise<Committed> {
  const row = {
    provider: delivery.provider,
    event_id: delivery.eventId,
    type: delivery.type,
    occurred_at: delivery.occurredAt,
    via: delivery.via,
    body: delivery.body,
    erase: settings.USER_DELETION === 'delete',
  }
  const startedAt = Date.now()
  try {
    return await run<Committed>(
      db,
      row,
      'verb' in decision ? decision : record(delivery, decision),
      startedAt,
    )
  } catch (error) {
    if (!(error instanceof DatabaseUnavailable && error.isDataException)) throw error
    return await run<Committed>(db, row, record(delivery, UNREADABLE), startedAt)
  }
}

function record({ userId }: Delivery, verdict: Verdict): Effect {
  return { verb: 'record_delivery', facts: { ...verdict, user_id: userId } }
}

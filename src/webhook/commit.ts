import { type Database, DatabaseUnavailable, type Effect, run } from '../db.ts'
import type { Settings } from '../settings.ts'
import { UNREADABLE } from './decide.ts'
import type { Delivery } from './delivery.ts'
import type { Verdict } from './outcome.ts'
import type { Provider } from './provider.ts'

/** What the database answers: the verdict that it committed, the user, and the deliveries it released from parking. */
export type Committed = Settled & { released?: (Settled & Released)[] }

type Settled = Verdict & { user_id: string | null }
type Released = { provider: string; event_id: string; type: string | null }

/** Asking the provider and committing its answer together, so that the whole stays within the 8 s of the contract. */
const RESOLVE_MS = 4_000
/** A database that took longer than this for the first commit leaves no time for it. */
const FIRST_COMMIT_MS = 2_500

/**
 * Commits a decision. Where the event alone does not tell enough, it is parked by that commit, and the provider is asked:
 * what cannot be resolved in time stays parked, and the scheduled run asks again.
 * @throws DatabaseUnavailable when the first commit is not known to have happened
 */
export async function commitResolved(
  provider: Provider,
  db: Database,
  delivery: Delivery,
  decision: Effect | Verdict,
  settings: Settings,
): Promise<Committed> {
  const startedAt = Date.now()
  const parked = await commit(db, delivery, decision, settings)
  if (parked.outcome !== 'parked' || !('verb' in decision) || Date.now() - startedAt > FIRST_COMMIT_MS) {
    return parked
  }
  const resolve = async () => {
    const resolved = await provider.resolve?.(parked, decision, settings)
    return resolved ? await commit(db, delivery, resolved, settings) : parked
  }
  return await Promise.race([resolve().catch(() => parked), after(RESOLVE_MS, parked)])
}

async function after<T>(ms: number, value: T): Promise<T> {
  await new Promise((resolve) => setTimeout(resolve, ms))
  return value
}

/**
 * Commits the effect and the event row together, in one request. What Postgres refuses for its values it would refuse for
 * ever: the body is then kept where jsonb can hold it, else as null, and should that not help, without the effect.
 * @throws DatabaseUnavailable when that is not known to have happened: the provider must deliver again
 */
export async function commit(
  db: Database,
  delivery: Delivery,
  decision: Effect | Verdict,
  settings: Settings,
): Promise<Committed> {
  const startedAt = Date.now()
  const row = rowOf(delivery, settings)
  const effect = 'verb' in decision ? decision : record(delivery, decision)
  if (decision !== UNREADABLE) {
    for (const document of [withJson(row, delivery.body), withText(row, delivery.body)]) {
      try {
        return await run<Committed>(db, document, effect, startedAt)
      } catch (error) {
        if (!(error instanceof DatabaseUnavailable && error.isDataException)) throw error
      }
    }
  }
  return await run<Committed>(db, withText(row, delivery.body), record(delivery, UNREADABLE), startedAt)
}

const rowOf = (delivery: Delivery, { USER_DELETION }: Settings) => ({
  provider: delivery.provider,
  event_id: delivery.eventId,
  type: delivery.type,
  occurred_at: delivery.occurredAt,
  via: delivery.via,
  erase: USER_DELETION === 'delete',
})

/** The body as the JSON that it is: not quoted here, nor parsed a second time there, which is what a delivery costs most. */
function withJson(row: object, body: string | null): string {
  const text = JSON.stringify(row)
  return body === null ? text : `${text.slice(0, -1)},"payload":${body}}`
}

/** The body as text, for the database to see whether jsonb can hold it. */
const withText = (row: object, body: string | null) => JSON.stringify({ ...row, body })

function record({ userId }: Delivery, verdict: Verdict): Effect {
  return { verb: 'record_delivery', facts: { ...verdict, user_id: userId } }
}

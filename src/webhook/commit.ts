import { type Database, DatabaseUnavailable, type Effect, inOnePiece, run } from '../db.ts'
import { running } from '../running.ts'
import { settingsHash } from '../settings/deciding.ts'
import type { Settings } from '../settings.ts'
import { returnTally, takeTally, tallyQuery } from '../tally.ts'
import { decide, UNREADABLE } from './decide.ts'
import type { Delivery, Fallback } from './delivery.ts'
import type { Verdict } from './outcome.ts'
import type { Provider } from './provider.ts'

/** What the database returns: the verdict that it committed, the user, and the deliveries it released from parking. */
export type Committed = Settled & {
  released?: Released[]
  /** Why it is queued. */
  cause?: string
  fallback?: Fallback
}

type Settled = Verdict & { user_id: string | null }
export type Released = Settled & { provider: string; event_id: string; type: string | null }

/** Makes sure of the first commit of a delivery, perhaps otherwise than by the database. @throws DatabaseUnavailable */
export type First = (commit: () => Promise<Committed>) => Promise<Committed>

/** Asking the provider and committing its answer together, so that the whole stays within the 8 s of the contract. */
const RESOLVE_MS = 4_000
/** A database that took longer than this for the first commit leaves no time for it. */
const FIRST_COMMIT_MS = 2_500

/**
 * Commits a decision. Where the event alone does not say enough, that commit parks it, and the provider is asked:
 * what cannot be resolved in time stays parked, and the scheduled run asks again.
 * @throws DatabaseUnavailable when the first commit is not known to have happened
 */
export async function commitResolved(
  provider: Provider,
  db: Database,
  delivery: Delivery,
  decision: Effect | Verdict,
  settings: Settings,
  fetcher?: typeof fetch,
  first: First = (commit) => commit(),
): Promise<Committed> {
  const startedAt = Date.now()
  const parked = await first(() => commit(db, delivery, decision, settings))
  const hasTime = Date.now() - startedAt <= FIRST_COMMIT_MS
  // What waits for a setting is asked again by the scheduled run alone: a minute ago the setting was the same.
  const asksNow = parked.outcome === 'parked' && parked.reason !== 'unknown_price'
  if (!asksNow || !hasTime) return parked
  const effect = 'verb' in decision ? decision : null
  const asking = { ...delivery, fallback: delivery.fallback ?? ('read_from_provider' as const) }
  const resolve = async () => {
    const resolved = await resolveParked(provider, db, asking, parked, effect, settings, fetcher)
    return resolved ? { ...resolved, fallback: asking.fallback } : parked
  }
  return await Promise.race([resolve().catch(() => parked), after(RESOLVE_MS, parked)])
}

/**
 * Asks the provider what a parked delivery leaves open, and commits that: what its effect lacks, or, without an effect,
 * the event that it merely announces. Returns null where it does not help.
 */
export async function resolveParked(
  provider: Provider,
  db: Database,
  delivery: Delivery,
  parked: Verdict,
  effect: Effect | null,
  settings: Settings,
  fetcher?: typeof fetch,
): Promise<Committed | null> {
  if (effect === null) return await commitWhole(provider, db, delivery, settings, fetcher)
  const resolved = await provider.resolve?.(parked, effect, settings, fetcher)
  return resolved ? await commit(db, delivery, resolved, settings, true) : null
}

async function commitWhole(
  provider: Provider,
  db: Database,
  delivery: Delivery,
  settings: Settings,
  fetcher?: typeof fetch,
): Promise<Committed | null> {
  const event = await provider.readWhole?.(delivery.event, settings, fetcher)
  if (!event) return null
  const { eventId: _, ...envelope } = provider.envelope(event, new Headers())
  const whole = { ...delivery, ...envelope, event }
  const decision = decide(provider, whole, settings)
  return decision === UNREADABLE ? null : await commit(db, whole, decision, settings)
}

async function after<T>(ms: number, value: T): Promise<T> {
  await new Promise((resolve) => setTimeout(resolve, ms))
  return value
}

/**
 * Commits the effect and the event row together, in one request. What Postgres refuses for its content it would
 * refuse for ever: the body is then kept where jsonb can hold it, else as null; and should that not help, the row is
 * kept without the effect, as unreadable.
 * @param isWhole whether a verdict is about the event as a whole, with all that its provider knows. Only such a one
 *   gives up what waits to be applied
 * @throws DatabaseUnavailable when that is not known to have happened: the provider must deliver again
 */
export async function commit(
  db: Database,
  delivery: Delivery,
  decision: Effect | Verdict,
  settings: Settings,
  isWhole = false,
): Promise<Committed> {
  const startedAt = Date.now()
  const tally = takeTally()
  try {
    const effect = decision === UNREADABLE ? null : effectOf(delivery, decision, isWhole)
    const row = { ...(await rowOf(delivery, settings)), tally }
    const committed = await commitRow(db, delivery, row, effect, startedAt)
    tallyQuery(Date.now() - startedAt)
    return committed
  } catch (error) {
    returnTally(tally)
    throw error
  }
}

async function commitRow(
  db: Database,
  delivery: Delivery,
  row: object,
  effect: Effect | null,
  startedAt: number,
): Promise<Committed> {
  let sqlstate: string | undefined
  if (effect) {
    // Each is made when it is needed: to quote a body costs more than anything else here.
    for (const documentOf of [withJson, withText]) {
      try {
        return await run<Committed>(db, documentOf(row, delivery.body), effect, startedAt)
      } catch (error) {
        if (!(error instanceof DatabaseUnavailable && error.isRefusal)) throw error
        sqlstate = error.message
      }
    }
  }
  return await run<Committed>(
    db,
    withText(row, delivery.body),
    record(delivery, UNREADABLE, { provisional: true, sqlstate }),
    startedAt,
  )
}

/** What the database is given to commit a delivery: the verb's two documents, the first one as text. */
export async function statementOf(delivery: Delivery, decision: Effect | Verdict, settings: Settings) {
  return {
    delivery: withJson(await rowOf(delivery, settings), delivery.body),
    ...effectOf(delivery, decision, false),
  }
}

const effectOf = (delivery: Delivery, decision: Effect | Verdict, isWhole: boolean): Effect =>
  'verb' in decision ? decision : record(delivery, decision, { provisional: !isWhole })

const rowOf = async (delivery: Delivery, settings: Settings) => ({
  provider: delivery.provider,
  event_id: delivery.eventId,
  type: delivery.type,
  // As text: V8 writes JSON with a Date in it the slow way.
  occurred_at: delivery.occurredAt?.toJSON() ?? null,
  livemode: delivery.livemode,
  via: delivery.via,
  about: delivery.about,
  erase: settings.USER_DELETION === 'delete',
  received_at: delivery.receivedAt?.toJSON(),
  fallback: delivery.fallback,
  secret: delivery.secret,
  build: running.build,
  settings_hash: await settingsHash(settings),
})

/** The body as the JSON that it is: not quoted here, nor parsed a second time there. That costs a delivery most. */
function withJson(row: object, body: string | null): string {
  const text = JSON.stringify(row)
  return body === null ? text : inOnePiece(text.slice(0, -1), ',"payload":', body, '}')
}

/** The body as text, for the database to see whether jsonb can hold it. */
const withText = (row: object, body: string | null) => JSON.stringify({ ...row, body })

function record({ userId }: Delivery, verdict: Verdict, more: object): Effect {
  return { verb: 'record_delivery', facts: { ...verdict, user_id: userId, ...more } }
}

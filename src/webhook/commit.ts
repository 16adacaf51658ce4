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

/** Runs the first commit of a delivery, or stores the delivery in the queue instead. @throws DatabaseUnavailable */
export type First = (commit: () => Promise<Committed>) => Promise<Committed>

/**
 * The time for asking the provider and committing its response together, so that all of it stays within the 8 s of the
 * contract.
 */
const RESOLVE_MS = 4_000
/** If the first commit took longer than this, no time is left to ask the provider. */
const FIRST_COMMIT_MS = 2_500

/**
 * Commits a decision. If the event does not say enough, that commit parks it, and then the provider is asked. What
 * cannot be resolved in time stays parked, and the scheduled run asks again.
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
  // A price that no setting knows is left to the scheduled run: the setting has not changed since the decision.
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
 * Asks the provider for what a parked delivery lacks, and commits the result. A delivery with an effect lacks what the
 * effect needs; one without an effect lacks the whole event, which it only announces. Returns null if that does not
 * help.
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
 * Commits the effect and the event row together, in one request. What Postgres refuses for its content it would refuse
 * every time. The body is then stored if jsonb can hold it, else null in its place; if that does not help, the row is
 * stored without the effect, as unreadable.
 * @param isWhole whether the decision was made with all that the provider knows about the event. Only then may a
 *   verdict end the waiting of an effect
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
    // The second document is built only if it is needed: quoting a body costs more than anything else here.
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

/** Returns what the database needs to commit a delivery: the verb and its two documents, the first one as text. */
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
  // As text: V8 serializes an object that contains a Date slowly.
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

/**
 * Adds the body as the JSON that it is. So it is neither quoted here nor parsed a second time in the database, which
 * would be the largest cost of a delivery.
 */
function withJson(row: object, body: string | null): string {
  const text = JSON.stringify(row)
  return body === null ? text : inOnePiece(text.slice(0, -1), ',"payload":', body, '}')
}

/** Adds the body as text, so that the database finds out whether jsonb can hold it. */
const withText = (row: object, body: string | null) => JSON.stringify({ ...row, body })

function record({ userId }: Delivery, verdict: Verdict, more: object): Effect {
  return { verb: 'record_delivery', facts: { ...verdict, user_id: userId, ...more } }
}

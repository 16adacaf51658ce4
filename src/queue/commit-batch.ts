import { call, type Database, DatabaseUnavailable, type Effect, once } from '../db.ts'
import type { Settings } from '../settings.ts'
import { type Committed, commit, statementOf } from '../webhook/commit.ts'
import { UNREADABLE } from '../webhook/decide.ts'
import type { Delivery } from '../webhook/delivery.ts'
import type { Verdict } from '../webhook/outcome.ts'

/** A delivery that is to be committed, with a callback for each result. */
export interface Item {
  delivery: Delivery
  decision: Effect | Verdict
  committed(verdict: Committed): void
  /** It is left for later. The cause is a SQLSTATE, or the name of the error. */
  postponed(cause: string): void
}

/** Limits of one statement: 50 deliveries hold their locks only for a short time, and 2 MB fit into one request. */
const MOST_DELIVERIES = 50
const MOST_BYTES = 2_000_000
const BATCH_MS = 10_000
const PROBE_MS = 2_000

/** The time for all batches: far less than the 15 minutes that a consumer has. */
const CONSUMER_MS = 240_000

interface Result {
  place: number
  verdict?: Committed
  failed?: string
}

/**
 * Commits deliveries in batches. A batch that fails as a whole is halved, down to one delivery, which is committed
 * alone, with all its fallbacks. Returns false if the database is away: then the rest was not touched.
 */
export async function commitAll(items: Item[], db: Database, settings: Settings): Promise<boolean> {
  const until = Date.now() + CONSUMER_MS

  async function commitPart(part: Item[]): Promise<boolean> {
    if (Date.now() > until) return false
    const [only] = part
    if (!only) return true
    if (part.length === 1) return await commitSingle(only)
    let results: Result[]
    try {
      results = await commitBatch(part, once(db, BATCH_MS), settings)
    } catch (error) {
      if (!(error instanceof DatabaseUnavailable)) throw error
      if (await isOutage(error)) return false
      const half = part.length >> 1
      return (await commitPart(part.slice(0, half))) && (await commitPart(part.slice(half)))
    }
    return await settle(part, results)
  }

  async function settle(part: Item[], results: Result[]): Promise<boolean> {
    for (const { place, verdict, failed = 'no answer' } of results) {
      const item = part[place]
      if (!item) continue
      if (verdict) item.committed(verdict)
      // A subject that was found only during the verb is locked. That will pass.
      else if (/^(40|55)/.test(failed)) item.postponed(failed)
      else if (!(await commitSingle(item))) return false
    }
    return true
  }

  async function commitSingle({ delivery, decision, committed, postponed }: Item): Promise<boolean> {
    try {
      committed(await commit(db, delivery, decision, settings))
      return true
    } catch (error) {
      if (!(error instanceof DatabaseUnavailable)) throw error
      postponed(error.message)
      return !(error.isTransient && (await isOutage(error)))
    }
  }

  /**
   * Whether nothing at all can be committed now. A refusal or a timeout of one statement says nothing about the rest.
   */
  async function isOutage(error: DatabaseUnavailable): Promise<boolean> {
    if (error.isRefusal || error.message === CANCELLED) return false
    return !error.isTransient || !(await responds(db))
  }

  for (const part of batchesOf(items)) if (!(await commitPart(part))) return false
  return true
}

/** The SQLSTATE of a statement that took longer than it may. */
const CANCELLED = '57014'

/** Whether the database responds at all, by the cheapest query there is. */
export async function responds(db: Database): Promise<boolean> {
  return await db.query('select 1', [], PROBE_MS).then(
    () => true,
    () => false,
  )
}

async function commitBatch(part: Item[], db: Database, settings: Settings): Promise<Result[]> {
  const deliveries = part.map(async ({ delivery, decision }, place) => ({
    place,
    occurred_at: delivery.occurredAt,
    ...(await statementOf(delivery, decision, settings)),
  }))
  return await call<Result[]>(db, 'commit_batch', [{ deliveries: await Promise.all(deliveries) }])
}

const utf8 = new TextEncoder()

/**
 * Splits items into batches. An unreadable one gets a batch of its own, because the single path stores it. Those of a
 * batch are in the order of their events' ids, which decides between events of one second: if a queue delivers events
 * without a subject twice, two batches at once write their rows in one order, and cannot wait for each other.
 */
function batchesOf(items: Item[]): Item[][] {
  const batches: Item[][] = []
  let bytes = 0
  for (const item of items) {
    const size = utf8.encode(item.delivery.body ?? '').byteLength
    const last = batches.at(-1)
    const isFull = !last || last.length === MOST_DELIVERIES || bytes + size > MOST_BYTES
    if (isFull || item.decision === UNREADABLE || last[0]?.decision === UNREADABLE) {
      batches.push([item])
      bytes = size
    } else {
      last.push(item)
      bytes += size
    }
  }
  return batches.map((batch) => batch.sort(byEvent))
}

function byEvent({ delivery: { eventId: one } }: Item, { delivery: { eventId: other } }: Item): number {
  if (one === other) return 0
  return one < other ? -1 : 1
}

import { isDeepStrictEqual } from 'node:util'
import type { Client } from 'pg'
import { NOT_MIGRATED } from '../shared/database.ts'
import { LocalError } from '../shared/errors.ts'
import { startDatabases } from './databases.ts'
import { differingFacts } from './facts.ts'
import { type History, readHistory, readStored, type Stored } from './history.ts'
import { differsByNewFacts, type FactNames, noteFacts } from './new-facts.ts'
import { copyPast } from './past.ts'
import { keyOf, type Player, type Result, type Results } from './play.ts'
import { type DifferingRow, differingRows, readRows } from './rows.ts'
import type { Decided, Side } from './side.ts'

/** A delivery that the two sides decide differently. The base's value comes first, ours second. */
export interface Difference {
  provider: string
  event: string
  type: string | null
  user: string | null
  /** What the handler returned: a verb, or a verdict that needs none. */
  verb: [string, string]
  facts: string[]
  verdict: [string, string]
  /** The sum of its ledger entries, in credits. */
  credits: [number, number]
  /** Whether only new facts differ, or lost facts that were null, and outcome, reason and credits are the same. */
  only_new_facts: boolean
}

export interface Compared {
  decided: number
  differences: Difference[]
  rows: DifferingRow[]
  unjudged: {
    erased: number
    without_payload: number
    /** Applied then, but waiting in both replays, because its past is not stored or Stripe was asked. */
    waiting: number
  }
}

/** Reports the number of finished deliveries. */
export type Say = (what: string, count: number) => void

/**
 * Lets both sides decide every delivery that is stored since a moment. If a decision or the database functions differ,
 * it plays the deliveries into a database for each side, which first gets what was known before. The database of
 * `source` is only read.
 */
export async function compareSides(
  source: Client,
  [base, now]: [Side, Side],
  since: Date,
  say: Say,
): Promise<Compared> {
  const history = await readHistory(source, since)
  const { ids, erased, withoutPayload: without_payload } = history
  const nothing: Compared = {
    decided: ids.length,
    differences: [],
    rows: [],
    unjudged: { erased, without_payload, waiting: 0 },
  }
  if (!(await mayDiffer(source, history, [base, now], say))) return nothing
  const { players, stop } = await startDatabases([base, now])
  const known: [FactNames, FactNames] = [new Set(), new Set()]
  try {
    const [first, second] = players as [Player, Player]
    await unlessTooOld(copyPast(source, players, since, history.users))
    for await (const [stored, count] of numbered(readStored(source, ids))) {
      say('played', count)
      const [before, after] = [base.decide(stored), now.decide(stored)]
      noteFacts(known[0], before.decision)
      noteFacts(known[1], after.decision)
      await Promise.all([first.play(before, base), second.play(after, now)])
    }
    const [was, is] = [await unlessTooOld(outcomeOf(first)), await outcomeOf(second)]
    const results: [Results, Results] = [was.results, is.results]
    for await (const stored of readStored(source, ids)) {
      const found = differenceOf(stored, [base.decide(stored), now.decide(stored)], results, known)
      if (found) nothing.differences.push(found)
      if (isUnjudged(stored, results)) nothing.unjudged.waiting++
    }
    return { ...nothing, rows: differingRows(was.rows, is.rows) }
  } finally {
    await stop()
  }
}

/** Releases what was deferred, and returns what came of all deliveries. */
async function outcomeOf(player: Player) {
  await player.settle()
  return { results: await player.results(), rows: await readRows(player.client) }
}

/** Refuses a base whose own database lacks what is compared. Throws a LocalError. */
async function unlessTooOld<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading
  } catch (error) {
    const { code = '', message } = error as { code?: string; message: string }
    if (!NOT_MIGRATED.has(code)) throw error
    throw new LocalError(`the base is too old to be compared: in its database, ${message}`)
  }
}

/** Whether the sides can differ. Identical code and settings cannot. */
async function mayDiffer(
  source: Client,
  { ids }: History,
  [base, now]: [Side, Side],
  say: Say,
): Promise<boolean> {
  if (base.functionSet.hash !== now.functionSet.hash) return true
  for await (const [stored, count] of numbered(readStored(source, ids))) {
    say('decided', count)
    if (!isSame(base.decide(stored), now.decide(stored))) return true
  }
  return false
}

const isSame = (one: Decided, other: Decided) => isDeepStrictEqual(asStored(one), asStored(other))

/** Returns a decision in the form in which the database gets it: dates are texts, and undefined members are absent. */
const asStored = ({ delivery, decision, threw }: Decided): unknown =>
  JSON.parse(JSON.stringify({ decision, threw, at: delivery.occurredAt, about: delivery.about }))

const NOT_HANDLED: Result = { outcome: 'ignored', reason: 'unhandled_type', credits: 0 }

function differenceOf(
  stored: Stored,
  decided: [Decided, Decided],
  results: [Results, Results],
  known: [FactNames, FactNames],
): Difference | null {
  const [was, is] = results.map((of) => of.get(keyOf(stored)) ?? NOT_HANDLED) as [Result, Result]
  const [before, after] = decided
  if (isSame(before, after) && isDeepStrictEqual(was, is)) return null
  return {
    provider: stored.provider,
    event: stored.event_id,
    type: stored.type,
    user: stored.user_id,
    verb: [verbOf(before), verbOf(after)],
    facts: differingFacts(before.decision, after.decision),
    verdict: [inWords(was), inWords(is)],
    credits: [was.credits, is.credits],
    only_new_facts:
      isDeepStrictEqual(was, is) &&
      isSame(before, { ...after, decision: before.decision }) &&
      differsByNewFacts([before.decision, after.decision], known),
  }
}

function verbOf({ decision, threw }: Decided): string {
  if (threw !== null) return `failed / ${threw}`
  if (decision === null) return inWords(NOT_HANDLED)
  return 'verb' in decision ? decision.verb : inWords(decision)
}

const inWords = ({ outcome, reason }: { outcome: string; reason: string | null }) =>
  reason ? `${outcome} / ${reason}` : outcome

/** Whether a delivery was applied then and both replays lack what it needs. */
function isUnjudged(stored: Stored, results: [Results, Results]): boolean {
  const isParked = (of: Results) => of.get(keyOf(stored))?.outcome === 'parked'
  return stored.outcome !== 'parked' && stored.outcome !== 'rejected' && results.every(isParked)
}

async function* numbered<T>(all: AsyncGenerator<T>): AsyncGenerator<[T, number]> {
  let count = 0
  for await (const one of all) yield [one, ++count]
}

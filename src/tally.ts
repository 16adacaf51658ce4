/**
 * What an isolate has counted that no row shows. The keys are `<provider> <outcome> <reason>` or `database
 * <milliseconds>`.
 */
export type Tally = Record<string, number>

/** A delivery carries a tally at most this often, so that few deliveries do. */
const EVERY_MS = 10_000
/** The steps by which a query's duration is counted, in milliseconds. `step_below` in SQL knows them too. */
export const STEPS_MS = [5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 60_000]

let counts: Tally = {}
let takenAt = 0

/**
 * Counts something in this isolate. Nothing is sent now: a later verified delivery carries the counts to the database.
 */
export function tally(...words: (string | null)[]): void {
  const key = words.filter((word) => word !== null).join(' ')
  counts[key] = (counts[key] ?? 0) + 1
}

export const tallyQuery = (ms: number) =>
  tally('database', `${STEPS_MS.find((most) => ms <= most) ?? 60_000}`)

/**
 * Takes the counts, for a caller that is about to commit something. Undefined if it is too early, or nothing was
 * counted.
 */
export function takeTally(everyMs = EVERY_MS, now = Date.now()): Tally | undefined {
  if (Math.abs(now - takenAt) < everyMs || Object.keys(counts).length === 0) return undefined
  const taken = counts
  counts = {}
  takenAt = now
  return taken
}

/** Puts counts back whose commit is not known to have happened, so that a later delivery carries them. */
export function returnTally(taken: Tally | undefined): void {
  for (const [key, count] of Object.entries(taken ?? {})) counts[key] = (counts[key] ?? 0) + count
}

/** What an isolate has counted that no row shows, by `<provider> <outcome> <reason>` or `database <milliseconds>`. */
export type Tally = Record<string, number>

/** So that few deliveries carry one. */
const EVERY_MS = 10_000
/** Upper bounds of how long a query has taken, in milliseconds. */
const BOUNDS_MS = [5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000]

let counts: Tally = {}
let takenAt = 0

/** Counts something in this isolate. Nothing is sent: the next verified delivery carries it to the database. */
export function tally(...words: (string | null)[]): void {
  const key = words.filter((word) => word !== null).join(' ')
  counts[key] = (counts[key] ?? 0) + 1
}

export const tallyQuery = (ms: number) =>
  tally('database', `${BOUNDS_MS.find((most) => ms <= most) ?? 60_000}`)

/** Takes what was counted, for whoever is about to commit something. Undefined where it is not time yet, or nothing was. */
export function takeTally(everyMs = EVERY_MS, now = Date.now()): Tally | undefined {
  if (Math.abs(now - takenAt) < everyMs || Object.keys(counts).length === 0) return undefined
  const taken = counts
  counts = {}
  takenAt = now
  return taken
}

/** What was taken is not known to be committed: somebody else carries it. */
export function returnTally(taken: Tally | undefined): void {
  for (const [key, count] of Object.entries(taken ?? {})) counts[key] = (counts[key] ?? 0) + count
}

import { NeonDbError } from '@neondatabase/serverless'

/**
 * No attempt starts later than this after the work began, so that the last one ends within the 8 s that the contract
 * promises.
 */
const LAST_START_MS = 4_500
const PAUSES_MS = [50, 250, 1_000]
/**
 * A transaction that would have had to wait against the order of locks is rolled back. The first retry is immediate.
 */
const ROLLBACK = '40001'
const ROLLBACK_PAUSES_MS = [0, 20, 100, 500]

/** Whether an attempt of this work may start now. */
export const hasTime = (startedAt: number) => Date.now() - startedAt <= LAST_START_MS

/** The database returned an error, or nothing usable. The message is a SQLSTATE, or else the name of the error. */
export class DatabaseUnavailable extends Error {
  override name = 'DatabaseUnavailable'
  /** Whether the failure may pass: it was retried until the time was up, and does not lie in this one statement. */
  readonly isTransient: boolean

  constructor(message: string, isTransient: boolean) {
    super(message)
    this.isTransient = isTransient
  }

  /**
   * Whether Postgres refused the content itself, and would refuse it every time: a number of rows (class 21), a value
   * (22), a constraint (23), a limit (54), or a check of ours (P0001).
   */
  get isRefusal(): boolean {
    return /^((21|22|23|54)...|P0001)$/.test(this.message)
  }
}

/**
 * Retries a query, within the limits above, as long as its failure may pass. The query must be safe to repeat.
 * @param pausesMs milliseconds before each further attempt: with an empty list there is one attempt
 * @throws DatabaseUnavailable whose message is a SQLSTATE or the error's name, and nothing else: the database's own
 *   message may quote parameters, which are personal data and must not reach a log
 */
export async function attempt<T>(
  query: () => Promise<T>,
  startedAt = Date.now(),
  pausesMs?: number[],
): Promise<T> {
  for (let failures = 0; ; failures++) {
    if (!hasTime(startedAt)) throw new DatabaseUnavailable('no time left', true)
    try {
      return await query()
    } catch (error) {
      if (error instanceof DatabaseUnavailable) throw error
      const { transient, name } = diagnose(error)
      const pauses = pausesMs ?? (name === ROLLBACK ? ROLLBACK_PAUSES_MS : PAUSES_MS)
      const pause = (pauses[failures] ?? Number.POSITIVE_INFINITY) * (0.5 + Math.random())
      if (!transient || Date.now() - startedAt + pause > LAST_START_MS) {
        throw new DatabaseUnavailable(name, transient)
      }
      if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }
}

/**
 * Failures that may pass: no response at all, an overloaded proxy, and the SQLSTATE classes for a lost connection (08),
 * a rollback (40), scarce resources (53), a lock that is not available (55) and an operator's intervention (57); also
 * two writers that met on one unique key (23505), because the second attempt sees the winner's row.
 */
function diagnose(error: unknown): { transient: boolean; name: string } {
  const { code, sourceError }: Partial<NeonDbError> = error instanceof NeonDbError ? error : {}
  if (code) return { transient: /^(08|40|53|55|57)|^23505$/.test(code), name: code }
  const cause = sourceError ?? error
  return { transient: true, name: cause instanceof Error ? cause.name : 'no answer' }
}

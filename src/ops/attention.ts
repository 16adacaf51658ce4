import { call, type Database } from '../db.ts'
import { log } from '../log.ts'
import { unsettledReasons } from '../webhook/outcome.ts'

/** What is parked or rejected for one reason. */
export interface Unsettled {
  outcome: string
  reason: string
  /** Counted up to 10,001. */
  count: number
  /** When the first of them came, as Postgres writes it. */
  oldest: string
}

/** The highest number that is counted. Beyond it the log says `10,000+`. */
const MOST_COUNTED = 10_000

/**
 * Logs what waits for a person, or for a user who has not come yet: one line for each reason. So an alert on
 * `attention` is enough to notice money that was not credited.
 * @throws DatabaseUnavailable
 */
export async function reportAttention(db: Database, taskNames: string[]): Promise<void> {
  const unsettled = await call<Unsettled[]>(db, 'attention', [{ reasons: unsettledReasons }])
  for (const { count, oldest, ...line } of unsettled) {
    log({
      message: 'attention',
      level: 'warn',
      ...line,
      deliveries: inWords(count),
      oldest: new Date(oldest),
    })
  }
  for (const [reason, count] of Object.entries(await attentionBesides(db, taskNames))) {
    if (count > 0) log({ message: 'attention', level: 'warn', reason, count: inWords(count) })
  }
}

/** Returns what else waits for a person: how many, by name. @throws DatabaseUnavailable */
const attentionBesides = (db: Database, taskNames: string[]) =>
  call<Record<string, number>>(db, 'attention_besides', [{ task_names: taskNames }])

/** Returns a number that was counted up to 10,001, in words if it is larger than that. */
export const inWords = (count: number) => (count > MOST_COUNTED ? '10,000+' : count)

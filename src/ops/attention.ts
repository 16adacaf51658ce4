import { call, type Database } from '../db.ts'
import { log } from '../log.ts'

/** What is parked or rejected for one reason. */
interface Waiting {
  provider: string
  outcome: string
  reason: string | null
  deliveries: number
  /** When the first of them came, as Postgres writes it. */
  oldest: string
}

/**
 * Says what waits for a person, or for a user who has not come: one line per reason, so that an alert on `attention`
 * is enough to notice money that was not credited. `others`: how many of what else waits, by reason.
 */
export async function reportAttention(db: Database, others: Record<string, number>): Promise<void> {
  for (const { oldest, ...line } of await call<Waiting[]>(db, 'attention', [{}])) {
    log({ message: 'attention', level: 'warn', ...line, oldest: new Date(oldest) })
  }
  for (const [reason, count] of Object.entries(others)) {
    if (count > 0) log({ message: 'attention', level: 'warn', reason, subscriptions: count })
  }
}

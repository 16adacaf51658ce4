import { count, inArray, min } from 'drizzle-orm'
import { attempt, type Database } from '../db.ts'
import { log } from './log.ts'
import { webhookEvents } from './schema.ts'

/**
 * Says what waits for a person, or for a user who has not come: one line per reason, so that an alert on `attention`
 * is enough to notice money that was not credited. `others`: how many of what else waits, by reason.
 */
export async function reportAttention(db: Database, others: Record<string, number>): Promise<void> {
  const { provider, outcome, reason, receivedAt } = webhookEvents
  const waiting = await attempt(() =>
    db
      .select({ provider, outcome, reason, deliveries: count(), oldest: min(receivedAt) })
      .from(webhookEvents)
      .where(inArray(outcome, ['parked', 'rejected']))
      .groupBy(provider, outcome, reason),
  )
  for (const line of waiting) log({ message: 'attention', level: 'warn', ...line })
  for (const [reason, count] of Object.entries(others)) {
    if (count > 0) log({ message: 'attention', level: 'warn', reason, subscriptions: count })
  }
}

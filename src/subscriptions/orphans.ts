import { and, eq, isNotNull, isNull, notInArray, sql } from 'drizzle-orm'
import { wallets } from '../credits/schema.ts'
import { attempt, type Database } from '../db.ts'
import { subscriptions } from './schema.ts'

/** As many as one scheduled run may cancel; the next one is a minute away. */
const BATCH = 20

const runsForDeletedUser = and(
  isNotNull(wallets.closedAt),
  notInArray(subscriptions.status, ['canceled', 'incomplete_expired']),
  isNull(subscriptions.cancelRequestedAt),
)

/** Ids of subscriptions whose users are deleted, still to be cancelled. In random order, so that none blocks the others. */
export async function orphans(db: Database): Promise<string[]> {
  const rows = await attempt(() =>
    db
      .select({ id: subscriptions.id })
      .from(subscriptions)
      .innerJoin(wallets, eq(wallets.userId, subscriptions.userId))
      .where(runsForDeletedUser)
      .orderBy(sql`random()`)
      .limit(BATCH),
  )
  return rows.map(({ id }) => id)
}

/** How many of them there are. */
export async function countOrphans(db: Database): Promise<number> {
  return await attempt(() =>
    db.$count(
      db
        .select({ id: subscriptions.id })
        .from(subscriptions)
        .innerJoin(wallets, eq(wallets.userId, subscriptions.userId))
        .where(runsForDeletedUser)
        .as('orphans'),
    ),
  )
}

/** Stripe has cancelled it. Its state follows by its own event. */
export async function cancelRequested(db: Database, id: string): Promise<void> {
  await attempt(() =>
    db.update(subscriptions).set({ cancelRequestedAt: sql`now()` }).where(eq(subscriptions.id, id)),
  )
}

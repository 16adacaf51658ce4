import { call, type Database } from '../db.ts'

/** Deleted users that one bite checks. */
const MOST_USERS = 1_000

/**
 * Marks the subscriptions that run on for users deleted since a moment, which the last bite returned.
 * @throws DatabaseUnavailable
 */
export async function markOrphans(db: Database, since: unknown): Promise<{ more: boolean; cursor: unknown }> {
  const facts = { since: since ?? null, most: MOST_USERS }
  const marked = await call<{ since: string; more: boolean }>(db, 'mark_orphans', [facts])
  return { more: marked.more, cursor: marked.since }
}

/** Takes the ids of at most this many subscriptions that are to be cancelled now. @throws DatabaseUnavailable */
export const takeOrphans = (db: Database, most: number) => call<string[]>(db, 'take_orphans', [{ most }])

/** Records that Stripe has cancelled a subscription. @throws DatabaseUnavailable */
export const markCancelled = (db: Database, stripe_subscription_id: string) =>
  call<number>(db, 'mark_cancelled', [{ stripe_subscription_id }])

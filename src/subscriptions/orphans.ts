import { call, type Database } from '../db.ts'

/** Deleted users whose subscriptions one bite looks at. */
const MOST_USERS = 1_000

/** Marks what runs on for users deleted since a moment, which the bite before has returned. @throws DatabaseUnavailable */
export async function markOrphans(db: Database, since: unknown): Promise<{ more: boolean; cursor: unknown }> {
  const facts = { since: since ?? null, most: MOST_USERS }
  const marked = await call<{ since: string; more: boolean }>(db, 'mark_orphans', [facts])
  return { more: marked.more, cursor: marked.since }
}

/** Takes ids of at most so many subscriptions that are to be cancelled now. @throws DatabaseUnavailable */
export const takeOrphans = (db: Database, most: number) => call<string[]>(db, 'take_orphans', [{ most }])

/** Stripe has cancelled it. @throws DatabaseUnavailable */
export const markCancelled = (db: Database, stripe_subscription_id: string) =>
  call<number>(db, 'mark_cancelled', [{ stripe_subscription_id }])

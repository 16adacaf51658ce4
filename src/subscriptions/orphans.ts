import { call, type Database } from '../db.ts'

/** As many as one scheduled run may cancel; the next one is a minute away. */
const BATCH = 20

/** Subscriptions whose users are deleted, still to be cancelled. */
interface Orphans {
  /** Of all of them. */
  count: number
  /** At most `limit`, in random order. */
  ids: string[]
}

const orphansOf = (db: Database, facts: { limit: number }) => call<Orphans>(db, 'orphans', [facts])

/** Ids of those to be cancelled now. @throws DatabaseUnavailable */
export const orphans = async (db: Database) => (await orphansOf(db, { limit: BATCH })).ids

/** How many of them there are. @throws DatabaseUnavailable */
export const countOrphans = async (db: Database) => (await orphansOf(db, { limit: 0 })).count

/** Stripe has cancelled it: answers when, null where there is no such subscription. @throws DatabaseUnavailable */
export const cancelRequested = (db: Database, stripe_subscription_id: string) =>
  call<string | null>(db, 'cancel_requested', [{ stripe_subscription_id }])

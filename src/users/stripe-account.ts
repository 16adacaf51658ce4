import { call, type Database } from '../db.ts'

/** The account and mode of Stripe that this database serves. Each is null while nobody knows. */
export interface Served {
  account: string | null
  livemode: boolean | null
  /** ISO 8601, as Postgres writes it. */
  since: string | null
}

/** @throws DatabaseUnavailable */
export const readStripeAccount = (db: Database) => call<Served>(db, 'read_stripe_account', [{}])

/** Remembers the account and mode of a key where that is not known yet. @throws DatabaseUnavailable */
export const serveStripeAccount = (db: Database, facts: { account: string; livemode: boolean }) =>
  call<{ served: boolean }>(db, 'serve_stripe_account', [facts])

import { call, type Database } from '../db.ts'

/** The account and mode of Stripe that this database serves. Each is null until it is known. */
export interface Served {
  account: string | null
  livemode: boolean | null
  /** ISO 8601, as Postgres writes it. */
  since: string | null
}

/**
 * Whether a key is of another account or mode than the served one. A live key takes over from test mode.
 * @param account of the key. Null: not known
 */
export function isOther(served: Omit<Served, 'since'>, account: string | null, livemode: boolean): boolean {
  if (served.livemode !== livemode) return served.livemode === true
  return account !== null && served.account !== null && account !== served.account
}

/** @throws DatabaseUnavailable */
export const readStripeAccount = (db: Database) => call<Served>(db, 'read_stripe_account', [{}])

/** Stores the account and mode of a key if they are not known yet. @throws DatabaseUnavailable */
export const serveStripeAccount = (db: Database, facts: { account: string; livemode: boolean }) =>
  call<{ served: boolean }>(db, 'serve_stripe_account', [facts])

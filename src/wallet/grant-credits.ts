import { call, type Database } from '../db.ts'

export interface GrantCredits {
  user_id: string
  /** Credits, positive. */
  amount: number
  /** The caller's own name for this grant: it is made once per key. */
  idempotency_key: string
  /** Why. */
  note: string
  /** The name of the caller's token. */
  caller: string | null
  /**
   * The most credits that may be granted: by one call, to one user in a day, to all users in a day. Days are in UTC.
   */
  per_call: number
  per_user_day: number
  per_day: number
  campaign: string | null
  /** The most credits that the campaign grants. Null: only the limits above apply. */
  campaign_per_user: number | null
  campaign_total: number | null
}

export type GrantAnswer =
  | { balance: number }
  | { refused: 'unknown_user' | 'user_deactivated' | 'limit_exceeded' | 'idempotency_key_reused' }
  | { refused: 'grant_limit_exceeded' | 'campaign_exhausted'; limit: string; left: number }

/** @throws DatabaseUnavailable */
export const grantCredits = (db: Database, facts: GrantCredits) =>
  call<GrantAnswer>(db, 'grant_credits', [facts])

import { call, type Database } from '../db.ts'

export interface Spend {
  user_id: string
  /** Credits, positive. */
  amount: number
  /** The caller's own name for this spend: it takes credits once per key. */
  idempotency_key: string
  note: string | null
  /** What it is for, in the caller's words: a job, an order. */
  reference: string | null
  /** The name of the caller's token. */
  caller: string | null
}

export type SpendAnswer =
  /** `given_back`: credits of an earlier call with this key that were given back since. */
  | { balance: number; given_back?: number }
  | { refused: 'unknown_user' | 'user_deactivated' | 'user_banned' | 'idempotency_key_reused' }
  | { refused: 'insufficient_credits'; balance: number }

/** @throws DatabaseUnavailable */
export const spend = (db: Database, facts: Spend) => call<SpendAnswer>(db, 'spend', [facts])

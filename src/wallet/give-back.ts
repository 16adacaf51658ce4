import { call, type Database } from '../db.ts'

export interface GiveBack {
  user_id: string
  /** The key of the spend. */
  spend_key: string
  /** Credits, positive. Null: all that is left of the spend. */
  amount: number | null
  /** The caller's own name for this give-back: it is made once per key. */
  idempotency_key: string
  note: string | null
  /** The name of the caller's token. */
  caller: string | null
}

export type GiveBackAnswer =
  | { balance: number; given_back: number; closed: boolean }
  | { refused: 'unknown_user' | 'unknown_spend' | 'idempotency_key_reused' | 'limit_exceeded' }
  | { refused: 'more_than_spent'; left: number }

/** @throws DatabaseUnavailable */
export const giveBack = (db: Database, facts: GiveBack) => call<GiveBackAnswer>(db, 'give_back', [facts])

import { call, type Database } from '../db.ts'
import type { SignedIn, UserRefusal } from '../users/signed-in.ts'

export interface WalletPage {
  /** Credits, now. */
  balance: number
  entries: {
    id: number
    kind: string
    /** Credits, signed. */
    amount: number
    balance_after: number
    note: string | null
    created_at: string
  }[]
  /** The `before_id` of the next page, null on the last one. */
  next: number | null
}

/** @throws DatabaseUnavailable */
export const readWallet = (
  db: Database,
  facts: SignedIn & { page_size: number; before_id?: number | undefined },
) => call<WalletPage | UserRefusal | { refused: 'invalid_cursor' }>(db, 'read_wallet', [facts])

export interface Spend {
  user_id: string
  /** Credits, positive. */
  amount: number
  /** The caller's own name for this spend: it takes credits once. */
  idempotency_key: string
  note: string | null
}

export type SpendAnswer =
  | { balance: number }
  | UserRefusal
  | { refused: 'unknown_user' | 'idempotency_key_reused' }
  | { refused: 'insufficient_credits'; balance: number }

/** @throws DatabaseUnavailable */
export const spend = (db: Database, facts: Spend) => call<SpendAnswer>(db, 'spend', [facts])

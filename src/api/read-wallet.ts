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
    /** What a spend was for. */
    reference: string | null
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

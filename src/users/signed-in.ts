import { call, type Database } from '../db.ts'

/** A signed-in user, and how to bring one whom the webhook has not brought yet. `ensure_user.sql` says when. */
export interface SignedIn {
  user_id: string
  /** Credits, granted in the commit that opens the wallet and only there. */
  signup_bonus: number
  /** Whether deleted users' personal data is erased from what is stored. */
  erase: boolean
}

/** Why a signed-in user may not act. */
export type UserRefusal = { refused: 'user_deactivated' }

export interface Me {
  id: string
  email: string | null
  name: string | null
  /** Credits. */
  balance: number
  /** Of several, the one that entitles most. Moments as Postgres writes them: ISO 8601 with an offset. */
  subscription: {
    id: string
    status: string
    plan: string | null
    price: string | null
    current_period_end: string | null
    cancel_at_period_end: boolean
    cancel_at: string | null
  } | null
}

/** @throws DatabaseUnavailable */
export const readMe = (db: Database, facts: SignedIn) => call<Me | UserRefusal>(db, 'read_me', [facts])

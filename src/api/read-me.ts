import { call, type Database } from '../db.ts'
import type { SignedIn, UserRefusal } from '../users/signed-in.ts'

export interface Me {
  id: string
  email: string | null
  name: string | null
  /** Credits. */
  balance: number
  /** Whether Clerk has banned the user, who may neither spend nor buy until that is lifted. */
  banned: boolean
  /** Of several, the one that entitles to most. Moments are as Postgres writes them: ISO 8601 with an offset. */
  subscription: {
    id: string
    status: string
    plan: string | null
    price: string | null
    current_period_end: string | null
    cancel_at_period_end: boolean
    cancel_at: string | null
    collection_paused: boolean
  } | null
}

/** @throws DatabaseUnavailable */
export const readMe = (db: Database, facts: SignedIn) => call<Me | UserRefusal>(db, 'read_me', [facts])

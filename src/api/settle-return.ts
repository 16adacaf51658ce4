import { call, type Database, type Effect } from '../db.ts'
import type { SignedIn, UserRefusal } from '../users/signed-in.ts'

export interface Returned extends SignedIn {
  /** Of the session. */
  livemode: boolean
  /** What the session's webhook does. Null where that is nothing. */
  effect: Effect | null
}

export interface SettledReturn {
  /** As the session's webhook would have it. */
  verdict: { outcome: string; reason: string | null }
  /** Credits, afterwards. */
  balance: number
}

/** Takes the effect that the session's webhook will have, once: whichever is second finds it done. @throws DatabaseUnavailable */
export const settleReturn = (db: Database, facts: Returned) =>
  call<SettledReturn | UserRefusal>(db, 'settle_return', [facts])

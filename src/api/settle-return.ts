import { call, type Database, type Effect } from '../db.ts'
import type { SignedIn, UserRefusal } from '../users/signed-in.ts'

export interface Returned extends SignedIn {
  /** The session's mode. */
  livemode: boolean
  /** The effect of the session's webhook. Null if it has none. */
  effect: Effect | null
}

export interface SettledReturn {
  /** The verdict that the session's webhook would get. */
  verdict: { outcome: string; reason: string | null }
  /** Credits, afterwards. */
  balance: number
}

/**
 * Runs the effect that the session's webhook has. It happens once: whichever comes second finds it done.
 * @throws DatabaseUnavailable
 */
export const settleReturn = (db: Database, facts: Returned) =>
  call<SettledReturn | UserRefusal>(db, 'settle_return', [facts])

import { call, type Database } from '../db.ts'

export interface Entitlements {
  plan: string | null
  status: string | null
  /** As Postgres writes it: ISO 8601 with an offset. */
  cancel_at: string | null
  collection_paused: boolean
  banned: boolean
  /** Credits. */
  balance: number
}

/** @throws DatabaseUnavailable */
export const readEntitlements = (db: Database, facts: { user_id: string }) =>
  call<Entitlements | { refused: 'unknown_user' | 'user_deactivated' }>(db, 'read_entitlements', [facts])

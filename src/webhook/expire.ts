import { call, type Database } from '../db.ts'
import { log } from '../log.ts'

/** Payloads that one bite sets to null: as many as a bite of an erasure does. */
const MOST_EXPIRED = 5_000

/**
 * Drops a bite of the payloads that were settled more than this many days ago. Returns whether more is left.
 * @throws DatabaseUnavailable
 */
export async function expirePayloads(days: number, db: Database): Promise<boolean> {
  const facts = { most: MOST_EXPIRED, days }
  const { expired, more } = await call<{ expired: number; more: boolean }>(db, 'expire_payloads', [facts])
  if (expired > 0) log({ message: 'payloads expired', level: 'info', deliveries: expired })
  return more
}

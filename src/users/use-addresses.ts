import { call, type Database } from '../db.ts'

/** Users that one bite checks: it takes about 20 ms. */
const MOST_USERS = 500

/** The position of a pass through all users: after this user, at the end, or (null) not begun. */
type Position = { after: string } | 'done' | null

/**
 * If the signup bonus is given once per address, uses up the addresses of users who had it before. After one pass
 * nothing is left to do, because every event uses up its own addresses. Switching the setting off starts a new pass.
 * @throws DatabaseUnavailable
 */
export async function useKnownAddresses(
  oncePerAddress: boolean,
  db: Database,
  cursor: unknown,
): Promise<{ more: boolean; cursor: Position }> {
  if (!oncePerAddress) return { more: false, cursor: null }
  const position = (cursor ?? null) as Position
  if (position === 'done') return { more: false, cursor: position }
  const facts = { after: position?.after ?? null, most: MOST_USERS }
  const { after } = await call<{ after: string | null }>(db, 'use_known_addresses', [facts])
  return { more: after !== null, cursor: after === null ? 'done' : { after } }
}

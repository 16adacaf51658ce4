import { call, type Database } from '../db.ts'

/** Users whom one bite looks at: some 20 ms. */
const MOST_USERS = 500

/** Where a pass through all users stands: after this one, at the end, or not begun. */
type Position = { after: string } | 'done' | null

/**
 * Once the signup bonus is given once per address, uses up the addresses of users who had it before. After a pass
 * nothing is left to do, until the setting is switched off and on again: every event uses up its own addresses.
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

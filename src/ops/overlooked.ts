import { call, type Database } from '../db.ts'
import { log } from '../log.ts'

/** Rows that one bite compares. */
const MOST_COMPARED = 2_000

/**
 * Compares a bite of what waits with what is known. What it finds is reported, and released by the next run. It should
 * find nothing.
 * @throws DatabaseUnavailable
 */
export async function findOverlooked(
  db: Database,
  after: unknown,
): Promise<{ more: boolean; cursor: unknown }> {
  const { overlooked, ...slice } = await call<{ overlooked: number; after: string[] | null }>(
    db,
    'find_overlooked',
    [{ after: after ?? null, most: MOST_COMPARED }],
  )
  if (overlooked > 0)
    log({ message: 'attention', level: 'error', reason: 'overlooked', deliveries: overlooked })
  return { more: slice.after !== null, cursor: slice.after }
}

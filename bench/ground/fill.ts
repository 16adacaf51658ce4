import { bulkLoad } from './bulk.ts'
import { connectTo } from './database.ts'
import { HISTORY } from './history.ts'
import { PILES } from './piles.ts'

/** The ledger entries of each user in a fill. */
const ENTRIES_PER_USER = 10

/** The size of a fill. */
export interface Filling {
  ledgerRows: number
  /** The number of parked deliveries, and also of rejected ones. */
  waitingRows: number
}

/** Returns ids of different users from the fill, spread over the whole. */
export function filledUsers(ledgerRows: number, count: number, from: number): string[] {
  const users = Math.floor(ledgerRows / ENTRIES_PER_USER)
  // A prime that does not divide their number, so that neighbours in time are not neighbours in the tables.
  const step = users % 104_729 === 0 ? 104_723 : 104_729
  return Array.from({ length: count }, (_, index) => `user_f${((from + index) * step) % users}`)
}

const CHUNK = 1_000_000

/**
 * Makes the rows that some years leave: applied deliveries and waiting ones. Sums and links are as the verbs would have
 * made them.
 * @param how `in place` leaves tables unchanged: triggers run, cached plans stay, and nothing is analyzed
 */
export async function fill(
  url: string,
  { ledgerRows, waitingRows }: Filling,
  onStep: (says: string) => void,
  how: 'in bulk' | 'in place' = 'in bulk',
): Promise<void> {
  const database = await connectTo(url)
  const users = Math.floor(ledgerRows / ENTRIES_PER_USER)
  const load = async () => {
    for (const { says, rows, statement } of [...HISTORY, ...PILES]) {
      const count = Math.floor(rows({ users, waiting: waitingRows }))
      for (let from = 0; from < count; from += CHUNK) {
        await database.query(statement, [from, Math.min(from + CHUNK, count) - 1])
        if (count > CHUNK) onStep(`${says}: ${Math.min(from + CHUNK, count).toLocaleString('en')}`)
      }
    }
  }
  try {
    await database.query(`set search_path = ledgerhook; set fill.users = ${users};
      set fill.balance = ${how === 'in bulk' ? 2005 : 0}`)
    if (how === 'in place') return await load()
    await bulkLoad(database, async () => {
      await load()
      onStep('rows; now their indexes')
    })
    await database.query('vacuum analyze')
  } finally {
    await database.end()
  }
}

import { call, type Database } from '../db.ts'
import { log } from '../log.ts'

/** Payloads that one bite sets to null: it takes about 35 ms. */
const MOST_ERASED = 5_000

/** Erases a bite of the payloads of deleted users. Returns whether more is left. @throws DatabaseUnavailable */
export async function erasePayloads(db: Database): Promise<boolean> {
  const { kept, more } = await call<{ kept: string[]; more: boolean }>(db, 'erase_payloads', [
    { most: MOST_ERASED },
  ])
  // Your own tables may refer to the row. It has no personal data any more.
  for (const user of kept)
    log({ message: 'row kept empty', level: 'warn', user, cause: 'a foreign key refers to it' })
  return more
}

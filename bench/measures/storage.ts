import type pg from 'pg'
import { type Corner, openCorner } from '../arena/arena.ts'
import { type HotEvent, hotEvents } from '../arena/deliveries.ts'
import { assertOutcome, bring, deliver, newUsers } from '../arena/subjects.ts'
import { NO_VACUUM } from '../ground/bulk.ts'
import { startGatewayThread } from '../ground/gateway.ts'
import type { Ground } from '../ground/ground.ts'

/** Bytes that one delivery adds. `rows` includes values that Postgres stores out of line. */
export interface StorageRow {
  event: string
  rows: number
  indexes: number
  /** The bytes by table, for the tables that grew. */
  tables: { name: string; rows: number; indexes: number }[]
}

interface Size {
  name: string
  rows: number
  indexes: number
}

/**
 * Measures on a separate database, where no deleted row leaves room for a new one. Deliveries are sent one at a time,
 * because a table that several wait for grows by many pages at once.
 */
export async function measureStorage(
  ground: Ground,
  deliveries: number,
  onStep: (says: string) => void,
): Promise<StorageRow[]> {
  await ground.createDatabase('storage', 'ours')
  const gateway = await startGatewayThread(ground)
  const ledgerhook = await openCorner(ground, gateway, 'ledgerhook', 'storage')
  try {
    await ledgerhook.database.query(NO_VACUUM)
    const rows: StorageRow[] = []
    for (const hot of hotEvents) {
      rows.push(await measureEvent(hot, ledgerhook, deliveries))
      onStep(`bytes: ${hot.name}`)
    }
    return rows
  } finally {
    for (const part of [ledgerhook, gateway]) await part.stop()
  }
}

async function measureEvent(hot: HotEvent, ledgerhook: Corner, deliveries: number): Promise<StorageRow> {
  const users = newUsers(deliveries)
  await bring(hot, users, ledgerhook, 1)
  const before = await sizes(ledgerhook.database)
  const events = users.map((user) => hot.event(user))
  const { answers } = await deliver(events, ledgerhook, 1)
  assertOutcome(hot.name, hot.outcome, answers)
  const tables = (await sizes(ledgerhook.database))
    .map(({ name, rows, indexes }) => {
      const earlier = before.find((size) => size.name === name)
      return {
        name,
        rows: (rows - (earlier?.rows ?? 0)) / deliveries,
        indexes: (indexes - (earlier?.indexes ?? 0)) / deliveries,
      }
    })
    .filter(({ rows, indexes }) => rows + indexes > 0)
  const total = (part: 'rows' | 'indexes') => tables.reduce((bytes, table) => bytes + table[part], 0)
  return { event: hot.name, rows: total('rows'), indexes: total('indexes'), tables }
}

/**
 * Reads the sizes, without `tallies`: one delivery in ten seconds adds a row there, which is deleted within a minute.
 */
async function sizes(database: pg.Client): Promise<Size[]> {
  const { rows } = await database.query<Size>(`
    select relname as name, pg_table_size(oid)::int8::float8 as rows, pg_indexes_size(oid)::int8::float8 as indexes
    from pg_class where relnamespace = 'ledgerhook'::regnamespace and relkind = 'r' and relname <> 'tallies'
    order by relname`)
  return rows
}

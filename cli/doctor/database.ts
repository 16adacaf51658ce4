import type { Client } from 'pg'
import { connectTo } from '../shared/database.ts'
import type { Context } from './context.ts'

/** A query gives up after this, so that a large table is not read from end to end. */
const STATEMENT_MS = 10_000

/** The login of DATABASE_URL may not look at the tables: it is the Worker's, or your app's. */
export class NotTheOwner extends Error {
  override name = 'NotTheOwner'
}

const NOT_ALLOWED = '42501'

const connections = new WeakMap<Context, Promise<Client>>()

/** Returns the rows of a query, which only reads. @throws NotTheOwner, LocalError */
export async function rows<Row>(context: Context, sql: string, values: unknown[] = []): Promise<Row[]> {
  const client = await connection(context)
  try {
    return (await client.query(sql, values)).rows as Row[]
  } catch (error) {
    if ((error as { code?: string }).code === NOT_ALLOWED) throw new NotTheOwner()
    throw error
  }
}

function connection(context: Context): Promise<Client> {
  const open = connections.get(context) ?? connect(context.settings.DATABASE_URL ?? '')
  connections.set(context, open)
  return open
}

async function connect(url: string): Promise<Client> {
  const client = await connectTo(url)
  await client.query(`set default_transaction_read_only = on; set statement_timeout = ${STATEMENT_MS}`)
  return client
}

/** Bytes in words. */
export const mebibytes = (bytes: number) => `${Math.ceil(bytes / 1024 ** 2)} MiB`

/** Ends the connection, where one was opened. */
export async function disconnect(context: Context): Promise<void> {
  const client = await connections.get(context)?.catch(() => undefined)
  await client?.end().catch(() => {})
}

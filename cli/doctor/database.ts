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

interface Connection {
  client: Client
  /** The query that is under way: one connection has one transaction at a time. */
  turn: Promise<unknown>
}

const connections = new WeakMap<Context, Promise<Connection>>()

/** Returns the rows of a query, which only reads. @throws NotTheOwner, LocalError */
export async function rows<Row>(context: Context, sql: string, values: unknown[] = []): Promise<Row[]> {
  const connection = await connectionOf(context)
  const query = connection.turn.then(() => read<Row>(connection.client, sql, values))
  connection.turn = query.catch(() => {})
  try {
    return await query
  } catch (error) {
    if ((error as { code?: string }).code === NOT_ALLOWED) throw new NotTheOwner()
    throw error
  }
}

/** A pooler may hand the session on to others, so nothing is set for longer than the transaction. */
async function read<Row>(client: Client, sql: string, values: unknown[]): Promise<Row[]> {
  await client.query(`begin read only; set local statement_timeout = ${STATEMENT_MS}`)
  try {
    return (await client.query(sql, values)).rows as Row[]
  } finally {
    await client.query('rollback').catch(() => {})
  }
}

function connectionOf(context: Context): Promise<Connection> {
  const open = connections.get(context) ?? connect(context.settings.DATABASE_URL ?? '')
  connections.set(context, open)
  return open
}

async function connect(url: string): Promise<Connection> {
  return { client: await connectTo(url), turn: Promise.resolve() }
}

/** Bytes in words. */
export const mebibytes = (bytes: number) =>
  bytes < 1024 ** 2 ? 'less than 1 MiB' : `${Math.ceil(bytes / 1024 ** 2)} MiB`

/** Ends the connection, where one was opened. */
export async function disconnect(context: Context): Promise<void> {
  const connection = await connections.get(context)?.catch(() => undefined)
  await connection?.client.end().catch(() => {})
}

import type { Client } from 'pg'
import { connectTo } from '../shared/database.ts'
import type { Context } from './context.ts'

/** The time limit of a query, so that no large table is read completely. */
const STATEMENT_MS = 10_000

/** The login of DATABASE_URL may not read the tables, because it is the Worker's or your app's. */
export class NotTheOwner extends Error {
  override name = 'NotTheOwner'
}

const NOT_ALLOWED = '42501'

interface Connection {
  client: Client
  /** The query that is running: one connection has one transaction at a time. */
  turn: Promise<unknown>
}

const connections = new WeakMap<Context, Promise<Connection>>()

/** Runs a query that only reads, and returns its rows. @throws NotTheOwner, LocalError */
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

/**
 * Runs the query in a transaction, because a pooler may give the session to others: no setting must outlast the
 * transaction.
 */
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

/** Returns a number of bytes in words. */
export const mebibytes = (bytes: number) =>
  bytes < 1024 ** 2 ? 'less than 1 MiB' : `${Math.ceil(bytes / 1024 ** 2)} MiB`

/** Ends the connection if one was opened. */
export async function disconnect(context: Context): Promise<void> {
  const connection = await connections.get(context)?.catch(() => undefined)
  await connection?.client.end().catch(() => {})
}

import { setTimeout as sleep } from 'node:timers/promises'
import pg, { type PoolClient } from 'pg'
import { cancelOnAbort, cancelStatement } from './cancel.ts'
import { GatewayError } from './errors.ts'
import { MAX_BYTES, type SqlRequest } from './protocol.ts'
import { runStatement } from './statement.ts'
import type { Address } from './target.ts'

export type RunOptions = {
  address: Address
  /** Added to every statement that the database sees, in milliseconds. */
  statementMs: number
  /** Called for every statement that the database sees. */
  count: () => void
  /** Aborts when the client has gone away. */
  signal: AbortSignal
}

async function beforeStatement({ statementMs, count, signal }: RunOptions): Promise<void> {
  if (statementMs > 0) await sleep(statementMs)
  signal.throwIfAborted()
  count()
}

async function command(client: PoolClient, sql: string, options: RunOptions): Promise<void> {
  await beforeStatement(options)
  await client.query(sql)
}

async function runStatements(
  client: PoolClient,
  { statements, rawText }: SqlRequest,
  options: RunOptions,
): Promise<string> {
  const budget = { left: MAX_BYTES }
  const results: string[] = []
  for (const statement of statements) {
    await beforeStatement(options)
    let cancelled: Promise<void> | undefined
    const stop = () => {
      cancelled = cancelStatement(client, options.address)
    }
    try {
      results.push(await runStatement(client, statement, rawText, budget, stop))
    } finally {
      // A cancel request that is still on its way would cancel the ROLLBACK that follows.
      await cancelled
    }
  }
  return results.join()
}

async function runBatch(
  client: PoolClient,
  request: SqlRequest,
  beginWith: string,
  options: RunOptions,
): Promise<string> {
  await command(client, beginWith, options)
  let results: string
  try {
    results = await runStatements(client, request, options)
  } catch (error) {
    // Awaited, so that the locks are gone before the client reads the error. If it fails, the connection is closed
    // below, which rolls back as well; the first error is the one to report.
    await command(client, 'ROLLBACK', options).catch(() => {})
    throw error
  }
  await command(client, 'COMMIT', options)
  return `{"results":[${results}]}`
}

/** Runs the request on `client`. Then it returns the connection to its pool, or closes one that must not be reused. */
export async function runAndRelease(
  client: PoolClient,
  request: SqlRequest,
  options: RunOptions,
): Promise<string> {
  const stopWatching = cancelOnAbort(options.signal, client, options.address)
  let succeeded = false
  try {
    const { batch } = request
    const answer = batch
      ? await runBatch(client, request, batch.beginWith, options)
      : await runStatements(client, request, options)
    succeeded = true
    return answer
  } catch (error) {
    if (error instanceof GatewayError || error instanceof pg.DatabaseError) throw error
    // The connection broke while it ran: that is 400 at the proxy too. One that cannot be opened is 500.
    throw new GatewayError(400, (error as Error).message)
  } finally {
    stopWatching()
    // As at the proxy, a connection is closed after an error, when a transaction was left open, and after a cancel
    // request, which may still be on its way and would cancel the next statement.
    const reusable = succeeded && !options.signal.aborted && client.getTransactionStatus() === 'I'
    client.release(!reusable)
  }
}

import { setTimeout as sleep } from 'node:timers/promises'
import pg, { type PoolClient } from 'pg'
import { cancelOnAbort, cancelStatement } from './cancel.ts'
import { GatewayError } from './errors.ts'
import type { Address } from './pools.ts'
import { MAX_BYTES, type SqlRequest } from './protocol.ts'
import { runStatement } from './statement.ts'

export type RunOptions = {
  address: Address
  /** Added to every statement that the database sees, in milliseconds. */
  statementMs: number
  /** Called for every statement that the database sees. */
  count: () => void
  /** Aborted when the client has gone away. */
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
      // A cancel request still on its way would hit the ROLLBACK that follows.
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
    // Awaited, so that whoever reads the error finds the locks gone. Should it fail, the connection is closed
    // below, which rolls back as well, and the first error is still the one worth telling.
    await command(client, 'ROLLBACK', options).catch(() => {})
    throw error
  }
  await command(client, 'COMMIT', options)
  return `{"results":[${results}]}`
}

/** Runs the request on `client`, and gives it back to its pool or, where it may not be as new, closes it. */
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
    // The connection broke in the middle: 400 at the proxy too, unlike one that cannot be opened.
    throw new GatewayError(400, (error as Error).message)
  } finally {
    stopWatching()
    // Like the proxy: closed after an error, in a transaction that was left open, and after a cancel request,
    // which may still be on its way and would hit the next statement.
    const reusable = succeeded && !options.signal.aborted && client.getTransactionStatus() === 'I'
    client.release(!reusable)
  }
}

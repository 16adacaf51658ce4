import type { IncomingHttpHeaders } from 'node:http'
import { GatewayError } from './errors.ts'
import { type Json, toPostgresText } from './params.ts'

/** Neon's limit for a request, and for a response. */
export const MAX_BYTES = 10 * 1024 * 1024

export type Statement = { query: string; params: (string | null)[]; arrayMode: boolean }
export type Batch = { beginWith: string; echo: Record<string, string> }
export type SqlRequest = { statements: Statement[]; rawText: boolean; batch: Batch | null }

const ISOLATION_LEVELS: Record<string, string> = {
  ReadUncommitted: 'READ UNCOMMITTED',
  ReadCommitted: 'READ COMMITTED',
  RepeatableRead: 'REPEATABLE READ',
  Serializable: 'SERIALIZABLE',
}

function unreadable(why: string): GatewayError {
  return new GatewayError(400, `could not parse the HTTP request body: ${why}`)
}

function refuseLoneSurrogate(_key: string, value: unknown): unknown {
  if (typeof value === 'string' && !value.isWellFormed()) throw new Error('lone surrogate in hex escape')
  return value
}

function parseJson(body: string): Record<string, unknown> {
  try {
    // The proxy's parser refuses half a surrogate pair; JavaScript would store U+FFFD instead. Only an escape can be
    // one, and few bodies have such an escape.
    const json: unknown = JSON.parse(body, /\\ud/i.test(body) ? refuseLoneSurrogate : undefined)
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {}
  } catch (error) {
    throw unreadable((error as Error).message)
  }
}

function readStatement(json: unknown, arrayMode: boolean): Statement {
  const { query, params = [], arrayMode: own = null } = (json ?? {}) as Record<string, unknown>
  if (typeof query !== 'string' || !Array.isArray(params)) throw unreadable('not a query')
  if (own !== null && typeof own !== 'boolean') throw unreadable('arrayMode is not a boolean')
  return { query, params: (params as Json[]).map(toPostgresText), arrayMode: own ?? arrayMode }
}

function readBatch(headers: IncomingHttpHeaders): Batch {
  const batch: Batch = { beginWith: 'BEGIN', echo: {} }
  const isolation = headers['neon-batch-isolation-level']
  if (isolation !== undefined) {
    batch.beginWith += ` ISOLATION LEVEL ${ISOLATION_LEVELS[String(isolation)]}`
    batch.echo['Neon-Batch-Isolation-Level'] = String(isolation)
  }
  if (headers['neon-batch-read-only'] === 'true') {
    batch.beginWith += ' READ ONLY'
    batch.echo['Neon-Batch-Read-Only'] = 'true'
  }
  if (headers['neon-batch-deferrable'] === 'true') {
    batch.beginWith += ' DEFERRABLE'
    batch.echo['Neon-Batch-Deferrable'] = 'true'
  }
  return batch
}

/** Reads headers and body of one `POST /sql`. Throws a GatewayError for every request that Neon's proxy refuses. */
export function readSqlRequest(headers: IncomingHttpHeaders, body: string): SqlRequest {
  const isolation = headers['neon-batch-isolation-level']
  // As the proxy does, also for a single query, which does not use the isolation level.
  if (isolation !== undefined && !Object.hasOwn(ISOLATION_LEVELS, String(isolation))) {
    throw new GatewayError(400, 'invalid isolation level')
  }
  const rawText = headers['neon-raw-text-output'] === 'true'
  const arrayMode = headers['neon-array-mode'] === 'true'
  const json = parseJson(body)
  if (typeof json.query === 'string') {
    return { statements: [readStatement(json, arrayMode)], rawText, batch: null }
  }
  if (!Array.isArray(json.queries)) throw unreadable('neither a query nor queries')
  const statements = json.queries.map((query: unknown) => readStatement(query, arrayMode))
  return { statements, rawText, batch: readBatch(headers) }
}

import pg from 'pg'

/** The response to one HTTP request. The body is JSON text. */
export type Answer = { status: number; headers?: Record<string, string>; body: string }

/** An error of the gateway itself, not one that Postgres sent. */
export class GatewayError extends Error {
  override name = 'GatewayError'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

const FIELDS = [
  'code',
  'severity',
  'detail',
  'hint',
  'position',
  'internalPosition',
  'internalQuery',
  'where',
  'table',
  'column',
  'schema',
  'dataType',
  'constraint',
  'file',
  'line',
  'routine',
] as const

function statusOf(error: unknown): number {
  if (error instanceof GatewayError) return error.status
  return error instanceof pg.DatabaseError ? 400 : 500
}

/** Returns an error in the proxy's form: with every field, null where Postgres did not set it. */
export function errorAnswer(error: unknown): Answer {
  const body: Record<string, string | null> = {
    message: error instanceof Error ? error.message : String(error),
  }
  for (const field of FIELDS) body[field] = error instanceof pg.DatabaseError ? (error[field] ?? null) : null
  return { status: statusOf(error), body: JSON.stringify(body) }
}

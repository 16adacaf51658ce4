import pg from 'pg'
import { LocalError } from '../shared/errors.ts'

const DEADLOCK = '40P01'

/**
 * Returns what to throw instead of Postgres's error: one line that names the place. A deadlock is returned unchanged.
 */
export function refusal(
  error: Error & { code?: string },
  where: string,
  file?: { path: string; sql: string },
): Error {
  if (error instanceof LocalError || error.code === DEADLOCK) return error
  if (!(error instanceof pg.DatabaseError)) {
    return new LocalError(
      `the connection to ${where} broke (${error.code ?? error.name}): nothing is changed`,
    )
  }
  const place = file ? `${file.path}:${lineOf(file.sql, error)}` : where
  const hint = error.code === '42501' ? '. Migrate as the owner of the schema ledgerhook' : ''
  return new LocalError(
    `${place}: ${error.message.split('\n')[0]} (${error.code}): nothing is changed${hint}`,
  )
}

function lineOf(sql: string, { position }: pg.DatabaseError): number {
  return sql.slice(0, Number(position ?? 0)).split('\n').length
}

import pg from 'pg'
import { LocalError } from '../shared/errors.ts'

const DEADLOCK = '40P01'

/** SQLSTATE classes of an error that the rows of the database have caused: a constraint, or an exception of a guard. */
const OF_THE_DATA = /^(23|P0)/

/** A file of the checkout is wrong, whatever database it is applied to. */
export class FileError extends LocalError {
  /** What to do, if the message does not say it. */
  readonly advice: string

  constructor(message: string, advice = 'correct that file') {
    super(message)
    this.advice = advice
  }
}

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
  const Refusal = file && !hint && !OF_THE_DATA.test(error.code ?? '') ? FileError : LocalError
  return new Refusal(`${place}: ${error.message.split('\n')[0]} (${error.code}): nothing is changed${hint}`)
}

function lineOf(sql: string, { position }: pg.DatabaseError): number {
  return sql.slice(0, Number(position ?? 0)).split('\n').length
}

import { FileError } from '../../cli/migrate/failure.ts'
import { LocalError } from '../../cli/shared/errors.ts'

/** Postgres's code for a function whose file changes what it returns, or the names of its parameters. */
const ANOTHER_SIGNATURE = '(42P13)'

/** Returns why the local database cannot be migrated, and what to do: to correct a file, or to give up the data. */
export function whyNotMigrated(error: Error, dataDir: string): Error {
  const { message } = error
  if (error instanceof FileError) {
    const more = message.includes(ANOTHER_SIGNATURE) ? ', or start over with --fresh if it is new' : ''
    return new LocalError([message, error.advice + more].filter(Boolean).join(': '))
  }
  return new LocalError(`the data in ${dataDir} cannot be migrated (${message}): start over with --fresh`)
}

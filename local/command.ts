import { LocalError } from './errors.ts'

/**
 * Runs the body of a command. Prints one line, and exits with 1, for an error that the person at the keyboard can
 * fix.
 */
export async function runCommand(main: () => Promise<void>): Promise<void> {
  try {
    await main()
  } catch (error) {
    if (!(error instanceof LocalError)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
}

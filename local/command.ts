import { LocalError } from './errors.ts'

/** Runs a command's body. What the person at the keyboard can put right is one line, and exit code 1. */
export async function runCommand(main: () => Promise<void>): Promise<void> {
  try {
    await main()
  } catch (error) {
    if (!(error instanceof LocalError)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
}

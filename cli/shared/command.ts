import { setTimeout } from 'node:timers'
import { LocalError } from './errors.ts'

const QUIET_MS = 2_000

/** Runs a command's body. What the person at the keyboard can put right is one line, and exit code 1. */
export async function runCommand(main: () => Promise<void> | void): Promise<void> {
  try {
    await main()
  } catch (error) {
    if (!(error instanceof LocalError)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
}

/** Says on standard error what is still going on, once it has taken two seconds. */
export async function saying<T>(what: string, work: Promise<T>): Promise<T> {
  const timer = setTimeout(() => console.error(`${what} …`), QUIET_MS)
  try {
    return await work
  } finally {
    clearTimeout(timer)
  }
}

import { setTimeout } from 'node:timers'
import { LocalError } from './errors.ts'

const QUIET_MS = 2_000

/** Errors of the operating system, in words. */
const SYSTEM: Record<string, string> = {
  EACCES: 'you have no permission for it',
  EPERM: 'you have no permission for it',
  EEXIST: 'a file of that name is in the way',
  ENOTDIR: 'a part of that path is a file',
  EROFS: 'it is on a read-only disk',
  ENOSPC: 'the disk is full',
  EDQUOT: 'your share of the disk is full',
}

/** Runs a command's body. An error that the person at the keyboard can fix becomes one line and exit code 1. */
export async function runCommand(main: () => Promise<void> | void): Promise<void> {
  try {
    await main()
  } catch (error) {
    const sentence = error instanceof LocalError ? error.message : ofTheSystem(error)
    if (sentence === undefined) throw error
    console.error(sentence)
    process.exitCode = 1
  }
}

function ofTheSystem(error: unknown): string | undefined {
  const { code = '', path, syscall } = error as NodeJS.ErrnoException
  return SYSTEM[code] && syscall && `${path ?? 'a file'} cannot be used (${code}): ${SYSTEM[code]}`
}

/** Prints on standard error what is still running, once it has taken two seconds. */
export async function saying<T>(what: string, work: Promise<T>): Promise<T> {
  const timer = setTimeout(() => console.error(`${what} …`), QUIET_MS)
  try {
    return await work
  } finally {
    clearTimeout(timer)
  }
}

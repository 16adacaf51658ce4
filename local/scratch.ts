import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { reachableTmp } from './postgres/reachable.ts'

/** Containers may share a temporary directory, and have processes of the same numbers. */
const HOST = hostname().replaceAll(/[^A-Za-z0-9]/g, '') || 'host'

const NAME = new RegExp(`^ledgerhook-[a-z-]+-(\\d+)-${HOST}-`)

let swept = false

/**
 * Returns a new directory of this process in the temporary directory. Before the first one it removes those of processes
 * that are gone: a process that was killed could not remove its own, with Postgres's data or with all secrets.
 */
export function makeScratchDir(purpose: string): string {
  if (!swept) removeAbandoned()
  swept = true
  return mkdtempSync(join(reachableTmp(), `ledgerhook-${purpose}-${process.pid}-${HOST}-`))
}

/** Removes what no living process owns. What may not be removed is another user's, and stays. */
export function removeAbandoned(): void {
  const folder = reachableTmp()
  for (const name of readdirSync(folder)) {
    const pid = Number(NAME.exec(name)?.[1])
    if (!pid || isAlive(pid)) continue
    try {
      rmSync(join(folder, name), { recursive: true, force: true })
    } catch {}
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { reachableTmp } from './postgres/reachable.ts'

/** The name of this machine, because containers may share a temporary directory and have equal process ids. */
const HOST = hostname().replaceAll(/[^A-Za-z0-9]/g, '') || 'host'

const NAME = new RegExp(`^ledgerhook-[a-z-]+-(\\d+)-${HOST}-`)

let swept = false

/**
 * Creates a directory for this process in the temporary directory. Before the first one it removes those of processes
 * that have ended: a killed process could not remove its own, with Postgres's data or with all secrets.
 */
export function makeScratchDir(purpose: string): string {
  if (!swept) removeAbandoned()
  swept = true
  return mkdtempSync(join(reachableTmp(), `ledgerhook-${purpose}-${process.pid}-${HOST}-`))
}

/**
 * Removes the directories of processes that have ended. One that cannot be removed belongs to another user, and stays.
 */
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

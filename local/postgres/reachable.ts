import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { makeDirs } from '../make-dirs.ts'

// Postgres refuses to run as root. For root it runs as the user `postgres`, who cannot enter every folder that root
// can: none below /root, and none that `mktemp -d` has made.

/** The mode bits with which everybody may enter a folder, or read and run a file. */
const ENTER = 0o001
const RUN = 0o005

const isRoot = () => process.getuid?.() === 0
const modeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.mode

/** Whether everybody may enter each existing folder above this path. */
function isReachable(path: string): boolean {
  const folder = dirname(path)
  const found = statSync(folder, { throwIfNoEntry: false })
  if (found?.isDirectory() && (found.mode & ENTER) === 0) return false
  return folder === path || isReachable(folder)
}

/** Returns the temporary directory. For root, the first one that Postgres's user can enter. */
export function reachableTmp(): string {
  const usual = tmpdir()
  if (!isRoot()) return usual
  const others = ['/tmp', '/var/tmp', '/dev/shm'].filter((folder) => modeOf(folder) !== undefined)
  return [usual, ...others].find((folder) => isReachable(join(folder, 'any'))) ?? usual
}

/** Sets the umask, if this is root: Postgres runs as another user. Returns a function that restores it. */
export function umaskOfRoot(umask: number): () => void {
  if (!isRoot()) return () => {}
  const before = process.umask(umask)
  return () => void process.umask(before)
}

/** Creates the directory of a file. Postgres's user can enter it, because its data may be there, but not list it. */
export function makeDirOf(file: string): void {
  const setBack = umaskOfRoot(0o066)
  try {
    makeDirs(dirname(file))
  } finally {
    setBack()
  }
}

/**
 * Returns where Postgres can keep its data for this directory: there, or for root in a directory that its user can
 * enter.
 */
export function reachableDataDir(dataDir: string): string {
  const wanted = resolve(dataDir)
  if (!isRoot() || isReachable(wanted)) return wanted
  const name = createHash('sha256').update(wanted).digest('hex').slice(0, 12)
  return join('/var/tmp', `ledgerhook-data-${name}`)
}

/** Whether Postgres's user can run these binaries. */
export function mayBeRun(native: string): boolean {
  const initdb = join(native, 'bin', 'initdb')
  return !isRoot() || (isReachable(initdb) && ((modeOf(initdb) ?? 0) & RUN) === RUN)
}

/** Copies binaries into a directory where everybody can run them. */
export function copyBinaries(native: string, to: string): void {
  cpSync(native, to, { recursive: true, verbatimSymlinks: true })
  execFileSync('chmod', ['-R', 'a+rX', to])
}

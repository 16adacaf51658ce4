import { migrate } from '../cli/migrate/run.ts'
import type { Vars } from './dev-vars.ts'
import { startGateway } from './gateway/server.ts'
import { addressOf } from './gateway/target.ts'
import { reservePort } from './ports.ts'
import { whyNotMigrated } from './postgres/not-migrated.ts'
import { createDatabase, query } from './postgres/query.ts'
import { startPostgres } from './postgres.ts'
import {
  isLocalClerk,
  isLocalStripe,
  type StandInOptions,
  startLocalClerk,
  startLocalStripe,
  stripeSettings,
} from './stand-ins.ts'
import { type LocalWorker, startWorker, type WorkerOptions } from './worker.ts'

export interface StackOptions extends Omit<WorkerOptions, 'port'>, StandInOptions {
  ports: { worker: number; postgres: number; gateway: number; stripe: number; clerk: number }
  /** Settings that win over all others, including the address of the local database. */
  overrides?: Vars
  /** Where the local Postgres keeps its data. */
  dataDir: string
  /** A database to use instead of the local Postgres. It is not migrated here. */
  givenUrl?: string | undefined
  /** Whether it is not Neon and needs the gateway. */
  givenNeedsGateway?: boolean
  /** Milliseconds that the gateway adds to each request and to each statement. */
  latency?: { rttMs?: number; statementMs?: number }
  /** Called as soon as a part is up. */
  onStep?: (part: string) => void
}

export interface Stack {
  worker: LocalWorker
  databaseUrl: string
  /** Whether the database is the local Postgres. */
  isOwnDatabase: boolean
  /** The gateway's `POST /sql`. Undefined with a Neon database. */
  gatewayUrl: string | undefined
  /** The local Stripe. Undefined with a key of Stripe's own. */
  stripeUrl: string | undefined
  /** The local Clerk. Undefined with a key of Clerk's own, and without any. */
  clerkUrl: string | undefined
  stop(): Promise<void>
}

type Part = { stop(): Promise<void> }
type Started = <P extends Part>(part: P, name: string) => P

/** Starts everything that `npm run dev` and `npm run demo` need. When a part fails, nothing is left running. */
export async function startStack(options: StackOptions, interrupt: AbortSignal): Promise<Stack> {
  const parts: Part[] = []
  const stop = async () => {
    for (let part = parts.pop(); part; part = parts.pop()) await part.stop()
  }
  const started: Started = (part, name) => {
    parts.push(part)
    options.onStep?.(name)
    interrupt.throwIfAborted()
    return part
  }
  try {
    await assertPortsFree(options)
    const database = options.givenUrl
      ? await useDatabase(options.givenUrl, options, started)
      : await startDatabase(options, started)
    const given = { ...options.settings, ...database.settings, ...options.overrides }
    const stripe = isLocalStripe(given) ? await startLocalStripe(given, options) : undefined
    if (stripe) started(stripe, 'the local Stripe')
    const clerk = isLocalClerk(given) ? await startLocalClerk(given, options) : undefined
    if (clerk) started(clerk, 'the local Clerk')
    const addresses = { ...(stripe && stripeSettings(stripe)), ...(clerk && { CLERK_API_BASE: clerk.url }) }
    const settings = { ...addresses, ...given }
    const worker = await startWorker({ ...options, port: options.ports.worker, settings }, interrupt)
    started(worker, 'the Worker, in workerd')
    return {
      worker,
      databaseUrl: database.url,
      isOwnDatabase: !options.givenUrl,
      gatewayUrl: database.gatewayUrl,
      stripeUrl: stripe?.url,
      clerkUrl: clerk?.url,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Reserves all ports at once, so that a port that is given twice is noticed too. */
async function assertPortsFree(options: StackOptions): Promise<void> {
  const { ports, givenUrl, givenNeedsGateway, settings, overrides } = options
  const wanted: [number, string][] = [[ports.worker, '--port']]
  if (!givenUrl) wanted.push([ports.postgres, '--pg-port'])
  if (!givenUrl || givenNeedsGateway) wanted.push([ports.gateway, '--gateway-port'])
  if (isLocalStripe({ ...settings, ...overrides })) wanted.push([ports.stripe, '--stripe-port'])
  if (isLocalClerk({ ...settings, ...overrides })) wanted.push([ports.clerk, '--clerk-port'])
  const releases: (() => Promise<void>)[] = []
  try {
    for (const [port, flag] of wanted) releases.push(await reservePort(port, flag))
  } finally {
    for (const release of releases) await release()
  }
}

/** Neon itself, or the gateway in front of another Postgres. */
async function useDatabase(url: string, options: StackOptions, started: Started) {
  if (!options.givenNeedsGateway) return { url, gatewayUrl: undefined, settings: { DATABASE_URL: url } }
  const postgres = addressOf(url)
  const gateway = await startGateway({ ...options.latency, port: options.ports.gateway, postgres })
  started(gateway, `the gateway, in front of ${new URL(url).host}`)
  return { url, gatewayUrl: gateway.url, settings: { DATABASE_URL: url, NEON_FETCH_ENDPOINT: gateway.url } }
}

async function startDatabase({ dataDir, fresh, ports, latency }: StackOptions, started: Started) {
  const postgres = started(await startPostgres({ dataDir, port: ports.postgres }), 'PostgreSQL')
  if (fresh) await recreateDatabase(postgres.url('postgres'), 'ledgerhook')
  // Nothing else uses these functions, so an undone edit may bring an older set back.
  await migrate(postgres.url(), { functionsBack: true }).catch((error: Error) => {
    throw whyNotMigrated(error, dataDir)
  })
  const gateway = started(
    await startGateway({
      ...latency,
      port: ports.gateway,
      postgres: { host: '127.0.0.1', port: postgres.port },
    }),
    'migrations, and the gateway that speaks SQL over HTTP as Neon does',
  )
  const settings: Vars = { DATABASE_URL: postgres.url(), NEON_FETCH_ENDPOINT: gateway.url }
  return { url: postgres.url(), gatewayUrl: gateway.url, settings }
}

/** Drops the database, not the directory, so that only what Postgres manages is deleted. */
async function recreateDatabase(adminUrl: string, name: string): Promise<void> {
  await query(adminUrl, `drop database if exists ${name} with (force)`)
  await createDatabase(adminUrl, name)
}

import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { projectDir } from '../../cli/shared/project.ts'
import { connectTo } from '../ground/database.ts'
import type { Ground } from '../ground/ground.ts'
import { multiply } from '../ground/people.ts'
import type { Population } from '../ground/providers.ts'

/** One run of `npm run reconcile`. */
export interface ReconcileRow {
  run: string
  /** Objects that were compared, and differences that were found and fixed. */
  objects: number
  found: number
  fixed: number
  /** Requests to both providers, and transactions of the database. */
  requests: number
  statements: number
  seconds: number
  /** The command's peak memory, in MiB. */
  peak: number
}

/** The number of people. Every second one has a subscription. */
export const SMALL_PEOPLE = 1_000

const KEY = 'sk_test_0123456789abcdef'
const DATABASE = 'reconciled'
/**
 * The kinds of differences, each with the same number: missing users, and their payments, subscriptions and refunds.
 */
const KINDS = 4
const differencesOf = (people: number) => Math.max(5, Math.floor(people / 1_000))
const CREDITS = 500

/**
 * Compares this many people, each with a customer and a paid session, half of them with a subscription, with a database
 * that lacks only a few of them: once dry, then killed half-way, then to its end, and once more.
 */
export async function measureReconcile(
  ground: Ground,
  people: number,
  onStep: (says: string) => void,
): Promise<ReconcileRow[]> {
  const few = differencesOf(people)
  await ground.createDatabase(DATABASE, 'ours')
  await fill(ground, people, few)
  onStep(`${people.toLocaleString('en')} people, and their subscriptions`)
  const providers = await startProviders(ground, {
    key: KEY,
    people: people + few,
    subscriptions: Math.floor(people / 2),
    refunded: { from: few, to: 2 * few },
  })
  onStep('the same and a few more at the local Stripe and the local Clerk')
  const dry = await measured('dry', ground, providers, [])
  onStep(`reconcile, dry: ${dry.seconds.toFixed(0)} s`)
  await killed(ground, providers, dry.seconds / 2)
  onStep('reconcile --fix, killed half-way')
  const fixed = await measured('--fix, after one that was killed', ground, providers, ['--fix'])
  onStep(`reconcile --fix, which compares twice: ${fixed.seconds.toFixed(0)} s`)
  const again = await measured('dry, once more', ground, providers, [])
  onStep('once more')
  await assertEnd(ground, dry, again, { people, few })
  return [dry, fixed, again]
}

async function assertEnd(
  ground: Ground,
  dry: ReconcileRow,
  again: ReconcileRow,
  { people, few }: { people: number; few: number },
): Promise<void> {
  const database = await connectTo(ground.databaseUrl(DATABASE))
  const { rows } = await database.query<{ sum: string }>('select sum(balance) from ledgerhook.wallets')
  await database.end()
  const expected = (people + few) * CREDITS - (few * CREDITS) / 2
  if (dry.found !== KINDS * few || again.found !== 0 || Number(rows[0]?.sum) !== expected)
    throw new Error(`${dry.found} differed, ${again.found} are left, and ${rows[0]?.sum} credits are there`)
}

interface Providers {
  stripeUrl: string
  clerkUrl: string
  /** Returns the number of requests so far. */
  requests(): Promise<number>
}

async function startProviders(
  ground: Ground,
  population: Population,
): Promise<Providers & { stop(): Promise<unknown> }> {
  const child = fork(join(projectDir, 'bench/ground/providers.ts'), [JSON.stringify(population)], {
    execArgv: ['--max-old-space-size=6000'],
  })
  const stop = async () => child.kill('SIGKILL')
  ground.holds({ stop })
  const [said] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error('the local providers have ended'))),
  ])) as [{ stripeUrl: string; clerkUrl: string }]
  const requests = async () => {
    child.send('requests')
    return ((await once(child, 'message')) as [number])[0]
  }
  return { ...said, requests, stop }
}

/** Prints the peak memory at the end, in KiB. */
const WATCHED = `data:text/javascript,process.on('exit',()=>process.stderr.write('\\npeak '+process.resourceUsage().maxRSS))`

function start(ground: Ground, { stripeUrl, clerkUrl }: Providers, args: string[]): ChildProcess {
  const env = {
    PATH: process.env.PATH,
    DATABASE_URL: ground.databaseUrl(DATABASE),
    STRIPE_SECRET_KEY: KEY,
    STRIPE_API_BASE: stripeUrl,
    CLERK_SECRET_KEY: KEY,
    CLERK_API_BASE: clerkUrl,
    CLERK_INSTANCE_ID: 'ins_bench',
    SIGNUP_BONUS_SINCE: '2099-01-01T00:00:00Z',
    PLANS: '{"price_pro": {"key": "pro", "credits": 1000}}',
  }
  const command = ['--import', WATCHED, join(projectDir, 'cli/reconcile.ts'), '--json', ...args]
  const child = spawn(process.execPath, command, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  ground.holds({ stop: async () => child.kill('SIGKILL') })
  return child
}

async function measured(
  run: string,
  ground: Ground,
  providers: Providers,
  args: string[],
): Promise<ReconcileRow> {
  const before = [await providers.requests(), await transactions(ground)] as const
  const startedAt = performance.now()
  const child = start(ground, providers, args)
  const [said, errors] = await Promise.all(
    [child.stdout, child.stderr].map((stream) => stream && text(stream)),
  )
  const seconds = (performance.now() - startedAt) / 1000
  if (!said) throw new Error(errors ?? '')
  const { compared, found, fixed } = JSON.parse(said)
  const objects = Object.values<number>(compared).reduce((sum, count) => sum + count, 0)
  return {
    run,
    objects,
    found: found.length,
    fixed: fixed.length,
    seconds,
    requests: (await providers.requests()) - before[0],
    statements: (await transactions(ground)) - before[1],
    peak: Number(/peak (\d+)/.exec(errors ?? '')?.[1]) / 1024,
  }
}

async function killed(ground: Ground, providers: Providers, afterSeconds: number): Promise<void> {
  const child = start(ground, providers, ['--fix'])
  const timer = setTimeout(() => child.kill('SIGKILL'), afterSeconds * 1000)
  await once(child, 'exit')
  clearTimeout(timer)
}

async function transactions(ground: Ground): Promise<number> {
  const database = await connectTo(ground.databaseUrl(DATABASE))
  try {
    const { rows } = await database.query<{ count: string }>(
      `select xact_commit + xact_rollback as count from pg_stat_database where datname = '${DATABASE}'`,
    )
    return Number(rows[0]?.count)
  } finally {
    await database.end()
  }
}

/** Creates one person by the command itself, and all others by copying that person's rows. */
async function fill(ground: Ground, people: number, few: number): Promise<void> {
  const population = { key: KEY, people: 1, subscriptions: 1, refunded: { from: 0, to: 0 } }
  const providers = await startProviders(ground, population)
  await measured('one person', ground, providers, ['--fix'])
  await providers.stop()
  await multiply(ground.databaseUrl(DATABASE), people, few)
}

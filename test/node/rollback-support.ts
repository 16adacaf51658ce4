import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { inject } from 'vitest'
import { type Event, sign } from '../../bench/arena/deliveries.ts'
import { bundleWorker } from '../../bench/ground/bundle.ts'
import { startWorkerd, type Workerd } from '../../bench/ground/workerd.ts'
import { readFunctions } from '../../cli/migrate/functions.ts'
import { readSeals } from '../../cli/migrate/migrations.ts'
import { migrate } from '../../cli/migrate/run.ts'
import { checkoutOf } from '../../cli/replay/checkout.ts'
import { projectDir } from '../../cli/shared/project.ts'
import { commitsOf, fileAt } from '../../local/check/git.ts'
import { query } from '../../local/postgres/query.ts'
import type { Stack } from '../support/control.ts'
import { refund, renew, SECRETS, signUp, subscribe, topUp, VARS } from './replay-support.ts'

/** A build: the bundle of its Worker, and the folders that its database is migrated with. */
export interface Build {
  bundlePath: string
  migrations: string
  functions: string
}

/** A Worker of a build in a separate workerd, with fixed settings. */
export type Deployed = Workerd

const OPS_TOKEN = 'ops-token-of-the-drills'

const tree = (commit: string) =>
  spawnSync('git', ['-C', projectDir, 'rev-parse', `${commit}:./src`], { encoding: 'utf8' }).stdout.trim()

/**
 * Returns the newest earlier commit with other sources, all of whose migrations this one applies. Undefined in a
 * shallow clone, and without Git.
 */
export function previousCommit(): string | undefined {
  const seals = readSeals() ?? {}
  return commitsOf(projectDir, 'src')
    .slice(0, 50)
    .find((commit) => {
      const theirs = Object.entries(JSON.parse(fileAt(projectDir, commit, 'migrations/sealed.json') ?? '{}'))
      return (
        theirs.length > 0 &&
        theirs.every(([tag, hash]) => seals[tag] === hash) &&
        tree(commit) !== tree('HEAD')
      )
    })
}

/** Returns this build and the build of a commit. The caller removes the unpacked files. */
export async function buildsOf(commit: string): Promise<{ now: Build; previous: Build; remove(): void }> {
  const { dir, remove } = checkoutOf(commit)
  const { hash, entryPoints } = readFunctions(join(dir, 'src'))
  // The files that the stamp of that commit would have written.
  const needs = JSON.stringify({ hash, entryPoints })
  writeFileSync(
    join(dir, 'src/ops/functions.gen.ts'),
    `export const FUNCTIONS = ${needs}\nexport const BUILD = 'previous'\n`,
  )
  const [now, previous] = await Promise.all([buildIn(projectDir, dir, 'now'), buildIn(dir, dir, 'previous')])
  return { now, previous, remove }
}

/** Adds a route that starts a scheduled run, which Cloudflare does without a request. */
const ENTRY = (index: string) => `import worker from ${JSON.stringify(index)}
export default {
  async fetch(request, env, context) {
    if (new URL(request.url).pathname !== '/drill/scheduled') return await worker.fetch(request, env, context)
    await worker.scheduled({ scheduledTime: Date.now() }, env)
    return new Response()
  },
}
`

/** Bundles the sources in `dir` as for deployment. */
async function buildIn(dir: string, scratchDir: string, name: string): Promise<Build> {
  const entry = join(scratchDir, `${name}.ts`)
  writeFileSync(entry, ENTRY(join(dir, 'src/index.ts')))
  const bundle = await bundleWorker(
    // Another build may call parts of an SDK that this one's bundle lacks.
    { path: relative(projectDir, entry), ...(dir !== projectDir && { whole: true }) },
    join(scratchDir, name),
    new AbortController().signal,
  )
  return { bundlePath: bundle.path, migrations: join(dir, 'migrations'), functions: join(dir, 'src') }
}

/** A database that was migrated by both builds, and the settings of both Workers. */
export async function startDrills({ now, previous }: { now: Build; previous: Build }) {
  const response = await fetch(`${inject('control')}/stack`, { method: 'POST' })
  const stack = (await response.json()) as Stack
  const name = `drills_${process.pid}`
  const at = (url: string, pathname: string) => Object.assign(new URL(url), { pathname }).href
  await query(at(stack.databaseUrl, '/postgres'), `create database ${name}`)
  const databaseUrl = at(stack.databaseUrl, `/${name}`)
  await migrate(databaseUrl, previous)
  await migrate(databaseUrl, now)
  const env = {
    ...SECRETS,
    ...VARS,
    DATABASE_URL: at(stack.workerUrl, `/${name}`),
    NEON_FETCH_ENDPOINT: stack.gatewayUrl,
    STRIPE_API_BASE: stack.stripeUrl,
    OPS_TOKEN,
    RECONCILE: 'off',
  }
  const running: Workerd[] = []
  /** Deploys a build, optionally with other settings. */
  const deploy = async ({ bundlePath }: Build, settings: Partial<typeof env> = {}): Promise<Deployed> => {
    const worker = await startWorkerd({ bundlePath, settings: { ...env, ...settings } })
    running.push(worker)
    return worker
  }
  const stop = async () => {
    await Promise.all(running.map((worker) => worker.stop()))
    await query(at(stack.databaseUrl, '/postgres'), `drop database ${name} with (force)`)
  }
  return { databaseUrl, deploy, stop }
}

export const eventsOf = (user: string): Event[] => [
  signUp(user),
  topUp(user),
  subscribe(user),
  renew(user),
  refund(user, 400),
]

/** Sends one event to a Worker. Returns the status. */
export async function send({ url: origin }: Deployed, event: Event): Promise<number> {
  const { url, headers, body } = await sign(event, origin, SECRETS)
  const response = await fetch(url, { method: 'POST', headers, body })
  await response.arrayBuffer()
  return response.status
}

/** Returns the status of `/api/ready`. */
export async function readiness({ url }: Deployed): Promise<string> {
  const headers = { authorization: `Bearer ${OPS_TOKEN}` }
  const response = await fetch(`${url}/api/ready`, { headers })
  return ((await response.json()) as { status: string }).status
}

export async function runScheduled({ url }: Deployed): Promise<void> {
  const response = await fetch(`${url}/drill/scheduled`)
  if (!response.ok) throw new Error(`the scheduled run returned ${response.status}`)
}

import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inject } from 'vitest'
import { type Event, sign } from '../../bench/arena/deliveries.ts'
import { readFunctions } from '../../cli/migrate/functions.ts'
import { readSeals } from '../../cli/migrate/migrations.ts'
import { migrate } from '../../cli/migrate/run.ts'
import { checkoutOf } from '../../cli/replay/checkout.ts'
import { projectDir } from '../../cli/shared/project.ts'
import { commitsOf, fileAt } from '../../local/check/git.ts'
import { query } from '../../local/postgres/query.ts'
import type { Stack } from '../support/control.ts'
import { refund, renew, SECRETS, signUp, subscribe, topUp, VARS } from './replay-support.ts'

/** What Cloudflare calls. */
interface Worker {
  fetch(request: Request, env: object, context: object): Promise<Response>
  scheduled(event: { scheduledTime: number }, env: object): Promise<void>
}

/** A build: its Worker, and what its database is migrated with. */
export interface Build {
  worker: Worker
  migrations: string
  functions: string
}

const tree = (commit: string) =>
  spawnSync('git', ['-C', projectDir, 'rev-parse', `${commit}:./src`], { encoding: 'utf8' }).stdout.trim()

/**
 * The newest commit behind this one with other sources, whose migrations are all applied by this one. Undefined in a
 * shallow clone, and where there is no Git.
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

/** This build, and the one of a commit. The caller removes what was unpacked. */
export async function buildsOf(commit: string): Promise<{ now: Build; previous: Build; remove(): void }> {
  const { dir, remove } = checkoutOf(commit)
  const { hash, entryPoints } = readFunctions(join(dir, 'src'))
  // What the stamp of that commit would have written.
  const needs = JSON.stringify({ hash, entryPoints })
  writeFileSync(
    join(dir, 'src/ops/functions.gen.ts'),
    `export const FUNCTIONS = ${needs}\nexport const BUILD = 'previous'\n`,
  )
  return { now: await buildIn(projectDir), previous: await buildIn(dir), remove }
}

async function buildIn(dir: string): Promise<Build> {
  const { default: worker } = await import(pathToFileURL(join(dir, 'src/index.ts')).href)
  return { worker, migrations: join(dir, 'migrations'), functions: join(dir, 'src') }
}

/** A database that has had both builds, and what both Workers are given. */
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
    ...{ ...SECRETS, ...VARS, DATABASE_URL: at(stack.workerUrl, `/${name}`) },
    ...{ NEON_FETCH_ENDPOINT: stack.gatewayUrl, STRIPE_API_BASE: stack.stripeUrl },
    ...{ OPS_TOKEN: 'ops-token-of-the-drills', RECONCILE: 'off' },
  }
  const stop = () => query(at(stack.databaseUrl, '/postgres'), `drop database ${name} with (force)`)
  return { databaseUrl, env, stop }
}

export const eventsOf = (user: string): Event[] => [
  signUp(user),
  topUp(user),
  subscribe(user),
  renew(user),
  refund(user, 400),
]

const CONTEXT = { waitUntil: () => {}, passThroughOnException: () => {} }

/** Sends one event to a Worker. Returns the status. */
export async function send({ worker }: Build, event: Event, env: object): Promise<number> {
  const { url, headers, body } = await sign(event, 'http://ledgerhook.test', SECRETS)
  const request = new Request(url, { method: 'POST', headers, body })
  const response = await worker.fetch(request, env, CONTEXT)
  await response.arrayBuffer()
  return response.status
}

/** What `/api/ready` says. */
export async function readiness({ worker }: Build, env: { OPS_TOKEN: string }): Promise<string> {
  const headers = { authorization: `Bearer ${env.OPS_TOKEN}` }
  const response = await worker.fetch(new Request('http://x/api/ready', { headers }), env, CONTEXT)
  return ((await response.json()) as { status: string }).status
}

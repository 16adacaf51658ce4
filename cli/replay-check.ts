import type { Client } from 'pg'
import { checkoutOf } from './replay/checkout.ts'
import { type Compared, compareSides } from './replay/compare.ts'
import { type Played, playOn } from './replay/on.ts'
import { comparedInLines, isSame, playedInLines } from './replay/report.ts'
import { sideOf } from './replay/side.ts'
import { runCommand } from './shared/command.ts'
import { databaseUrl } from './shared/configured.ts'
import { connectToRead, hostOf } from './shared/database.ts'
import { LocalError } from './shared/errors.ts'
import { readFlags, readSince, readVars } from './shared/flags.ts'
import { progress } from './shared/progress.ts'
import { commandEnvironment, givenVars } from './shared/settings.ts'

/** Settings that decide no delivery but must be consistent with others, so they are emptied. */
const UNUSED = { EVENTS_URL: '', EVENTS_SECRET: '' }

const HELP = `
npm run replay-check -- [flags]     what this code and these settings would do differently with the stored deliveries

Decides each again, by the base and by this checkout. Where something differs, both play them into a Postgres of their
own. Your database is only read. Exits with 1 if an effect differs. DATABASE_URL is the owner's; the settings are those
of the Worker: from the environment, .dev.vars or wrangler.toml. For a database elsewhere, .dev.vars gives only secrets,
unless it names that database. Prints ids and amounts; never who somebody is.

  --since 7d           what was received since: minutes (m), hours (h), days (d), or a moment
  --base REF           compare with the code of this commit, tag or branch; by default with this code
  --var NAME:VALUE     a setting for this checkout only; repeatable
  --on URL             instead: play all that is stored into this empty database, as it was received and shuffled, and
                       compare users, wallets, subscriptions and reversals with each other and with what is stored
  --json               the result as JSON, with each difference
  --env NAME           the variables of this environment of wrangler.toml: production, but for a local database
  --pg-port 25432      the local Postgres, where DATABASE_URL is not set

examples
  npm run replay-check -- --base v0.2.0
  npm run replay-check -- --since 30d --var 'PLANS:{"price_1…": {"key": "pro", "credits": 2000}}'
`

await runCommand(async () => {
  const text = { type: 'string' } as const
  const { values } = readFlags(HELP, {
    since: text,
    base: text,
    on: text,
    env: text,
    'pg-port': text,
    ...({ var: { type: 'string', multiple: true }, json: { type: 'boolean', default: false } } as const),
  })
  if (values.on !== undefined && (values.base !== undefined || values.since !== undefined))
    throw new LocalError('--on plays all that is stored by this code: without --base and --since')
  const ofDatabase = 'which says whose deliveries are read: set it in the environment'
  const vars = givenVars(readVars(values.var), ofDatabase)
  const changes = values.base !== undefined || Object.keys(vars).length > 0
  const since = readSince(values.since ?? '7d')
  const url = await databaseUrl(values['pg-port'])
  const host = hostOf(url)
  const env = { ...commandEnvironment(url, values.env), ...UNUSED }
  const now = await sideOf({ ...env, ...vars })
  const checkout = values.base === undefined ? undefined : checkoutOf(values.base)
  try {
    const base = await sideOf(env, checkout?.dir)
    const say = progress('delivery', 'deliveries')
    const found = await reading<Compared | Played>(url, async (client) =>
      values.on
        ? await playOn(values.on, client, now, say)
        : await compareSides(client, [base, now], since, say),
    )
    const lines =
      'played' in found ? playedInLines(host, found) : comparedInLines(host, since, found, changes)
    const json = { host, base: checkout?.commit ?? null, since, ...found }
    console.log(values.json ? JSON.stringify(json, null, 2) : lines.join('\n'))
    if (!isSame(found)) process.exitCode = 1
  } finally {
    checkout?.remove()
  }
})

/**
 * Runs the work in one read-only transaction. A setting of the session would stay on a pooler's connection, and the
 * next client would get it.
 */
async function reading<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await connectToRead(url)
  try {
    await client.query('begin transaction isolation level read committed read only')
    return await work(client)
  } finally {
    await client.end().catch(() => {})
  }
}

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readFunctions } from '../../cli/migrate/functions.ts'
import { migrate } from '../../cli/migrate/run.ts'
import { query } from '../../local/postgres/query.ts'
import { as, type Cluster, startCluster } from '../support/cluster.ts'
import { blocks } from './documents-blocks.ts'

const documented = (path: string, start: string) => {
  const found = blocks.find(
    ({ path: page, language, code }) => page === path && language === 'sql' && code.includes(start),
  )
  if (!found) throw new Error(`${path} has no SQL with "${start}"`)
  return found.code
}

// The page comes with the login of the app as well.
const LOGINS = documented('docs/database.md', 'create role billing_worker')
/** What the page on the database lets an owner do besides. */
const ELSE: Record<string, string[]> = {
  'nothing else was done': [],
  'each login may connect to its own database only': [
    'revoke connect on database app from public',
    'grant connect on database app to billing_worker',
  ],
  'the database has another default isolation': [
    `alter database app set default_transaction_isolation = 'serializable'`,
    `alter role shop in database app set default_transaction_isolation = 'read committed'`,
    `alter role billing_worker in database app set default_transaction_isolation = 'read committed'`,
  ],
}
const cases = Object.entries(ELSE).flatMap(([what, sql]) => [
  { what, sql, who: 'shop', whose: 'the owner, as on Neon' },
  { what, sql, who: 'postgres', whose: 'the administrator' },
])

let cluster: Cluster
let app: string

beforeEach(async () => {
  cluster = await startCluster()
  await cluster.login('shop', 'createrole')
  app = await cluster.database('app', 'shop')
})
afterEach(() => cluster.stop())

/** Returns the URL of a login with the password that its block of SQL gives it. */
function login(name: string, sql: string): string {
  const url = new URL(as(name, app))
  const [, password = ''] = new RegExp(`role ${name} login password '([^']+)'`).exec(sql) ?? []
  url.password = encodeURIComponent(password)
  return url.href
}

/** Returns what the Worker would say of itself at `/api/ready` with this login. */
async function statusFor(url: string): Promise<unknown> {
  const { hash, entryPoints } = readFunctions()
  const facts = { migrations: {}, functions: hash, entry_points: entryPoints }
  const [row] = await query<{ answer: { status: string } }>(
    url,
    'select ledgerhook.readiness($1) as answer',
    [facts],
  )
  return row?.answer.status
}

describe('rotating the login of the database, as docs/operations.md has it', () => {
  it.each(cases)('works for $whose where $what', async ({ sql, who }) => {
    const create = documented('docs/operations.md', 'create role billing_worker_2')
    const remove = documented('docs/operations.md', 'drop role billing_worker')
    const owner = as('shop', app)
    await migrate(owner)
    await query(as(who, app), LOGINS)
    for (const statement of sql) await query(as('postgres', app), statement)

    await query(as(who, app), create)
    expect(await statusFor(login('billing_worker_2', create))).toBe('ready')
    expect(await statusFor(login('billing_worker', LOGINS))).toBe('ready')
    await query(as(who, app), remove)
    expect(await statusFor(login('billing_worker_2', create))).toBe('ready')
    expect(await query(owner, `select from pg_roles where rolname = 'billing_worker'`)).toEqual([])
    await migrate(owner)
  })
})

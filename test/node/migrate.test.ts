import { rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { readFunctions } from '../../cli/migrate/functions.ts'
import { readMigrations } from '../../cli/migrate/migrations.ts'
import { dryRun, type MigrateOptions, migrate } from '../../cli/migrate/run.ts'
import { script } from '../../cli/migrate/script.ts'
import { printSchema } from '../../cli/schema/print.ts'
import { whyNotMigrated } from '../../local/postgres/not-migrated.ts'
import { query } from '../../local/postgres/query.ts'
import { until } from '../../local/until.ts'
import { as, type Cluster, connected, folderOf, refused, startCluster } from '../support/cluster.ts'
import { startPooler } from '../support/pooler.ts'

let cluster: Cluster

beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(() => cluster.stop())

/** Makes a folder of functions: ours, and one more whose body differs between builds. */
function build(version: number, more = ''): string {
  const ours = readFunctions().files.map(({ path, sql }) => [path.replace('src/', ''), sql])
  const own = `create or replace function version() returns integer language sql immutable as 'select ${version}';`
  return temporary({ ...Object.fromEntries(ours), 'ops/version.sql': `${own}\n${more}` })
}

function temporary(files: Record<string, string>): string {
  const folder = folderOf(files)
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

const files = () => Object.fromEntries(readMigrations().map(({ tag, sql }) => [`${tag}.sql`, sql]))
const schemaOf = (url: string) => connected(url, (client) => printSchema(client))
const has = async (url: string, what: string) =>
  (await query<{ found: boolean }>(url, `select ${what} as found`))[0]?.found
const version = async (url: string) =>
  (await query<{ version: number }>(url, 'select ledgerhook.version() as version'))[0]?.version
const kinds = async (work: Promise<{ steps: { kind: string }[] }>) =>
  (await work).steps.map(({ kind }) => kind)

/** Returns whether the database is ready for a build, as `GET /api/ready` asks. */
async function readiness(url: string, functions: string): Promise<string | undefined> {
  const { hash, entryPoints } = readFunctions(functions)
  const migrations = Object.fromEntries(readMigrations().map(({ tag, hash }) => [tag, hash]))
  const facts = { migrations, functions: hash, entry_points: entryPoints }
  const rows = await query<{ answer: { status: string } }>(url, 'select ledgerhook.readiness($1) as answer', [
    facts,
  ])
  return rows[0]?.answer.status
}

// These tests come first, because the server does not have the roles yet.
describe('a server without our roles', () => {
  it('needs an owner who may create them, or an administrator who does', async () => {
    await cluster.login('humble')
    const url = await cluster.database('humble', 'humble')
    const { message } = await refused(migrate(as('humble', url)))
    expect(message).toBe(
      `humble may not create roles at 127.0.0.1:${cluster.port}: have an administrator run ` +
        '`create role ledgerhook_worker nologin; create role ledgerhook_app nologin`',
    )
    expect(await has(url, `to_regnamespace('ledgerhook') is null`)).toBe(true)
  })

  it('gets them once, where several databases are migrated at the same moment', async () => {
    const urls = await Promise.all(['one', 'two', 'three'].map((name) => cluster.database(name)))
    await Promise.all(urls.map((url) => migrate(url)))
    const [first, ...others] = await Promise.all(urls.map(schemaOf))
    for (const other of others) expect(other).toBe(first)
  })
})

describe('a migration', () => {
  it('says what it did, and has nothing to do the second time', async () => {
    const url = await cluster.database('twice')
    expect(await kinds(migrate(url))).toEqual([
      'schema',
      'schema',
      ...readMigrations().map(() => 'migration'),
      'functions',
      'verbs',
      'grants',
    ])
    const before = await schemaOf(url)
    expect(await kinds(migrate(url))).toEqual(['verbs', 'grants'])
    expect(await schemaOf(url)).toBe(before)
  })

  it('is applied once, even if three start at once', async () => {
    const url = await cluster.database('at_once')
    const steps = await Promise.all([1, 2, 3].map(() => kinds(migrate(url))))
    expect(steps.filter((kinds) => kinds.includes('functions'))).toHaveLength(1)
    expect(await query(url, 'select tag from ledgerhook.migrations')).toHaveLength(readMigrations().length)
    expect(await query(url, 'select from ledgerhook.function_sets')).toHaveLength(1)
  })

  it('needs no session: it works through a pooler', async () => {
    const url = await cluster.database('pooled')
    await query(url, `alter role postgres in database pooled set search_path = 'nowhere'`)
    const pooler = await startPooler(url)
    onTestFinished(() => void pooler.stop())
    await migrate(pooler.url)
    await migrate(pooler.url, { prune: true })
    expect(pooler.sessions()).toBe(2)
    expect(await schemaOf(url)).toBe(await schemaOf(await migrated('direct')))
  })

  it('leaves nothing where a function fails, and says in which line', async () => {
    const url = await cluster.database('failing')
    const wrong = '\ncreate or replace function wrong() returns integer language sql as $$ select nothing $$;'
    const { message } = await refused(migrate(url, { functions: build(1, wrong) }))
    expect(message).toMatch(
      /^\S+\/ops\/version\.sql:3: column "nothing" does not exist \(42703\): nothing is changed$/,
    )
    expect(await has(url, `to_regnamespace('ledgerhook') is null`)).toBe(true)
  })

  it('that fails because of a file names the file to correct, and only one that fails because of the data names --fresh', async () => {
    const url = await migrated('whose_fault')
    const told = async (options: MigrateOptions) =>
      whyNotMigrated(await refused(migrate(url, options)), '.local/postgres').message
    const wrong = 'create or replace function wrong() returns integer language sql as $$ select nothing $$;'
    for (const sql of [wrong, 'create table wrong ();']) {
      const said = await told({ functions: build(1, sql) })
      expect(said).toMatch(/^\S+\/ops\/version\.sql:2.*: correct that file$/)
      expect(said).not.toContain('--fresh')
    }
    const earlier = 'create or replace function version() returns text language sql as $$ select null $$;'
    expect(await told({ functions: build(1, earlier) })).toMatch(
      /version\.sql:1: cannot change return type .*: correct that file, or start over with --fresh if it is new$/,
    )
    const sealed = temporary({ ...files(), 'sealed.json': '{}' })
    expect(await told({ migrations: sealed })).toBe(
      'migrations/0000_tables.sql is not sealed: npm run generate',
    )
    const more = (sql: string) => ({ migrations: temporary({ ...files(), '9999_more.sql': sql }) })
    expect(await told(more('alter table users add nothing;'))).toMatch(
      /^migrations\/9999_more\.sql:1: .*: correct that file$/,
    )
    await query(url, `insert into ledgerhook.users (id) values ('user_ada')`)
    expect(await told(more(`alter table users add constraint none check (id = '');`))).toMatch(
      /^the data in \.local\/postgres cannot be migrated \(migrations\/9999.*\): start over with --fresh$/,
    )
  })

  it('changes nothing if a later table fails', async () => {
    const url = await migrated('failing_later')
    const before = await schemaOf(url)
    const wrong = { ...files(), '0099_wrong.sql': 'create table ledgerhook.more (id text);\nselect 1/0;' }
    const { message } = await refused(migrate(url, { migrations: temporary(wrong) }))
    expect(message).toMatch(
      /^migrations\/0099_wrong\.sql:\d: division by zero \(22012\): nothing is changed$/,
    )
    expect(await schemaOf(url)).toBe(before)
  })

  it('of all files at once ends with the same schema as of one file at a time', async () => {
    const url = await cluster.database('stepwise')
    const steps = Object.entries(files())
    for (const n of steps.keys()) {
      const some = temporary(Object.fromEntries(steps.slice(0, n + 1)))
      // Today's functions are made for today's tables.
      const isLast = n === steps.length - 1
      await migrate(url, { migrations: some, ...(!isLast && { functions: temporary({}) }) })
    }
    expect(await schemaOf(url)).toBe(await schemaOf(await migrated('at_one_go')))
  })

  it('is tried again after a deadlock with a delivery', async () => {
    const url = await migrated('deadlocked')
    await connected(url, async (delivery) => {
      await delivery.query('begin')
      await delivery.query('lock table ledgerhook.verbs in exclusive mode')
      const migrating = migrate(url, { functions: build(2) })
      await waitsForLock(url, 'insert into ledgerhook.verbs')
      await delivery.query(`select pg_advisory_xact_lock(hashtext('ledgerhook'), hashtext('migrate'))`)
      await delivery.query('commit')
      await migrating
    })
    expect(await version(url)).toBe(2)
  })

  it('can be read first: --dry-run prints the SQL, and changes nothing', async () => {
    const url = await cluster.database('dry')
    const sql = script(await dryRun(url))
    expect(await has(url, `to_regnamespace('ledgerhook') is null`)).toBe(true)
    await query(url, sql)
    expect(await schemaOf(url)).toBe(await schemaOf(await migrated('wet')))
    expect(await kinds(migrate(url))).toEqual(['verbs', 'grants'])
  })
})

async function migrated(name: string): Promise<string> {
  const url = await cluster.database(name)
  await migrate(url)
  return url
}

async function waitsForLock(url: string, statement: string): Promise<void> {
  const waiting = `exists (select from pg_stat_activity where wait_event_type = 'Lock' and query like '%${statement}%'
    and datname = current_database() and pid <> pg_backend_pid())`
  expect(await until(async () => (await has(url, waiting)) === true, 60_000)).toBe(true)
}

describe('an owner who may not create schemas', () => {
  it('learns what an administrator has to run, and then may migrate', async () => {
    await cluster.login('tenant')
    const url = await cluster.database('rented')
    const owner = as('tenant', url)
    const { message } = await refused(migrate(owner))
    const [, sql = ''] = /run `([^`]+)`$/.exec(message) ?? []
    expect(message).toContain('tenant may not create schemas in rented at 127.0.0.1')
    await query(url, sql)
    await migrate(owner)
    expect(await kinds(migrate(owner))).toEqual(['verbs', 'grants'])
    expect(await schemaOf(url)).toBe(await schemaOf(await migrated('own')))
  })

  it('who is not the one that migrated before is refused in one line', async () => {
    await cluster.login('stranger')
    const { message } = await refused(migrate(as('stranger', await migrated('of_another'))))
    expect(message).toContain('migrate as its owner, postgres')
  })
})

describe('what was committed', () => {
  it('is applied once: a migration that has changed is refused', async () => {
    const url = await migrated('changed')
    const [[first = '', sql = ''] = []] = Object.entries(files())
    const changed = temporary({ ...files(), [first]: `${sql}\n-- changed` })
    const { message } = await refused(migrate(url, { migrations: changed }))
    expect(message).toContain(`migrations/${first} has changed since it was applied to changed: put it back`)
    await migrate(url, { migrations: temporary({ ...files(), [first]: sql.replaceAll('\n', '\r\n') }) })
  })

  it('is what its seal says', async () => {
    const sealed = { ...files(), 'sealed.json': JSON.stringify({ '0000_tables': 'another' }) }
    const { message } = await refused(
      migrate('postgres://nobody@127.0.0.1:1/x', { migrations: temporary(sealed) }),
    )
    expect(message).toContain('migrations/0000_tables.sql has changed since it was sealed')
  })

  it('is functions alone, where it is not a migration', async () => {
    const table = 'create table once (id text);'
    const { message } = await refused(
      migrate('postgres://nobody@127.0.0.1:1/x', { functions: build(1, table) }),
    )
    expect(message).toMatch(/\/ops\/version\.sql:2 is not `create or replace function/)
  })
})

describe('functions', () => {
  it('of an earlier build are put back only when that is asked for, and each build knows whether it is ready', async () => {
    const url = await cluster.database('versions')
    const [old, young] = [build(1), build(2)]
    await migrate(url, { functions: old })
    expect([await readiness(url, old), await readiness(url, young)]).toEqual(['ready', 'functions_outdated'])
    await migrate(url, { functions: young })
    expect([await readiness(url, old), await readiness(url, young)]).toEqual(['ready', 'ready'])

    const { message } = await refused(migrate(url, { functions: old }))
    expect(message).toContain('versions has newer functions: nothing is changed. --functions-back')
    expect(await version(url)).toBe(2)
    await migrate(url, { functions: old, functionsBack: true })
    expect(await version(url)).toBe(1)
    expect([await readiness(url, old), await readiness(url, young)]).toEqual(['ready', 'functions_outdated'])
    await migrate(url, { functions: young })
    expect(await readiness(url, young)).toBe('ready')
  })

  it('of a checkout that lacks a migration are refused the same', async () => {
    const url = await cluster.database('ahead')
    const more = { ...files(), '0099_more.sql': 'create table ledgerhook.more (id text);' }
    await migrate(url, { migrations: temporary(more), functions: build(2) })
    const { message } = await refused(migrate(url, { functions: build(1) }))
    expect(message).toContain('ahead has 0099_more, which this checkout lacks: nothing is changed')
    await migrate(url, { functions: build(1), functionsBack: true })
  })

  it('that somebody has changed in the database are applied again', async () => {
    const url = await cluster.database('tampered')
    const functions = build(1)
    await migrate(url, { functions })
    await query(
      url,
      `create or replace function ledgerhook.version() returns int language sql immutable as 'select 9'`,
    )
    expect(await kinds(migrate(url, { functions }))).toContain('functions')
    expect(await version(url)).toBe(1)
  })

  it('that a build calls and the database lacks are noticed', async () => {
    const url = await migrated('lacking')
    await query(url, 'drop function ledgerhook.spend(jsonb)')
    expect(await readiness(url, 'src')).toBe('functions_outdated')
    await migrate(url)
    expect(await readiness(url, 'src')).toBe('ready')
  })

  it('that a task lacked let it begin at once, not an hour after its last failure', async () => {
    const url = await migrated('begins')
    await query(
      url,
      `insert into ledgerhook.tasks (name, failures, next_at) values ('erase_payloads', 7, now() + interval '50 minutes'),
         ('roll_up', 0, now() + interval '50 minutes')`,
    )
    await query(url, 'drop function ledgerhook.erase_payloads(jsonb)')
    await migrate(url)
    expect(await query(url, 'select name, failures from ledgerhook.tasks where next_at <= now()')).toEqual([
      { name: 'erase_payloads', failures: 7 },
    ])
  })

  it('are the verbs that a stored delivery may name, where they have their signature', async () => {
    const url = await cluster.database('verbs')
    const verb =
      'create or replace function act(delivery jsonb, facts jsonb) returns jsonb language sql as $$ select facts $$;'
    await migrate(url, { functions: build(1, verb) })
    const names = async () =>
      (await query<{ name: string }>(url, 'select name from ledgerhook.verbs')).map(({ name }) => name)
    expect(await names()).toContain('act')
    expect(await names()).toContain('settle_payment')
    expect(await names()).not.toContain('spend')
    await query(url, 'drop function ledgerhook.act')
    await migrate(url)
    expect(await names()).not.toContain('act')
  })

  it('that nothing names any more are dropped by --prune, after 30 days', async () => {
    const url = await cluster.database('pruned')
    await migrate(url, { functions: build(1, verb('gone')) })
    await migrate(url, { prune: true })
    expect(await isThere(url, 'gone')).toEqual(['gone'])
    await age(url)
    const says = async () => (await migrate(url, { prune: true })).steps.at(-1)?.says
    expect(await says()).toBe('dropped ledgerhook.gone(jsonb,jsonb), ledgerhook.version()')
    expect(await isThere(url, 'gone')).toEqual([])
    expect(await says()).toBe('every function is still in use')
  })

  it('that a verb of a stored delivery may call stay as long as the delivery is stored', async () => {
    const url = await cluster.database('prunedaround')
    const helper = `create or replace function helper(facts jsonb) returns jsonb language sql as $$ select facts $$;`
    const subjects = `create or replace function stored_subjects(facts jsonb) returns text[] language sql as $$ select '{}'::text[] $$;`
    await migrate(url, { functions: build(1, verb('gone')) })
    await migrate(url, {
      functions: build(2, [helper, verb('stored', 'helper(facts)'), subjects].join('\n')),
    })
    await query(
      url,
      `insert into ledgerhook.webhook_events (provider, event_id, outcome, reason, effect)
      values ('stripe', 'evt_1', 'parked', 'unknown_user', '{"verb": "stored", "facts": {}}')`,
    )
    await migrate(url)
    await age(url)
    const says = async () => (await migrate(url, { prune: true })).steps.at(-1)?.says
    const kept = 'kept for stored deliveries, with all that they may call: stored'
    expect((await dryRun(url, { prune: true })).steps.at(-1)?.says).toContain(kept)
    expect(await says()).toBe(`dropped ledgerhook.gone(jsonb,jsonb); ${kept}`)
    const needed = ['helper', 'stored', 'stored_subjects']
    expect(await isThere(url, 'gone', ...needed)).toEqual(needed)
    expect(await says()).toBe(`every function is still in use; ${kept}`)

    await query(url, `update ledgerhook.webhook_events set outcome = 'applied', effect = null`)
    expect(await says()).toMatch(/^dropped .*helper.*stored.*stored_subjects/)
    expect(await isThere(url, ...needed)).toEqual([])
  })
})

const verb = (name: string, value = 'facts') =>
  `create or replace function ${name}(delivery jsonb, facts jsonb) returns jsonb language sql as $$ select ${value} $$;`

/** Makes every set of functions older than 30 days, though the newest stays in force. */
const age = (url: string) =>
  query(url, `update ledgerhook.function_sets set applied_at = applied_at - interval '31 days'`)

const isThere = async (url: string, ...names: string[]) =>
  (
    await query<{ proname: string }>(
      url,
      `select proname from pg_proc where proname = any (string_to_array('${names.join(' ')}', ' ')) order by 1`,
    )
  ).map(({ proname }) => proname)

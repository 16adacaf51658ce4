import { readFileSync, rmSync } from 'node:fs'
import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readFunctions } from '../../cli/migrate/functions.ts'
import { migrate } from '../../cli/migrate/run.ts'
import { printSchema } from '../../cli/schema/print.ts'
import { query } from '../../local/postgres/query.ts'
import { as, type Cluster, connected, folderOf, refused, startCluster } from '../support/cluster.ts'

const DENIED = '42501'

/**
 * An app that already has most of our names, a Drizzle journal that is ahead of any of ours, and a hostile search path.
 */
const APP = `
  create table users (id serial primary key, email text);
  create table payments (id serial primary key, user_id integer references users (id), amount integer);
  create table wallets (user_id text primary key, balance integer);
  insert into users (email) values ('ada@example.com');
  insert into payments (user_id, amount) values (1, 500);
  insert into wallets values ('user_ada', 1000000);
  create function adjust() returns integer language sql as 'select 1';
  create function spend(facts jsonb) returns jsonb language sql as 'select facts';
  create view rich as select email, amount from users join payments on user_id = users.id;
  create schema drizzle;
  create table drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint);
  insert into drizzle.__drizzle_migrations (hash, created_at) values ('theirs', 32503680000000);
  create schema hostile;
  create function hostile.now() returns timestamptz language sql as $$ select 'epoch'::timestamptz $$;
  create function hostile.clock_timestamp() returns timestamptz language sql as $$ select 'epoch'::timestamptz $$;
  create function hostile.always(text, text) returns boolean language sql as 'select true';
  create operator hostile.= (leftarg = text, rightarg = text, function = hostile.always);
  create table hostile.pg_class (oid oid);
  alter role current_user set search_path = hostile, pg_catalog, public;`

let cluster: Cluster
let url: string
let before: string

beforeAll(async () => {
  cluster = await startCluster()
  await cluster.login('shop', 'createrole')
  url = as('shop', await cluster.database('shop', 'shop'))
  await query(url, APP)
  before = await everythingElse()
  await migrate(url)
  for (const [login, group] of [
    ['edge', 'in role ledgerhook_worker'],
    ['website', 'in role ledgerhook_app'],
    ['anybody', ''],
  ] as const) {
    await cluster.login(login, group)
  }
  await query(url, `insert into ledgerhook.wallets (user_id) values ('user_ada'), ('user_bob')`)
  await query(
    url,
    `insert into ledgerhook.credit_ledger (user_id, kind, amount, idempotency_key) values ('user_ada', 'adjustment', 40, 'k')`,
  )
})
afterAll(() => cluster.stop())

/** Returns the contents of the database outside our schema, down to the rows. */
async function everythingElse(): Promise<string> {
  return await connected(url, async (client) => {
    await client.query('set search_path = pg_catalog')
    const rows = async (sql: string) => (await client.query(sql)).rows
    const schemas = await rows(`select nspname, nspacl::text from pg_namespace
      where nspname !~ '^pg_(toast_)?temp' and nspname <> 'ledgerhook' order by 1`)
    const parts: unknown[] = [
      schemas,
      await rows(
        'select defaclrole::regrole, defaclnamespace, defaclacl::text from pg_default_acl order by 1, 2',
      ),
      await rows('select extname from pg_extension order by 1'),
      await rows(`select evtname from pg_event_trigger order by 1`),
      await rows(
        `select setdatabase, setrole::regrole::text, setconfig from pg_db_role_setting order by 1, 2`,
      ),
      await rows(`select datacl::text from pg_database where datname = current_database()`),
    ]
    for (const schema of ['public', 'drizzle', 'hostile']) parts.push(await printSchema(client, schema))
    for (const table of ['public.users', 'public.payments', 'public.wallets', 'drizzle.__drizzle_migrations'])
      parts.push(await rows(`select * from ${table}`))
    return JSON.stringify(parts, null, 1)
  })
}

const codes = (role: string, ...statements: string[]) =>
  connected(as(role, url), async (client) => {
    const seen: (string | undefined)[] = []
    for (const statement of statements) seen.push(await code(client, statement))
    return seen
  })
const code = (client: Client, statement: string) =>
  client.query(statement).then(
    () => 'ok',
    (error: { code?: string }) => error.code,
  )

/** Calls to each of our functions without values. */
async function calls(where: string): Promise<string[]> {
  const rows = await query<{ call: string }>(
    url,
    `select format('select %s(%s)', p.oid::regproc, (select string_agg(
         case when provariadic > 0 and n = pronargs then 'variadic ' else '' end || 'null::' || format_type(t, null), ', ' order by n)
       from unnest(proargtypes) with ordinality a(t, n))) as call
     from pg_catalog.pg_proc p where pronamespace operator(pg_catalog.=) 'ledgerhook'::regnamespace
       and prorettype operator(pg_catalog.<>) 'trigger'::regtype and ${where} order by 1`,
  )
  return rows.map(({ call }) => call)
}

const ALL_TABLES = `select format('select from %s', oid::regclass) as read from pg_catalog.pg_class
  where relnamespace operator(pg_catalog.=) 'ledgerhook'::regnamespace and relkind in ('r', 'v')`
const reads = async () => (await query<{ read: string }>(url, ALL_TABLES)).map(({ read }) => read)

describe('beside an app with the same names', () => {
  it('installs, and changes nothing of it', async () => {
    expect(await everythingElse()).toBe(before)
    expect(await query(url, 'select balance from ledgerhook.wallets order by user_id collate "C"')).toEqual([
      { balance: '40' },
      { balance: '0' },
    ])
  })

  it('uses no operator or function from the search path of the caller', async () => {
    const [row] = await query<{ answer: unknown }>(
      url,
      `select ledgerhook.adjust(
      '{"user_id": "user_bob", "amount": 7, "note": "n", "idempotency_key": "k1"}') as answer`,
    )
    expect(row?.answer).toMatchObject({ balance: 7 })
    const since = await query<{ is_now: boolean }>(
      url,
      `select applied_at > pg_catalog.now() - interval '1 hour' as is_now from ledgerhook.migrations`,
    )
    expect(since.every(({ is_now }) => is_now)).toBe(true)
  })
})

describe("the Worker's role", () => {
  it('calls the entry points', async () => {
    const seen = await codes('edge', ...(await calls('prosecdef')))
    expect(seen.length).toBeGreaterThan(20)
    expect(seen).not.toContain(DENIED)
  })

  it('calls nothing else, and reads and writes no table', async () => {
    const denied = [...(await calls('not prosecdef')), ...(await reads())]
    expect(new Set(await codes('edge', ...denied))).toEqual(new Set([DENIED]))
    expect(
      await codes(
        'edge',
        `insert into ledgerhook.wallets (user_id) values ('x')`,
        'create table ledgerhook.x ()',
      ),
    ).toEqual([DENIED, DENIED])
  })

  it('finds that the database is ready', async () => {
    const facts = {
      migrations: {},
      functions: readFunctions().hash,
      entry_points: readFunctions().entryPoints,
    }
    const rows = await query(as('edge', url), 'select ledgerhook.readiness($1) as answer', [facts])
    expect(rows).toEqual([{ answer: { status: 'ready' } }])
  })
})

describe("the app's role", () => {
  it('reads users, wallets, ledger and billing, and nothing else', async () => {
    const names = ['users', 'wallets', 'credit_ledger', 'user_billing']
    const ours = names.map((name) => `select from ledgerhook.${name}`)
    expect(await codes('website', ...ours)).toEqual(['ok', 'ok', 'ok', 'ok'])
    const others = (await reads()).filter((read) => !ours.includes(read))
    expect(new Set(await codes('website', ...others))).toEqual(new Set([DENIED]))
  })

  it('writes nothing, and calls nothing', async () => {
    const writes = [
      `update ledgerhook.wallets set balance = 1`,
      `delete from ledgerhook.credit_ledger`,
      `insert into ledgerhook.credit_ledger (user_id, kind, amount, idempotency_key) values ('user_ada', 'adjustment', 1, 'x')`,
      `update ledgerhook.users set email = null`,
      `select from ledgerhook.wallets for update`,
    ]
    expect(new Set(await codes('website', ...writes, ...(await calls('true'))))).toEqual(new Set([DENIED]))
  })

  it('has tables of its own that reference a wallet, and views that survive an upgrade', async () => {
    await query(as('postgres', url), 'create schema site authorization website')
    const app = as('website', url)
    await query(
      app,
      `create table site.orders (user_id text references ledgerhook.wallets (user_id));
       create view site.billing as select id, balance from ledgerhook.user_billing;
       insert into site.orders values ('user_ada')`,
    )
    const { code } = await refused(query(app, `insert into site.orders values ('nobody')`))
    expect(code).toBe('23503')
    const users = 'create table site.bad (user_id text references ledgerhook.users (id))'
    expect((await refused(query(app, users))).code).toBe(DENIED)

    const changed = readFunctions().files.map(({ path, sql }) => [
      path.replace('src/', ''),
      `${sql}\n-- changed`,
    ])
    const functions = folderOf(Object.fromEntries(changed))
    await migrate(url, { functions }).finally(() => rmSync(functions, { recursive: true }))
    expect(await query(app, 'select * from site.billing')).toEqual([])
  })
})

describe('a role without rights', () => {
  it('reaches nothing', async () => {
    expect(new Set(await codes('anybody', ...(await calls('true')), ...(await reads())))).toEqual(
      new Set([DENIED]),
    )
  })

  it('cannot use our triggers', async () => {
    expect(
      await codes(
        'anybody',
        'create temporary table bait (user_id text, amount bigint, id bigint, balance_after bigint)',
        'create trigger bite before insert on bait for each row execute function ledgerhook.carry_balance()',
      ),
    ).toEqual(['ok', DENIED])
  })
})

describe('a right that was granted by hand', () => {
  it('is revoked by the next migration, and a right that was lost is granted again', async () => {
    const acl = async () => await connected(as('postgres', url), (client) => printSchema(client))
    const documented = await acl()
    await query(
      url,
      `grant execute on all functions in schema ledgerhook to public;
       grant all on all tables in schema ledgerhook to ledgerhook_worker, ledgerhook_app;
       revoke select on ledgerhook.users from ledgerhook_app;
       revoke execute on all functions in schema ledgerhook from ledgerhook_worker`,
    )
    expect(await acl()).not.toBe(documented)
    await migrate(url, { functionsBack: true })
    expect(await acl()).toBe(documented)
    const open = `select proname from pg_catalog.pg_proc, pg_catalog.aclexplode(proacl)
      where pronamespace operator(pg_catalog.=) 'ledgerhook'::regnamespace and grantee operator(pg_catalog.=) 0`
    expect(await query(url, open)).toEqual([])
    const unset = `select proname from pg_catalog.pg_proc
      where pronamespace operator(pg_catalog.=) 'ledgerhook'::regnamespace and proacl is null`
    expect(await query(url, unset)).toEqual([])
  })
})

describe('removing it', () => {
  it('leaves the rest of the database as it was', async () => {
    await query(as('postgres', url), 'drop schema site cascade')
    await query(url, 'drop schema ledgerhook cascade')
    expect(await everythingElse()).toBe(before)
  })
})

describe('docs/database.md', () => {
  it('has SQL that works as it stands, in its order', async () => {
    const [, ...blocks] = readFileSync('docs/database.md', 'utf8').split('```sql\n')
    const [administrator, logins, tables, removal] = blocks.map((block) => block.split('```')[0] ?? '')
    await query(as('postgres', url), 'drop owned by edge, website; drop role edge, website')
    await query(as('postgres', url), 'drop owned by ledgerhook_worker, ledgerhook_app')
    await query(as('postgres', url), 'drop role ledgerhook_worker, ledgerhook_app')

    // As the operators' page calls it.
    const documented = await cluster.database('app')
    const run = (sql = '') => query(documented, sql)
    await run(administrator)
    const owner = new URL(as('billing_owner', documented))
    owner.password = encodeURIComponent('a long password, 1')
    await migrate(owner.href)
    await run(logins)
    await run('grant create on database app to website')
    await run(`set role website; ${tables}`)
    const worker = new URL(as('billing_worker', documented))
    worker.password = encodeURIComponent('a long password, 2')
    expect(await query(worker.href, `select ledgerhook.readiness('{}') as answer`)).toHaveLength(1)
    await run(removal)
    const left = "select rolname from pg_roles where rolname ~ 'website|billing_worker|ledgerhook'"
    expect(await query(documented, left)).toEqual([{ rolname: 'website' }])
    expect(await query(documented, 'select from shop.orders')).toEqual([])
  })
})

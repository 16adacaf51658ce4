import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { migrate } from '../../cli/migrate/run.ts'
import { projectDir } from '../../cli/shared/project.ts'
import { startGateway } from '../../local/gateway/server.ts'
import { as, type Cluster, startCluster } from '../support/cluster.ts'
import { deliverer, refund, renew, signUp, subscribe, topUp } from './replay-support.ts'

// Starts a separate Postgres, because roles belong to the server.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

const blocks = [
  ...readFileSync(join(projectDir, 'docs/moving-out.md'), 'utf8').matchAll(/```sql\n(.*?)```/gs),
].map(([, sql = '']) => sql)

let cluster: Cluster
let owner: Client
let stopGateway: () => Promise<void>
beforeAll(async () => {
  cluster = await startCluster()
  const url = await cluster.database('app')
  await migrate(url)
  await cluster.login('billing_worker', 'in role ledgerhook_worker')
  await cluster.login('website', 'in role ledgerhook_app')
  await cluster.login('its_login', 'in role ledgerhook_app')
  const gateway = await startGateway({ port: 0, postgres: { host: '127.0.0.1', port: cluster.port } })
  stopGateway = () => gateway.stop()
  owner = new Client(url)
  await owner.connect()
  const deliver = deliverer({
    DATABASE_URL: as('billing_worker', url),
    NEON_FETCH_ENDPOINT: gateway.url,
  })
  await deliver(...['user_a', 'user_b'].flatMap((user) => [signUp(user), topUp(user), subscribe(user)]))
  await deliver(renew('user_a'), refund('user_b', 400))
  // As docs/database.md says for a server with several databases.
  await owner.query(`revoke connect on database app from public;
    grant connect on database app to billing_worker, website, its_login`)
  await owner.query(`create schema shop;
    create table shop.orders (id int primary key, user_id text not null references ledgerhook.wallets (user_id));
    insert into shop.orders values (1, 'user_a');
    create view shop.customers as select id, balance from ledgerhook.user_billing;
    create view shop.own as select id from shop.orders;`)
})
afterAll(async () => {
  await owner?.end()
  await stopGateway?.()
  await cluster?.stop()
})

const rows = async (sql: string) => (await owner.query(sql)).rows

it('every block of docs/moving-out.md does what the page says, and nothing of yours is lost', async () => {
  const [copy, compare, pointing, remove] = blocks as [string, string, string, string]
  expect(blocks).toHaveLength(4)
  await owner.query(copy)
  expect(await rows('select user_id, balance::int from moved.balances order by 1')).toEqual([
    { user_id: 'user_a', balance: 1540 },
    { user_id: 'user_b', balance: 340 },
  ])
  const counts = await rows(`select (select count(*) from moved.users)::int users,
    (select count(*) from moved.ledger)::int entries, (select count(*) from moved.customers)::int customers,
    (select count(*) from moved.subscriptions)::int subscriptions,
    (select count(*) from moved.payments)::int payments, (select count(*) from moved.reversals)::int reversals`)
  expect(counts).toEqual([
    { users: 2, entries: 6, customers: 2, subscriptions: 2, payments: 3, reversals: 1 },
  ])

  const zero = { balances_without_entries: '0', credits_lost: '0', entries_lost: '0' }
  expect(await rows(compare)).toEqual([zero])
  await owner.query('begin')
  await owner.query(`delete from moved.ledger where kind = 'refund'`)
  expect(await rows(compare)).toEqual([{ ...zero, balances_without_entries: '1', entries_lost: '1' }])
  await owner.query('delete from moved.balances')
  expect(await rows(compare)).toEqual([{ ...zero, credits_lost: '1880', entries_lost: '1' }])
  await owner.query('rollback')

  expect(await rows(`select * from (${pointing.trim().replace(/;$/, '')}) found order by 1`)).toEqual([
    { yours: 'shop.customers', what: 'view' },
    { yours: 'shop.orders', what: 'orders_user_id_fkey' },
  ])

  await owner.query(remove)
  const left =
    await rows(`select nspname::text as name from pg_namespace where nspname !~ '^(pg_|information_schema)'
    union select rolname::text from pg_roles where rolname ~ 'ledgerhook|billing|website|its_login' order by 1`)
  expect(left.map(({ name }) => name)).toEqual(['its_login', 'moved', 'public', 'shop', 'website'])
  expect(await rows('select user_id from shop.orders join moved.balances using (user_id)')).toHaveLength(1)
  expect(await rows('select id from shop.own')).toHaveLength(1)
})

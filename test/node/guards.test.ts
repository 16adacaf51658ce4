import { Client, type DatabaseError } from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { as } from '../support/cluster.ts'
import type { Stack } from '../support/control.ts'

const RESTRICTED = '23001'
let owner: Client
let application: Client

async function connect(url: string): Promise<Client> {
  const client = new Client(url)
  await client.connect()
  return client
}

beforeAll(async () => {
  const response = await fetch(`${inject('control')}/stack`, { method: 'POST' })
  const { databaseUrl } = (await response.json()) as Stack
  owner = await connect(databaseUrl)
  await owner.query(
    `do $$ begin create role application login password 'application'; exception when duplicate_object then end $$`,
  )
  // Far more rights than your app has: docs/database.md grants it no writes.
  await owner.query(`grant usage on schema ledgerhook to application;
    grant select, insert, update, delete, truncate on all tables in schema ledgerhook to application`)
  await owner.query(`insert into wallets (user_id) values ('user_1'), ('user_2')`)
  await owner.query(`insert into wallets (user_id, closed_at) values ('user_closed', now())`)
  await owner.query(
    `insert into credit_ledger (user_id, kind, amount, idempotency_key) values ('user_1', 'adjustment', 40, 'first')`,
  )
  application = await connect(as('application', databaseUrl))
  await application.query('set search_path = ledgerhook, public')
})

afterAll(async () => {
  await application.end()
  await owner.end()
})

let keys = 0
function credit(user: string, amount: number, kind = 'adjustment'): string {
  return `insert into credit_ledger (user_id, kind, amount, idempotency_key) values ('${user}', '${kind}', ${amount}, 'key_${keys++}')`
}

async function balanceOf(user: string): Promise<number> {
  const { rows } = await owner.query('select balance from wallets where user_id = $1', [user])
  return Number(rows[0].balance)
}

const refused = (client: Client, statement: string) =>
  client.query(statement).then(
    () => 'accepted',
    (error: DatabaseError) => error.code,
  )

describe.each(['owner', 'application'] as const)('connected as the %s', (role) => {
  const client = () => (role === 'owner' ? owner : application)

  it.each([
    ['an UPDATE of the ledger', `update credit_ledger set amount = 1000000`],
    ['an UPDATE of a note alone', `update credit_ledger set note = 'x' where user_id = 'user_1'`],
    ['an UPDATE that matches nothing', `update credit_ledger set amount = 1 where user_id = 'nobody'`],
    [
      'an UPDATE by ON CONFLICT',
      `insert into credit_ledger (user_id, kind, amount, idempotency_key) values ('user_1', 'adjustment', 1, 'first') on conflict (idempotency_key) do update set amount = 2`,
    ],
    ['a DELETE from the ledger', `delete from credit_ledger`],
    ['a TRUNCATE of the ledger', `truncate credit_ledger`],
    ['a TRUNCATE that cascades to the ledger', `truncate wallets cascade`],
    ['a direct write of the balance', `update wallets set balance = balance + 1 where user_id = 'user_1'`],
    ['a wallet that opens with credits', `insert into wallets (user_id, balance) values ('user_3', 5)`],
    ['a wallet that changes its user', `update wallets set user_id = 'user_9' where user_id = 'user_2'`],
    ['a closed wallet that is reopened', `update wallets set closed_at = null where user_id = 'user_closed'`],
    ['a tombstone that is removed', `delete from wallets where user_id = 'user_closed'`],
  ])('%s is refused', async (_name, statement) => {
    expect(await refused(client(), statement)).toBe(RESTRICTED)
    expect(await balanceOf('user_1')).toBe(40)
  })

  it.each([
    ['an entry of nothing', credit('user_1', 0), '23514'],
    ['a purchase that takes', credit('user_1', -5, 'purchase'), '23514'],
    ['a spend that gives', credit('user_1', 5, 'spend'), '23514'],
    ['a purchase without its payment', credit('user_1', 5, 'purchase'), '23514'],
    ['an unknown kind', credit('user_1', 5, 'gift'), '23514'],
    ['a balance that JSON does not hold exactly', credit('user_1', 2 ** 53 - 1), '23514'],
    ['an entry for no wallet', credit('nobody', 5), '23503'],
    [
      'a second entry for one fact',
      `insert into credit_ledger (user_id, kind, amount, idempotency_key) values ('user_1', 'adjustment', 5, 'first')`,
      '23505',
    ],
  ])('%s is refused', async (_name, statement, code) => {
    expect(await refused(client(), statement)).toBe(code)
  })

  it('an entry moves the balance, in the same commit or not at all', async () => {
    await client().query('begin')
    await client().query(credit('user_2', 7))
    await client().query('rollback')
    const before = await balanceOf('user_2')
    await client().query(credit('user_2', 7))
    await client().query(credit('user_2', -2, 'spend'))
    expect(await balanceOf('user_2')).toBe(before + 5)
  })

  it('a purchase of nothing is refused, and two of one payment, whatever their keys', async () => {
    const purchase = (key: string) =>
      `insert into credit_ledger (user_id, kind, amount, idempotency_key, stripe_payment_id) values ('user_2', 'purchase', 5, '${key}', 'pi_${role}')`
    expect(await refused(client(), purchase(`of nothing that was sold, ${role}`))).toBe('23503')
    await owner.query(
      `insert into payments (stripe_payment_id, user_id, credits, amount, currency) values ('pi_${role}', 'user_2', 5, 500, 'usd')`,
    )
    await client().query(purchase(`a_${role}`))
    expect(await refused(client(), purchase(`b_${role}`))).toBe('23505')
  })

  it('a temporary table of the same name is not used instead of the wallets', async () => {
    const before = await balanceOf('user_2')
    await client().query('create temporary table wallets (like ledgerhook.wallets)')
    await client().query(credit('user_2', 3))
    await client().query('drop table pg_temp.wallets')
    expect(await balanceOf('user_2')).toBe(before + 3)
  })
})

describe('a role that may only insert entries', () => {
  it('moves balances by them, and by nothing else', async () => {
    await application.query('begin')
    await owner.query('revoke update, delete, truncate on all tables in schema ledgerhook from application')
    await application.query('rollback')
    const before = await balanceOf('user_2')
    await application.query(credit('user_2', 4))
    expect(await balanceOf('user_2')).toBe(before + 4)
    expect(await refused(application, `update wallets set balance = 0 where user_id = 'user_2'`)).toBe(
      '42501',
    )
    await owner.query('grant update, delete, truncate on all tables in schema ledgerhook to application')
  })

  it('cannot set a balance from within a trigger of its own', async () => {
    await application.query(`create temporary table bait (n int);
      create function pg_temp.write_balance() returns trigger language plpgsql as
        $$ begin update ledgerhook.wallets set balance = 1000000 where user_id = 'user_2'; return new; end $$;
      create trigger bite before insert on bait for each row execute function pg_temp.write_balance()`)
    expect(await refused(application, 'insert into bait values (1)')).toBe(RESTRICTED)
  })

  it('writes several entries in one statement, and each carries the balance it leaves', async () => {
    const before = await balanceOf('user_2')
    const { rows } = await application.query(
      `insert into credit_ledger (user_id, kind, amount, idempotency_key)
       values ('user_2', 'adjustment', 5, 'several_1'), ('user_2', 'spend', -2, 'several_2')
       returning balance_after`,
    )
    expect(rows.map((row) => Number(row.balance_after))).toEqual([before + 5, before + 3])
    expect(await balanceOf('user_2')).toBe(before + 3)
  })

  it('leaves nothing moved by an entry that ON CONFLICT skips', async () => {
    const before = await balanceOf('user_2')
    await application.query(
      `insert into credit_ledger (user_id, kind, amount, idempotency_key)
       values ('user_2', 'adjustment', 5, 'several_1') on conflict do nothing`,
    )
    await application.query(credit('user_2', 1))
    expect(await balanceOf('user_2')).toBe(before + 1)
  })
})

describe('connected as the owner', () => {
  it('an entry without a wallet is refused, also where foreign keys are not looked at', async () => {
    await owner.query(`set session_replication_role = replica`)
    expect(await refused(owner, credit('nobody', 5))).toBe('23503')
    await owner.query('reset session_replication_role')
  })

  it('session_replication_role does not bypass the guards', async () => {
    await owner.query(`set session_replication_role = replica`)
    expect(await refused(owner, 'delete from credit_ledger')).toBe(RESTRICTED)
    expect(await refused(owner, `update wallets set balance = 1 where user_id = 'user_1'`)).toBe(RESTRICTED)
    const before = await balanceOf('user_2')
    await owner.query(credit('user_2', 1))
    await owner.query('reset session_replication_role')
    expect(await balanceOf('user_2')).toBe(before + 1)
  })

  it('two active users cannot hold one address, in whatever case, and a deactivated one does not count', async () => {
    const insert = (id: string, deactivated: string) =>
      `insert into users (id, email, deactivated_at) values ('${id}', '${id.slice(-1)}DA@example.com', ${deactivated})`
    await owner.query(insert('user_A', 'null'))
    expect(await refused(owner, insert('user_a', 'null'))).toBe('23505')
    expect(await refused(owner, insert('user_xa', 'now()'))).toBe('accepted')
  })
})

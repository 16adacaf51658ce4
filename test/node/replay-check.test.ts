import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Compared } from '../../cli/replay/compare.ts'
import type { Played } from '../../cli/replay/on.ts'
import { projectDir } from '../../cli/shared/project.ts'
import { query } from '../../local/postgres/query.ts'
import { until } from '../../local/until.ts'
import { makeDir, run } from './command.ts'
import {
  leave,
  plans,
  refund,
  renew,
  SECRETS,
  signUp,
  startHistory,
  subscribe,
  topUp,
  VARS,
} from './replay-support.ts'

// Each run starts a Postgres, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

let history: Awaited<ReturnType<typeof startHistory>>
/** A copy of this project with a new Git repository, whose one commit is this code. */
let copy: string
/** Before the refund, after everything else. */
let lastAt: Date
const RENEWING = Array.from({ length: 12 }, (_, number) => `user_renewing${number}`)

beforeAll(async () => {
  history = await startHistory()
  const outcomes = [
    ...(await history.deliver(signUp('user_buyer'), topUp('user_buyer'))),
    ...(await history.deliver(topUp('user_late'), signUp('user_late'))),
    ...(await history.deliver(...RENEWING.flatMap((user) => [signUp(user), subscribe(user), renew(user)]))),
  ]
  expect([...new Set(outcomes)].sort()).toEqual(['applied', 'parked'])
  lastAt = await nextMoment()
  expect(await history.deliver(refund('user_buyer', 400))).toEqual(['applied'])

  copy = makeDir()
  for (const part of ['cli', 'local', 'src', 'migrations', 'package.json', 'wrangler.toml'])
    cpSync(join(projectDir, part), join(copy, part), { recursive: true })
  symlinkSync(join(projectDir, 'node_modules'), join(copy, 'node_modules'), 'junction')
  mkdirSync(join(copy, 'work'))
  git('init', '--quiet')
  git('add', 'package.json', 'src', 'migrations')
  git('commit', '--quiet', '--message', 'this code')
})
afterAll(() => rmSync(copy, { recursive: true, force: true }))

/** A past moment by the database's clock, later than everything that is stored. */
async function nextMoment(): Promise<Date> {
  const [next] = await rows<{ at: Date }>(`select date_trunc('milliseconds', now()) + interval '2 ms' as at`)
  const hasPassed = async () => (await rows('select where now() > $1', [next?.at])).length > 0
  expect(await until(hasPassed, 60_000)).toBe(true)
  return next?.at as Date
}
const rows = <Row extends object>(sql: string, values: unknown[] = []) =>
  query<Row & Record<string, unknown>>(history.databaseUrl, sql, values)

function git(...args: string[]): void {
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@t', '-c', 'commit.gpgsign=false']
  execFileSync('git', ['-C', copy, ...identity, ...args])
}

async function check(args: string[], script = 'cli/replay-check.ts') {
  const env = { ...SECRETS, ...VARS, DATABASE_URL: history.databaseUrl }
  const { code, output } = await run(script, args, join(copy, 'work'), env)
  // Long work prints its progress.
  return { code, output: output.replaceAll(/^.*…\n/gm, '') }
}
/** Delivers again what has lost its payload, in a separate database from which the payloads are deleted. */
async function restorePayloads(user: string): Promise<void> {
  for (const { body } of [signUp(user), subscribe(user), renew(user)])
    await rows(`update webhook_events set payload = $2 where user_id = $1 and type = $3`, [
      user,
      body,
      body.type,
    ])
}
async function compared(...args: string[]) {
  const { code, output } = await check(['--json', ...args], join(copy, 'cli/replay-check.ts'))
  if (!output.startsWith('{')) throw new Error(output)
  return { code, ...(JSON.parse(output) as Compared) }
}

/** Changes a file of the copy for one test. */
async function edited<T>(path: string, from: string, to: string, act: () => Promise<T>): Promise<T> {
  const file = join(copy, path)
  const text = readFileSync(file, 'utf8')
  expect(text).toContain(from)
  writeFileSync(file, text.replace(from, to))
  try {
    return await act()
  } finally {
    writeFileSync(file, text)
  }
}

/** Returns all contents of the database. */
async function contents(): Promise<unknown> {
  const tables = await rows<{ name: string }>(
    `select relname::text as name from pg_class
     where relnamespace = 'ledgerhook'::regnamespace and relkind = 'r' order by 1`,
  )
  return await Promise.all(
    tables.map(({ name }) =>
      rows(`select '${name}' as name, to_jsonb(t) as row from ${name} t order by t::text`),
    ),
  )
}

/** The place in `reverseRefund` that names the refunded amount. */
const AMOUNT = '    amount,\n    state,'

describe('npm run replay-check', () => {
  it('finds nothing where code and settings are the same, by another commit as well', async () => {
    const nothing = { code: 0, decided: 41, differences: [], rows: [] }
    expect(await compared()).toMatchObject(nothing)
    expect(await compared('--base', 'HEAD')).toMatchObject(nothing)
  })

  it('says in a line what a changed price would grant, and writes nothing', async () => {
    const before = await contents()
    const { code, output } = await check(['--var', `PLANS:${plans(2000)}`])
    const [first, second, third, ...rest] = output.split('\n')
    const { host } = new URL(history.databaseUrl)
    expect([code, first]).toEqual([1, expect.stringMatching(`^${host}: 41 deliveries since .*, 12 differ$`)])
    expect(second).toBe('12 × stripe invoice.paid: credit_invoice, applied: 12,000 credits more')
    expect(third).toBe(
      '  evt_renewal_user_renewing0  user_renewing0  +1000 → +2000 credits  lines.0.credits 1000 → 2000',
    )
    expect(rest).toContain('  and 7 more: --json lists them')
    expect(rest).toContain('12 rows would differ')
    expect(rest).toContain('  wallets user_renewing0: credits 1040 → 2040')
    expect(output).not.toContain('example.com')
    expect(await contents()).toEqual(before)
  })

  it('says what a missing price would leave waiting', async () => {
    const { code, differences } = await compared(
      '--var',
      'PLANS:{"price_other": {"key": "pro", "credits": 1}}',
    )
    expect([code, differences.length]).toEqual([1, 12])
    expect(differences[0]).toMatchObject({
      verdict: ['applied', 'parked / unknown_price'],
      credits: [1000, 0],
    })
  })

  it('finds a changed rule of the database, though each is decided the same', async () => {
    const { code, differences, rows } = await edited(
      'src/users/signup_bonus.sql',
      "values (given, 'signup_bonus', credits,",
      "values (given, 'signup_bonus', credits + 1,",
      () => compared('--base', 'HEAD'),
    )
    expect([code, differences.length]).toEqual([1, 14])
    expect(differences[0]).toMatchObject({ type: 'user.created', facts: [], credits: [40, 41] })
    expect(rows.filter(({ table }) => table === 'wallets')).toHaveLength(14)
  })

  it('finds an injected bug: in what is decided, and one that throws', async () => {
    const path = 'src/stripe/reverse-payment.ts'
    const doubled = await edited(path, AMOUNT, `    amount: 2 * amount,\n    state,`, () =>
      compared('--base', 'HEAD'),
    )
    expect(doubled.differences).toEqual([
      {
        provider: 'stripe',
        event: 'evt_refund_user_buyer',
        type: 'refund.created',
        user: 'user_buyer',
        verb: ['reverse_payment', 'reverse_payment'],
        facts: ['amount 400 → 800'],
        verdict: ['applied', 'applied'],
        credits: [-200, -400],
        only_new_facts: false,
      },
    ])
    expect(doubled.rows.map(({ table, columns }) => [table, columns])).toEqual([
      ['wallets', ['credits']],
      ['reversals', ['amount']],
    ])
    const thrown = await edited(path, AMOUNT, `    amount: BigInt(amount + 0.5),\n    state,`, () =>
      compared('--base', 'HEAD'),
    )
    expect(thrown.differences).toMatchObject([{ verdict: ['applied', 'failed / RangeError'] }])
  })

  it('counts a fact that the base does not know, and passes where its effect is the same', async () => {
    const path = 'src/stripe/reverse-payment.ts'
    const added = await edited(path, AMOUNT, `    amount,\n    reported_by: 'stripe',\n    state,`, () =>
      compared('--base', 'HEAD'),
    )
    expect(added).toMatchObject({
      code: 0,
      rows: [],
      differences: [
        {
          event: 'evt_refund_user_buyer',
          facts: ['reported_by'],
          credits: [-200, -200],
          only_new_facts: true,
        },
      ],
    })
  })

  it('fails where this code lost a fact of the base, though the effect is the same', async () => {
    const path = 'src/stripe/reverse-payment.ts'
    const [from, to] = ['stripe_charge_id: charge ?? null, currency', 'currency']
    const lost = await edited(path, from, to, () => compared('--base', 'HEAD'))
    expect(lost).toMatchObject({
      code: 1,
      rows: [],
      differences: [
        {
          event: 'evt_refund_user_buyer',
          credits: [-200, -200],
          verdict: ['applied', 'applied'],
          only_new_facts: false,
        },
      ],
    })
  })

  it('says that the database itself lacks a table that is compared, not the base', async () => {
    const path = 'src/stripe/reverse-payment.ts'
    await expect(
      edited('cli/replay/past.ts', `'stripe_account'`, `'stripe_accounts_later'`, () =>
        edited(path, AMOUNT, `    amount: 2 * amount,\n    state,`, () => compared('--base', 'HEAD')),
      ),
    ).rejects.toThrow(/^\S+ lacks what this command calls \(42P01\): npm run migrate$/)
  })

  it('says in a line that a base is too old, whose tables lack what is compared', async () => {
    const doubled = `    amount: 2 * amount,\n    state,`
    await expect(
      edited('cli/replay/rows.ts', 'banned_at is not null', 'banned_later_at is not null', () =>
        edited('src/stripe/reverse-payment.ts', AMOUNT, doubled, () => compared('--base', 'HEAD')),
      ),
    ).rejects.toThrow(
      /^the base is too old to be compared: in its database, column "banned_later_at" does not exist$/,
    )
  })

  it('compares with a base that lacks a table of ours, which it knows nothing of', async () => {
    await rows('create table ledgerhook.stripe_accounts_later as select true as one')
    try {
      const path = 'cli/replay/past.ts'
      const found = await edited(path, `'stripe_account'`, `'stripe_accounts_later'`, () =>
        compared('--var', `PLANS:${plans(2000)}`),
      )
      expect(found.differences).toHaveLength(12)
    } finally {
      await rows('drop table ledgerhook.stripe_accounts_later')
    }
  })

  it('judges what has a past by that past', async () => {
    const path = 'src/stripe/reverse-payment.ts'
    const found = await edited(path, AMOUNT, `    amount: 2 * amount,\n    state,`, () =>
      compared('--base', 'HEAD', '--since', lastAt.toISOString()),
    )
    expect(found).toMatchObject({
      code: 1,
      decided: 1,
      unjudged: { erased: 0, without_payload: 0, waiting: 0 },
      differences: [{ event: 'evt_refund_user_buyer', credits: [-200, -400] }],
    })
  })

  it('counts what it cannot judge, and does not look at who is being erased', async () => {
    await rows(`insert into erasures (user_id) values ('user_renewing0')`)
    await rows(`update webhook_events set payload = null where user_id = 'user_renewing1'`)
    await rows(`insert into webhook_events (provider, event_id, type, outcome, payload, user_id)
      select provider, 'evt_without_past', type, 'applied', replace(payload::text, 'user_buyer', 'user_unknown')::jsonb,
        'user_unknown' from webhook_events where event_id = 'evt_topup_user_buyer'`)
    try {
      const found = await compared('--var', `PLANS:${plans(2000)}`)
      expect([found.differences.length, found.unjudged]).toEqual([
        10,
        { erased: 3, without_payload: 3, waiting: 1 },
      ])
      expect(JSON.stringify(found.differences)).not.toContain('user_renewing0')
    } finally {
      await rows('delete from erasures')
      await rows(`delete from webhook_events where event_id = 'evt_without_past'`)
      await restorePayloads('user_renewing1')
    }
  })

  it.each([
    [['--base', 'no-such-thing'], 'no commit no-such-thing'],
    [['--base=--all'], 'no commit --all'],
    [['--var', 'PLAN:{}'], 'PLAN is not a setting'],
    [
      ['--var', 'DATABASE_URL:postgres://a:b@127.0.0.1/x'],
      '--var does not take DATABASE_URL, which says whose deliveries are read: set it in the environment',
    ],
    [['--var', 'PLANS:{'], 'PLANS: is not JSON'],
    [['--since', 'soon'], '--since takes'],
    [['--on', 'postgres://a:hunter2@127.0.0.1:1/x', '--base', 'HEAD'], '--on plays all'],
    [['--on', 'replay'], '--on is not a connection string'],
  ])('refuses %j in a line', async (args, why) => {
    const { code, output } = await check(args)
    expect([code, output]).toEqual([1, expect.stringContaining(why)])
    expect(output.split('\n')).toHaveLength(1)
    expect(output).not.toContain('hunter2')
  })
})

describe('npm run replay-check -- --on', () => {
  let empty: string
  const admin = (sql: string) =>
    query(Object.assign(new URL(history.databaseUrl), { pathname: '/postgres' }).href, sql)
  beforeAll(async () => {
    await admin('create database replay_check_on')
    empty = Object.assign(new URL(history.databaseUrl), { pathname: '/replay_check_on' }).href
    return async () => await admin('drop database replay_check_on with (force)')
  })
  async function played(...args: string[]) {
    const { code, output } = await check(['--json', '--on', empty, ...args])
    if (!output.startsWith('{')) throw new Error(output)
    return { code, ...(JSON.parse(output) as Played) }
  }

  it('finds the same in any order, and what is stored; and leaves the database empty', async () => {
    const before = await contents()
    expect(await played()).toMatchObject({
      code: 0,
      played: 41,
      shuffled: [],
      stored: [],
      unjudged: { erased: 0, without_payload: 0, users: 0 },
    })
    expect(await query(empty, `select from pg_namespace where nspname = 'ledgerhook'`)).toEqual([])
    expect(await contents()).toEqual(before)
  })

  it('names the rows that differ from the stored ones, with their credits, and no person', async () => {
    await rows(`update users set name = 'Grace Hopper' where id = 'user_late'`)
    try {
      const { code, shuffled, stored } = await played('--var', `PLANS:${plans(2000)}`)
      expect([code, shuffled, stored.length]).toEqual([1, [], 13])
      expect(stored[0]).toEqual({ table: 'users', id: 'user_late', columns: ['name'] })
      expect(stored[1]).toEqual({
        table: 'wallets',
        id: 'user_renewing0',
        columns: ['credits'],
        credits: [1040, 2040],
      })
      expect(JSON.stringify(stored)).not.toContain('Grace')
    } finally {
      await rows(
        `update users set name = (select name from users where id = 'user_buyer') where id = 'user_late'`,
      )
    }
  })

  it('does not compare the two orders for a deleted user: a later payment is kept for a person', async () => {
    const users = ['user_leaving1', 'user_leaving2', 'user_leaving3']
    await history.deliver(...users.flatMap((user) => [signUp(user), topUp(user), leave(user)]))
    expect(await played()).toMatchObject({ code: 0, played: 50, shuffled: [], stored: [] })
  })

  it('refuses a database that has a schema of ours', async () => {
    const { code, output } = await check(['--on', history.databaseUrl])
    expect([code, output]).toEqual([1, expect.stringContaining('--on takes an empty database')])
  })
})

import { execFile } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type LocalClerk, startClerk } from '../../local/clerk/server.ts'
import { checkoutEvent } from '../../local/events.ts'
import { query } from '../../local/postgres/query.ts'
import { reversalEvent } from '../../local/reversal-events.ts'
import { generateKeyPair } from '../../local/session-token.ts'
import { KINDS } from '../../src/reconcile/words.ts'
import type { Stack } from '../support/control.ts'
import { balanceOf } from './balance.ts'

const KEY = 'sk_test_0123456789abcdef'

let stack: Stack
let clerk: LocalClerk

beforeAll(async () => {
  const response = await fetch(`${inject('control')}/stack`, {
    method: 'POST',
    body: JSON.stringify({ secretKey: KEY, prices: ['price_pro'] }),
  })
  stack = await response.json()
  const { publicKey } = await generateKeyPair()
  clerk = await startClerk({ port: 0, secretKey: KEY, instanceId: 'ins_ours', publicKey })
})
afterAll(() => clerk.stop())

interface Reported {
  found: {
    says: string
    object: string
    user_id: string | null
    credits: number | null
    amount: number | null
  }[]
  fixed: { object: string }[]
  left: { says: string; object: string }[]
  absent: { confirmed: number; closed: number; needsConsent: boolean }
  unseen: string[]
}

/** Changed settings of the command, for one test. */
let vars: Record<string, string> = {}

function run(...args: string[]): Promise<{ code: number; text: string; errors: string }> {
  const env = {
    ...process.env,
    NO_COLOR: '1',
    DATABASE_URL: stack.databaseUrl,
    STRIPE_SECRET_KEY: KEY,
    STRIPE_API_BASE: stack.stripeUrl,
    CLERK_SECRET_KEY: KEY,
    CLERK_API_BASE: clerk.url,
    CLERK_INSTANCE_ID: 'ins_ours',
    SIGNUP_BONUS_SINCE: '2020-01-01T00:00:00Z',
    ...vars,
  }
  return new Promise((resolve) =>
    execFile(process.execPath, ['cli/reconcile.ts', ...args], { env }, (error, text, errors) =>
      resolve({ code: error ? Number(error.code) : 0, text: text.trim(), errors: errors.trim() }),
    ),
  )
}
async function report(...args: string[]): Promise<Reported & { code: number }> {
  const { code, text, errors } = await run('--json', ...args)
  // Its progress is on the other stream.
  if (text === '') throw new Error(errors)
  return { code, ...JSON.parse(text) }
}
const post = async (url: string, body: unknown) => {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) })
  if (!response.ok) throw new Error(await response.text())
}
const seedUsers = (...users: object[]) => post(`${clerk.url}/test/users`, users)
const balance = (user: string) => balanceOf(stack.databaseUrl, user)

describe('npm run reconcile', () => {
  it('names what differs with sums, changes nothing, and exits with 1; --fix corrects it', async () => {
    await seedUsers({ id: 'user_ada', email_address: ['ada@example.com'] })
    const { object } = checkoutEvent('checkout.session.completed', {
      user: 'user_ada',
      payment: 'pi_ada',
    }).data
    const set = { created: 1_790_000_000 }
    const of = { payment: 'pi_ada', amount: 200, set }
    await post(`${stack.stripeUrl}/test/seed`, {
      sessions: [{ ...object, ...set }],
      refunds: [reversalEvent('refund.created', { ...of, status: 'succeeded' }).data.object],
      // Two events report one refund: it counts once.
      events: [
        reversalEvent('refund.created', { ...of, status: 'succeeded' }),
        reversalEvent('charge.refunded', of),
      ],
    })

    const { code, text } = await run()
    expect(code).toBe(1)
    expect(text).toContain('user there, not here: 1')
    expect(text).toContain('paid, not credited: 1, +500 credits, 5.00 USD')
    expect(text).toContain('  cs_test_pi_ada  user_ada  +500 credits  5.00 USD  parked / unknown_user')
    expect(text).toContain(
      'refunded, not taken back: 1, 2.00 USD\n  re_pi_ada  -  2.00 USD  parked / unknown_payment',
    )
    expect(text).toContain('These sums leave out what its refunds and disputes take: --fix credits it first')
    expect(text).toContain('what is in live mode at Stripe')
    expect(await query(stack.databaseUrl, 'select from users')).toEqual([])

    const fixed = await report('--fix')
    expect(fixed.fixed.map(({ object }) => object)).toEqual(['user_ada', 'cs_test_pi_ada', 're_pi_ada'])
    expect([fixed.left, fixed.code]).toEqual([[], 0])
    expect((await run('--fix')).text).toMatch(/nothing differs\n\nnot looked at/)
    expect(await balance('user_ada')).toBe(340)
    expect(await report()).toMatchObject({ code: 0, found: [] })
    expect((await run('--fix')).text).toContain('compared with Stripe and Clerk, nothing differs')
  })

  it.each([
    [{ STRIPE_SECRET_KEY: 'sk_live_of_somebody_else' }, 'what is in test mode at Stripe', 'STRIPE', 'Stripe'],
    [{ CLERK_SECRET_KEY: 'sk_test_of_nobody' }, 'what is in live mode at Stripe', 'CLERK', 'Clerk'],
  ])(
    'says which key is refused, and of which mode it is, and exits with 1: %j',
    async (env, unseen, name, who) => {
      vars = env
      const { code, text } = await run().finally(() => {
        vars = {}
      })
      expect([code, text]).toEqual([
        1,
        expect.stringContaining(`${name}_SECRET_KEY is refused by ${who}: what`),
      ])
      expect(text).not.toMatch(/the key may not read this|nothing differs/)
      expect(text).toContain(`  ${unseen}\n`)
    },
  )

  it.each([
    ['live mode', { account: null, livemode: true }, 'serves live mode of a Stripe account'],
    ['another account', { account: 'acct_other', livemode: false }, 'serves test mode of acct_other'],
  ])('changes nothing where the database serves %s', async (_what, { account, livemode }, says) => {
    const [before] = await query(stack.databaseUrl, 'select account, livemode from stripe_account')
    await query(
      stack.databaseUrl,
      `insert into stripe_account (account, livemode, first_livemode) values ($1, $2, false)
       on conflict (one) do update set account = $1, livemode = $2`,
      [account, livemode],
    )
    try {
      const { code, errors, text } = await run('--fix')
      expect([code, text]).toEqual([1, ''])
      expect(errors).toContain(says)
      expect(errors).toContain('STRIPE_SECRET_KEY is of test mode')
      expect((await run('--only', 'clerk')).errors).not.toContain('STRIPE_SECRET_KEY')
    } finally {
      await query(stack.databaseUrl, 'delete from stripe_account')
      if (before)
        await query(
          stack.databaseUrl,
          'insert into stripe_account (account, livemode, first_livemode) values ($1, $2, $2)',
          [before.account, before.livemode],
        )
    }
  })

  it('compares one of the providers, one user, and a window', async () => {
    await seedUsers(
      { id: 'user_bob', email_address: ['bob@example.com'] },
      { id: 'user_eve', email_address: ['eve@example.com'] },
    )
    expect((await report('--only', 'stripe')).found).toEqual([])
    expect((await run('--only', 'stripe')).text).toContain('compared with Stripe, nothing differs')
    expect((await run('--user', 'user_bob', '--only', 'clerk')).text).toContain('user there, not here: 1')
    expect((await report('--user', 'user_bob')).found.map(({ object }) => object)).toEqual(['user_bob'])
    expect((await report('--only', 'stripe', '--since', '30d')).code).toBe(0)
    await report('--fix', '--since', '1h')
    expect((await report('--since', '1h')).code).toBe(0)
  })

  it('says of one provider only what it did not look at there', async () => {
    expect((await run('--only', 'clerk')).text).not.toMatch(/not looked at|Stripe/)
    vars = { CLERK_SECRET_KEY: '' }
    const { text } = await run('--only', 'stripe').finally(() => {
      vars = {}
    })
    expect(text).toMatch(
      /not looked at\n {2}what is in live mode at Stripe\n {2}events older than 30 days: .*$/,
    )
  })

  it('says that nobody has the id of --user, instead of that nothing differs', async () => {
    for (const args of [[], ['--fix'], ['--json'], ['--only', 'stripe'], ['--only', 'clerk']]) {
      const { code, text, errors } = await run('--user', 'user_nosuch', ...args)
      const where = args.includes('stripe') ? 'here' : 'here and at Clerk'
      expect([code, text]).toEqual([1, ''])
      expect(errors.split(/[\r\n]+/).at(-1)).toBe(`nobody has the id user_nosuch, ${where}: is it right?`)
    }
    vars = { CLERK_SECRET_KEY: '' }
    const { errors } = await run('--user', 'user_nosuch').finally(() => {
      vars = {}
    })
    expect(errors).toContain('nobody has the id user_nosuch, here: is it right?')
  })

  it('finds the user of --user at Clerk where nobody counts as deleted, as with the local Clerk', async () => {
    await seedUsers({ id: 'user_zed', email_address: ['zed@example.com'] })
    vars = { CLERK_INSTANCE_ID: '' }
    const runs = [
      await run('--user', 'user_zed'),
      await run('--user', 'user_zed', '--fix'),
      await run('--user', 'user_zed'),
      await run('--user', 'user_nosuch'),
    ]
    vars = {}
    const [missing, fixed, here, nobody] = runs
    expect(missing?.text).toContain('user there, not here: 1, +40 credits\n  user_zed  +40 credits')
    expect(fixed?.text).toContain('1 corrected, then compared again: nothing differs')
    expect(here?.text).toContain(
      'compared with Stripe and Clerk, nothing differs\n\nnot looked at\n  users here: ',
    )
    expect(nobody?.errors).toContain('nobody has the id user_nosuch, here and at Clerk: is it right?')
  })

  it('wants the owner where the login may not read the tables', async () => {
    await query(stack.databaseUrl, `create role reader_of_reconcile login password 'long'`)
    const DATABASE_URL = Object.assign(new URL(stack.databaseUrl), {
      username: 'reader_of_reconcile',
      password: 'long',
    }).href
    vars = { DATABASE_URL }
    const refused = [await run(), await run('--customers', 'by-email')]
    vars = {}
    await query(stack.databaseUrl, 'drop role reader_of_reconcile')
    expect(refused.map(({ code, errors }) => [code, errors])).toEqual([
      [1, expect.stringMatching(/may not do this in .* connect as the owner$/)],
      [1, expect.stringMatching(/^the user of DATABASE_URL may not do this in .* connect as the owner$/)],
    ])
  })

  it('closes who is gone at Clerk only twice seen, and of few users only where the number is given', async () => {
    await report('--fix')
    await post(`${clerk.url}/test/users/user_eve/delete`, { deliver: false })
    expect((await run('--fix')).text).toContain('  user_eve  a suspicion: look again in an hour')
    expect((await report('--fix')).absent).toMatchObject({ confirmed: 0, closed: 0 })
    await query(
      stack.databaseUrl,
      `update ledgerhook.differences set first_seen_at = now() - interval '2 hours'`,
    )
    const asked = await run('--fix')
    expect(asked.code).toBe(1)
    expect(asked.text).toContain('--fix --delete 1 closes them')
    expect(await report('--fix', '--delete', '1')).toMatchObject({ code: 0, absent: { closed: 1 } })
    const [row] = await query<{ closed: boolean }>(
      stack.databaseUrl,
      `select closed_at is not null as closed from wallets where user_id = 'user_eve'`,
    )
    expect(row?.closed).toBe(true)
  })

  it('waits where a provider asks for it, and goes on', async () => {
    await post(`${clerk.url}/test/limit`, { requests: 2, per_ms: 1_000 })
    expect((await report()).code).toBe(0)
    await post(`${clerk.url}/test/limit`, {})
  })

  const customer = (id: string, email: string, metadata = {}) => ({
    id,
    object: 'customer',
    email,
    metadata,
    created: 1_700_000_000,
    livemode: false,
  })
  const charge = (of: string, paid: boolean) => ({
    id: `ch_${of}`,
    object: 'charge',
    customer: of,
    paid,
    created: 1_700_000_000,
    amount: 500,
  })
  const customersOf = (user: string) =>
    query<{ id: string }>(
      stack.databaseUrl,
      `select id from ledgerhook.stripe_customers where user_id = '${user}' order by id`,
    )

  it('links customers by an address that one user and one customer have, if the customer has paid', async () => {
    await seedUsers(
      ...['kim', 'lee', 'max', 'pat'].map((name) => ({
        id: `user_${name}`,
        email_address: [`${name}@example.com`],
      })),
    )
    await report('--fix', '--only', 'clerk')
    await post(`${stack.stripeUrl}/test/seed`, {
      customers: [
        customer('cus_kim', 'Kim@Example.com'),
        customer('cus_lee', 'lee@example.com'),
        ...['cus_max1', 'cus_max2'].map((id) => customer(id, 'max@example.com')),
        customer('cus_pat', 'pat@example.com', { user_id: 'user_bob' }),
      ],
      charges: [
        ...['cus_kim', 'cus_max1', 'cus_max2', 'cus_pat'].map((id) => charge(id, true)),
        charge('cus_lee', false),
      ],
    })
    await report('--fix', '--only', 'stripe')
    const listed = await report('--customers', 'by-email', '--only', 'stripe')
    expect(listed.found).toMatchObject([{ object: 'cus_kim', user_id: 'user_kim' }])
    expect(await customersOf('user_kim')).toEqual([])
    expect(await report('--customers', 'by-email', '--only', 'stripe', '--fix')).toMatchObject({ left: [] })
    expect(await customersOf('user_kim')).toEqual([{ id: 'cus_kim' }])
    expect(await report('--customers', 'by-email', '--only', 'stripe')).toMatchObject({ code: 0, found: [] })
  })

  it('links the customers of a file, all of it or nothing', async () => {
    const file = join(tmpdir(), `customers-${process.pid}.csv`)
    const linked = async (lines: string[], ...args: string[]) => {
      await writeFile(file, ['user_id,stripe_customer_id', ...lines].join('\n'))
      return await run('--customers', file, '--only', 'stripe', ...args)
    }
    try {
      const wrong = await linked(
        ['user_lee,cus_lee', 'user_max,cus_lee', 'user_max', 'user_max,4711'],
        '--fix',
      )
      expect(wrong.errors).toContain('line 3: cus_lee stands on line 2 for another user')
      expect(wrong.errors).toContain('line 4: it has 1 fields, not 2')
      expect(wrong.errors).toContain('line 5: stripe_customer_id is not one')
      const impossible = await linked(['user_lee,cus_lee', 'user_max,cus_gone', 'user_max,cus_pat'], '--fix')
      expect(impossible.errors).toContain('cus_gone: Stripe does not have it')
      expect(impossible.errors).toContain('cus_pat: its metadata names user_bob, and not user_max')
      expect(await customersOf('user_lee')).toEqual([])

      expect(await linked(['user_nobody,cus_lee'])).toMatchObject({
        code: 1,
        text: expect.stringMatching(/ {2}cus_lee +user_nobody .*parked \/ unknown_user/),
      })

      const lines = ['user_lee,cus_lee', 'user_max,cus_max1', 'user_max,cus_max2']
      expect((await linked(lines)).text).toContain('  cus_lee  user_lee')
      expect(await linked(lines, '--fix')).toMatchObject({ code: 0 })
      expect(await customersOf('user_max')).toEqual([{ id: 'cus_max1' }, { id: 'cus_max2' }])
    } finally {
      await rm(file, { force: true })
    }
  })

  it('links no customer of another app, and one without a tag where the file names it', async () => {
    const file = join(tmpdir(), `customers-of-apps-${process.pid}.csv`)
    vars = { APP_TAG: 'shop' }
    try {
      const names = ['quin', 'rob']
      await seedUsers(
        ...names.map((name) => ({ id: `user_${name}`, email_address: [`${name}@example.com`] })),
      )
      await report('--fix', '--only', 'clerk')
      await post(`${stack.stripeUrl}/test/seed`, {
        customers: [
          customer('cus_quin', 'quin@example.com'),
          customer('cus_rob', 'rob@example.com', { app: 'blog' }),
        ],
        charges: [charge('cus_rob', true)],
      })
      const listed = await report('--customers', 'by-email', '--only', 'stripe')
      expect(listed.found.map(({ object }) => object)).not.toContain('cus_rob')
      const linked = async (...lines: string[]) => {
        await writeFile(file, ['user_id,stripe_customer_id', ...lines].join('\n'))
        return await run('--customers', file, '--only', 'stripe', '--fix')
      }
      const refused = await linked('user_quin,cus_quin', 'user_rob,cus_rob')
      expect(refused.errors).toContain('cus_rob: its metadata names another app, and not shop')
      expect(await customersOf('user_quin')).toEqual([])
      await linked('user_quin,cus_quin')
      expect(await customersOf('user_quin')).toEqual([{ id: 'cus_quin' }])
    } finally {
      vars = {}
      await rm(file, { force: true })
    }
  })

  it('says what waits already, what is for a person, and what it cannot see', async () => {
    const sessionOf = (payment: string, set: object) => ({
      ...checkoutEvent('checkout.session.completed', { user: 'user_ada', payment }).data.object,
      created: 1_790_000_000,
      ...set,
    })
    const odd = { metadata: { user_id: 'user_ada' } }
    await post(`${stack.stripeUrl}/test/seed`, {
      sessions: [sessionOf('pi_ada', { amount_total: 400 }), sessionOf('pi_odd', odd)],
    })
    await post(`${stack.stripeUrl}/test/permissions`, { denied: ['GET /v1/refunds'] })
    vars = { CLERK_INSTANCE_ID: 'ins_other' }
    try {
      const { text } = await run('--fix')
      expect(text).toContain('0 corrected, then compared again: 2 differ')
      expect(text).toContain(
        'amount differs: 1, 4.00 USD\n  cs_test_pi_ada  user_ada  4.00 USD  for a person',
      )
      expect(text).toMatch(/ {2}cs_test_pi_odd .* rejected \/ invalid_metadata {2}waits already/)
      expect(text).toContain('  refunds: the key may not read this (')
      expect(text).toContain('  users: CLERK_SECRET_KEY is of another instance than CLERK_INSTANCE_ID')
      vars = { CLERK_INSTANCE_ID: '' }
      const local = (await run('--only', 'clerk')).text
      expect(local).toContain('  users here: the local Clerk does not know those of `npm run send`')
      expect(local).not.toContain('CLERK_INSTANCE_ID')
      vars = { CLERK_SECRET_KEY: '' }
      const { text: ofAda } = await run('--user', 'user_ada')
      expect(ofAda).toContain('  Clerk: CLERK_SECRET_KEY is not set')
      expect(ofAda).toContain('  credits of payments that Stripe does not have: leave out --user')
      expect(ofAda).toContain('  what was paid without a customer of this user: leave out --user')
    } finally {
      vars = {}
      await post(`${stack.stripeUrl}/test/permissions`, { denied: [] })
    }
  })

  it('says each kind of difference in a word that docs/reconcile.md explains', async () => {
    const page = await readFile('docs/reconcile.md', 'utf8')
    expect(Object.values(KINDS).filter(({ says }) => !page.includes(`\n| ${says} |`))).toEqual([])
  })

  it.each([
    [['--customers', 'by-email', '--only', 'clerk'], '--customers goes with neither'],
    [['--customers', 'no/such.csv'], 'no/such.csv cannot be read'],
    [['--since', 'yesterday'], '--since takes'],
    [['--since', '0d'], '--since takes'],
    [['--since', '2099-01-01'], '--since takes'],
    [['--only', 'paypal'], '--only takes clerk or stripe'],
    [['--delete', '5'], '--delete goes with --fix'],
    [['--delete', 'all', '--fix'], '--delete takes a whole number'],
  ])('refuses %j in one line', async (args, why) => {
    const { code, errors } = await run(...args)
    expect([code, errors.split('\n').length]).toEqual([1, 1])
    expect(errors).toContain(why)
  })
})

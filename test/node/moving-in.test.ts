import { execFile } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest'
import type { Event } from '../../bench/arena/deliveries.ts'
import { projectDir } from '../../cli/shared/project.ts'
import { invoiceEvent, subscriptionEvent } from '../../local/billing-events.ts'
import { type LocalClerk, startClerk } from '../../local/clerk/server.ts'
import { checkoutEvent } from '../../local/events.ts'
import { query } from '../../local/postgres/query.ts'
import { makeScratchDir } from '../../local/scratch.ts'
import { generateKeyPair } from '../../local/session-token.ts'
import { connect } from '../../src/db.ts'
import { settingsOf } from '../../src/settings.ts'
import { spend } from '../../src/wallet/spend.ts'
import type { Stack } from '../support/control.ts'
import { deliverer, SECRETS, signUp, VARS } from './replay-support.ts'

vi.setConfig({ testTimeout: 300_000 })

const KEY = 'sk_test_0123456789abcdef'
const HOUR_MS = 3_600_000
const [BEFORE_MS, MOMENT_MS] = [Date.now() - 48 * HOUR_MS, Date.now() - HOUR_MS]
const FAR = '2099-01-01T00:00:00Z'
const MOMENT = new Date(MOMENT_MS).toISOString()

let stack: Stack
let clerk: LocalClerk
let folder: string
beforeAll(async () => {
  const body = JSON.stringify({ secretKey: KEY, prices: ['price_pro'] })
  stack = (await (await fetch(`${inject('control')}/stack`, { method: 'POST', body })).json()) as Stack
  const { publicKey } = await generateKeyPair()
  clerk = await startClerk({ port: 0, secretKey: KEY, instanceId: 'ins_ours', publicKey })
  folder = makeScratchDir('moving-in')
})
afterAll(async () => {
  await clerk?.stop()
  if (folder) await rm(folder, { recursive: true })
})

/** The commands that the adopter runs, in the order of the page, with the promised output and exit code. */
const ran: string[] = []
let creditSince = FAR

/** Runs a command of the page unchanged, in a folder with the files that it names. */
async function run(command: string): Promise<{ code: number; text: string }> {
  ran.push(command)
  const [, , name = '', , ...args] = command.split(' ')
  const env = {
    PATH: process.env.PATH,
    NO_COLOR: '1',
    DATABASE_URL: stack.databaseUrl,
    STRIPE_SECRET_KEY: KEY,
    STRIPE_API_BASE: stack.stripeUrl,
    CLERK_SECRET_KEY: KEY,
    CLERK_API_BASE: clerk.url,
    CLERK_INSTANCE_ID: 'ins_ours',
    PLANS: VARS.PLANS,
    CREDIT_SINCE: creditSince,
  }
  return await new Promise((resolve) =>
    execFile(
      process.execPath,
      [join(projectDir, `cli/${name}.ts`), ...args],
      { env, cwd: folder },
      (error, out, errors) => resolve({ code: error ? Number(error.code) : 0, text: (out + errors).trim() }),
    ),
  )
}
const file = (name: string, ...lines: string[]) => writeFile(join(folder, name), lines.join('\n'))

/** The Worker with the present settings. */
const deliver = async (...events: object[]) => {
  const at = { DATABASE_URL: stack.workerUrl, NEON_FETCH_ENDPOINT: stack.gatewayUrl }
  const set = { STRIPE_SECRET_KEY: KEY, STRIPE_API_BASE: stack.stripeUrl, CREDIT_SINCE: creditSince }
  return await deliverer({ ...at, ...set })(
    ...events.map((body): Event => ({ provider: 'stripe', body: body as Event['body'] })),
  )
}
const balances = async () => {
  const rows = await query<{ user_id: string; balance: string }>(
    stack.databaseUrl,
    'select user_id, balance from wallets order by 1',
  )
  return Object.fromEntries(rows.map(({ user_id, balance }) => [user_id, Number(balance)]))
}
const customers = async () =>
  Object.fromEntries(
    (
      await query<{ id: string; customer: string | null }>(
        stack.databaseUrl,
        'select id, stripe_customer_id as customer from users order by 1',
      )
    ).map(({ id, customer }) => [id, customer]),
  )

const post = async (url: string, body: unknown) => {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) })
  if (!response.ok) throw new Error(await response.text())
  return await response.json()
}
const stripe = (path: string, body: object = {}) =>
  post(`${stack.stripeUrl}/test/${path}`, { deliver: false, ...body })
const clock = (skew_ms: number) => post(`${stack.stripeUrl}/test/clock`, { skew_ms })
const seed = (objects: object) => post(`${stack.stripeUrl}/test/seed`, objects)
const customer = (id: string, email: string, metadata = {}) => ({
  id,
  object: 'customer',
  email,
  metadata,
  created: Math.floor(BEFORE_MS / 1000),
  livemode: false,
})
const names = { subscription: 'sub_ada', customer: 'cus_ada', user: 'user_ada', price: 'price_pro' }
const created = (ms: number) => ({ created: Math.floor(ms / 1000) })

/** The payments in the app from before, by user: each of 1000, for 500 credits. */
const sold: Record<string, { id: string; latest_charge: string }> = {}

/** Four people signed up, bought and subscribed before. Ada was refunded 2.00, and the credits for that are gone. */
async function livedBefore() {
  await post(
    `${clerk.url}/test/users`,
    ['ada', 'bob', 'eve', 'kim'].map((name) => ({
      id: `user_${name}`,
      email_address: [`${name}@example.com`],
      created_at: new Date(BEFORE_MS).toISOString(),
    })),
  )
  await clock(BEFORE_MS - Date.now())
  await seed({
    customers: [
      customer('cus_ada', 'ada@example.com', { user_id: 'user_ada' }),
      customer('cus_bob', 'robert@example.com'),
      customer('cus_eve', 'eve@example.com'),
    ],
    subscriptions: [
      subscriptionEvent('customer.subscription.created', { ...names, at: BEFORE_MS }).data.object,
    ],
    invoices: [
      {
        ...invoiceEvent('invoice.paid', { ...names, invoice: 'in_ada' }).data.object,
        ...created(BEFORE_MS),
      },
    ],
  })
  for (const name of ['ada', 'bob', 'eve'])
    sold[name] = (await stripe('payment_intents/new/pay', { amount: 1000, customer: `cus_${name}` })).object
  await stripe(`charges/${sold.ada?.latest_charge}/refund`, { amount: 200 })
  const { object } = checkoutEvent('checkout.session.completed', { user: 'user_kim', payment: 'pi_kim' }).data
  await seed({ sessions: [{ ...object, ...created(BEFORE_MS) }] })
}

it('a team moves in by the commands of docs/moving-in.md, and no step credits or takes anything twice', async () => {
  await livedBefore()

  // 1. Install next to the old handler, with a moment in the far future: new payments are not credited.
  const session = (name: string, ms: number) => ({
    ...checkoutEvent('checkout.session.completed', {
      user: `user_${name}`,
      payment: `pi_${name}_${ms}`,
      at: ms,
      session: created(ms),
    }),
  })
  expect(await deliver(session('ada', BEFORE_MS))).toEqual(['ignored'])

  // 2. Look.
  const looked = await run('npm run reconcile')
  expect(looked.code).toBe(1)
  expect(looked.text).toContain('user there, not here: 4')
  expect(looked.text).not.toMatch(/paid, not credited|without credits/)

  // 3. Users.
  expect(await run('npm run reconcile -- --only clerk --fix')).toMatchObject({ code: 0 })
  expect(await balances()).toEqual({ user_ada: 0, user_bob: 0, user_eve: 0, user_kim: 0 })

  // 4. Customers and subscriptions.
  await run('npm run reconcile -- --only stripe --fix')
  expect(await customers()).toEqual({ user_ada: 'cus_ada', user_bob: null, user_eve: null, user_kim: null })
  const [subscription] = await query(stack.databaseUrl, 'select user_id, plan_key from subscriptions')
  expect(subscription).toEqual({ user_id: 'user_ada', plan_key: 'pro' })
  await file('customers.csv', 'user_id,stripe_customer_id', 'user_bob,cus_bob')
  for (const source of ['customers.csv', 'by-email']) {
    const command = `npm run reconcile -- --only stripe --customers ${source}`
    expect((await run(command)).text).toContain('customer of nobody: 1')
    expect(await run(`${command} --fix`)).toMatchObject({ code: 0 })
  }
  const linked = { user_ada: 'cus_ada', user_bob: 'cus_bob', user_eve: 'cus_eve', user_kim: null }
  expect(await customers()).toEqual(linked)

  // 5. The moment. 6. Balances.
  await file(
    'balances.csv',
    'user_id,amount,key,note',
    ...['ada,1400', 'bob,500', 'eve,250', 'kim,0'].map((one) => {
      const [name, amount] = one.split(',')
      return `user_${name},${amount},move-in-user_${name},Moved in`
    }),
  )
  const sum = 'npm run adjust -- --file balances.csv --target --sum'
  expect((await run('npm run adjust -- --file balances.csv --target --dry-run')).text).toContain('2150')
  expect((await run(`${sum} 125000`)).text).toContain('the amounts add up to 2150, not to 125000')
  expect(await run(`${sum} 2150`)).toMatchObject({ code: 0 })
  const moved = { user_ada: 1400, user_bob: 500, user_eve: 250, user_kim: 0 }
  expect(await balances()).toEqual(moved)
  expect((await run(`${sum} 2150`)).text).toContain('1 had this balance; 3 were booked before')

  // 7. The switch: sales since the moment that no event reported are credited. Spends work at once.
  creditSince = MOMENT
  await clock(0)
  await seed({ sessions: [session('kim', MOMENT_MS + 60_000).data.object] })
  expect((await run('npm run reconcile -- --only stripe --fix')).text).toContain(
    'paid, not credited: 1, +500',
  )
  expect(await balances()).toEqual({ ...moved, user_kim: 500 })
  const worker = { DATABASE_URL: stack.workerUrl, NEON_FETCH_ENDPOINT: stack.gatewayUrl }
  const spent = {
    user_id: 'user_bob',
    amount: 10,
    idempotency_key: 'first',
    note: null,
    reference: null,
    caller: null,
  }
  expect(await spend(connect(settingsOf({ ...SECRETS, ...VARS, ...worker })), spent)).toMatchObject({
    balance: 490,
  })
  const renewal = invoiceEvent('invoice.paid', { ...names, invoice: 'in_ada_2', set: created(Date.now()) })
  await seed({ invoices: [renewal.data.object] })
  expect(await deliver(renewal)).toEqual(['applied'])
  const after = { user_ada: 2400, user_bob: 490, user_eve: 250, user_kim: 500 }
  expect(await balances()).toEqual(after)

  // 8. Payments from before. Meanwhile Ada's bank takes back the rest; later a quarter of Eve's payment is refunded.
  const dispute = await stripe(`charges/${sold.ada?.latest_charge}/dispute`, { amount: 800 })
  const withdrawn = dispute.events.find(
    ({ type }: { type: string }) => type === 'charge.dispute.funds_withdrawn',
  )
  expect(await deliver(withdrawn)).toEqual(['rejected'])
  await file(
    'payments.csv',
    'payment_intent,user_id,credits',
    ...Object.entries(sold).map(([name, { id }]) => `${id},user_${name},500`),
  )
  const payments = 'npm run reconcile -- --only stripe --payments payments.csv --sum'
  expect((await run(`${payments} 480000`)).text).toContain('the credits add up to 1500, not to 480000')
  const listed = await run(`${payments} 1500`)
  expect(listed).toMatchObject({ code: 1 })
  expect(listed.text).toContain('payments from before CREDIT_SINCE: 3, 1500 credits, 30.00 USD')
  expect(listed.text).toContain('3 would be imported, of which 100 credits were gone before; 0 known already')
  expect(await balances()).toEqual(after)
  const imported = await run(`${payments} 1500 --fix`)
  expect(imported.text).toContain('3 imported now')
  expect(imported.text).toContain('nothing differs\n\nnot looked at')
  expect(await balances()).toEqual({ ...after, user_ada: 2400 - 400 })
  const refund = await stripe(`charges/${sold.eve?.latest_charge}/refund`, { amount: 250 })
  expect(await deliver(...refund.events)).toEqual(['applied', 'ignored'])
  expect(await balances()).toEqual({ ...after, user_ada: 2000, user_eve: 125 })
  expect((await run(`${payments} 1500`)).text).toContain('3 known already')

  // 9. The old handler is gone. A person credits what was opened before the moment and paid after it.
  expect(await deliver(session('bob', MOMENT_MS - 60_000))).toEqual(['ignored'])
  await run('npm run adjust -- user_bob 500 --note Opened-before --key pi_bob')

  // 10. Compare again. Only new users have had a signup bonus.
  expect((await run('npm run reconcile')).text).toContain('nothing differs')
  await deliverer({ ...worker, SIGNUP_BONUS_SINCE: MOMENT })(signUp('user_new'))
  expect(await balances()).toEqual({
    user_ada: 2000,
    user_bob: 990,
    user_eve: 125,
    user_kim: 500,
    user_new: 40,
  })
  expect(await customers()).toMatchObject(linked)

  const page = await readFile(join(projectDir, 'docs/moving-in.md'), 'utf8')
  const commands = [...page.matchAll(/npm run [^`\n]+/g)].map(([command]) => command.trim())
  let at = 0
  for (const command of commands) {
    const next = ran.findIndex((one, i) => i >= at && isAs(one, command))
    expect([command, next >= at]).toEqual([command, true])
    at = next + 1
  }
  expect(commands.length).toBeGreaterThan(9)
})

/** Whether this is that command of the page, if a sum or a placeholder may differ. */
const isAs = (one: string, command: string) => {
  const plain = (text: string) => text.replace(/--sum \d+/, '--sum N')
  return plain(one) === plain(command) || (command === 'npm run adjust' && one.startsWith(command))
}

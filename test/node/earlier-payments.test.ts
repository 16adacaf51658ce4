import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { Event } from '../../bench/arena/deliveries.ts'
import { importEarlier } from '../../cli/reconcile/earlier.ts'
import { earlierLines } from '../../cli/reconcile/earlier-table.ts'
import { openDatabase } from '../../cli/shared/owner.ts'
import { randomId } from '../../local/events.ts'
import { query } from '../../local/postgres/query.ts'
import { type Pass, passId } from '../../src/reconcile/pass.ts'
import { walksOf } from '../../src/reconcile/run.ts'
import { walksOfUser } from '../../src/reconcile/user-walk.ts'
import { settingsOf } from '../../src/settings.ts'
import type { Stack } from '../support/control.ts'
import { reconciled } from '../support/reconciled.ts'
import { playing } from '../worker/random-histories.ts'
import { balanceOf } from './balance.ts'
import { deliverer, SECRETS, signUp, VARS } from './replay-support.ts'

const KEY = 'sk_test_0123456789abcdef'
const HOUR_MS = 3_600_000
/** A moment between the events of two hours ago and those of now. */
const CREDIT_SINCE = new Date(Date.now() - HOUR_MS).toISOString()
const file = join(tmpdir(), `payments-${process.pid}.csv`)

let stack: Stack
let owner: Awaited<ReturnType<typeof openDatabase>>
let deliver: ReturnType<typeof deliverer>
let settings: ReturnType<typeof settingsOf>
beforeAll(async () => {
  const response = await fetch(`${inject('control')}/stack`, {
    method: 'POST',
    body: JSON.stringify({ secretKey: KEY }),
  })
  stack = (await response.json()) as Stack
  const set = { STRIPE_SECRET_KEY: KEY, STRIPE_API_BASE: stack.stripeUrl, CREDIT_SINCE }
  const at = { DATABASE_URL: stack.workerUrl, NEON_FETCH_ENDPOINT: stack.gatewayUrl }
  settings = settingsOf({ ...SECRETS, ...VARS, ...at, ...set })
  deliver = deliverer({ ...at, ...set })
  owner = await openDatabase(stack.databaseUrl)
})
afterAll(async () => {
  await rm(file, { force: true })
  await owner?.end()
})

const pass = (fixes: boolean): Pass => ({
  id: passId(),
  settings,
  db: owner,
  fixes,
  watches: false,
  since: null,
  recent: false,
  seen: new Set(),
  uncredited: null,
})
/** Every lost delivery is found and fixed. */
const reconcile = async () => {
  const fixing = pass(true)
  return await reconciled(fixing, walksOf(fixing, settings, 'stripe'))
}
async function importFile(fixes: boolean, ...lines: string[]) {
  await writeFile(file, ['payment_intent,user_id,credits', ...lines].join('\n'))
  return await importEarlier(pass(fixes), { file, sum: undefined })
}

interface StripeObject {
  id: string
  [member: string]: unknown
}

/** Null if Stripe refuses it. */
async function act(
  path: string,
  body: object = {},
): Promise<{ object: StripeObject; events: object[] } | null> {
  const response = await fetch(`${stack.stripeUrl}/test/${path}`, {
    method: 'POST',
    body: JSON.stringify({ deliver: false, ...body }),
  })
  return response.ok ? await response.json() : null
}
const clock = (skew_ms: number) =>
  fetch(`${stack.stripeUrl}/test/clock`, { method: 'POST', body: JSON.stringify({ skew_ms }) })
const all = async (kind: string): Promise<StripeObject[]> =>
  (await fetch(`${stack.stripeUrl}/test/${kind}`)).json()

const balance = (user: string) => balanceOf(stack.databaseUrl, user)

/**
 * Makes a payment in the past, by an invoice or only by a card, in the form of the app from before. Also returns its
 * events.
 */
async function paidBefore(user: string, { amount = 1000, invoiced = false, named = true } = {}) {
  await clock(-2 * HOUR_MS)
  const metadata = named ? { user_id: user, credits: '77' } : {}
  const customer = `cus_${user}`
  await fetch(`${stack.stripeUrl}/test/seed`, {
    method: 'POST',
    body: JSON.stringify({ customers: [{ id: customer, object: 'customer', metadata: {}, created: 1 }] }),
  })
  const paid = await act(invoiced ? 'invoices/new/pay' : 'payment_intents/new/pay', {
    amount,
    metadata,
    customer,
  })
  const made = paid?.object as StripeObject
  const payments = await all('invoice_payments')
  const paying = payments.find(({ invoice }) => invoice === made.id)?.payment as
    | { payment_intent: string }
    | undefined
  const payment = paying?.payment_intent ?? made.id
  const charge = (await all('charges')).find(({ payment_intent }) => payment_intent === payment)?.id as string
  return { payment, charge, events: paid?.events ?? [], sold: made.id }
}

type Op =
  | { do: 'refund'; amount: number }
  | { do: 'fail'; which: number }
  | { do: 'dispute'; amount: number }
  | { do: 'win' | 'lose' }
  | { do: 'reinstate'; amount: number }

const op: fc.Arbitrary<Op> = fc.oneof(
  fc.record({ do: fc.constant('refund' as const), amount: fc.integer({ min: 1, max: 300 }) }),
  fc.record({ do: fc.constant('refund' as const), amount: fc.integer({ min: 1, max: 300 }) }),
  fc.record({ do: fc.constant('fail' as const), which: fc.nat(1) }),
  fc.record({ do: fc.constant('dispute' as const), amount: fc.integer({ min: 1, max: 1000 }) }),
  fc.record({ do: fc.constantFrom('win' as const, 'lose') }),
  fc.record({ do: fc.constant('reinstate' as const), amount: fc.integer({ min: 1, max: 1000 }) }),
)

const of = async (kind: string, charge: string) => (await all(kind)).filter((one) => one.charge === charge)

/** Does something to the payment at Stripe. Returns its events. */
async function happen(ops: Op[], charge: string): Promise<object[]> {
  const events: object[] = []
  for (const one of ops) {
    const dispute = (await of('disputes', charge))[0]?.id
    const done =
      one.do === 'refund'
        ? await act(`charges/${charge}/refund`, { amount: one.amount })
        : one.do === 'fail'
          ? await act(`refunds/${(await of('refunds', charge))[one.which]?.id}/fail`)
          : one.do === 'dispute'
            ? dispute === undefined && (await act(`charges/${charge}/dispute`, { amount: one.amount }))
            : await act(`disputes/${dispute}/${one.do}`, one.do === 'reinstate' ? { amount: one.amount } : {})
    if (done) events.push(...done.events)
  }
  return events
}

/** Makes a refund for which another system has taken credits. Returns its id. */
async function refundedBefore(charge: string, amount: number): Promise<string> {
  await clock(-2 * HOUR_MS)
  const refunded = await act(`charges/${charge}/refund`, { amount })
  await clock(0)
  return refunded?.object.id ?? ''
}

async function person() {
  const user = randomId('user')
  await deliver(signUp(user))
  return user
}

/** The rule of docs/money.md, applied to Stripe's objects: refunds, and money held by disputes. */
async function creditsGone(charge: string, credits: number, amount: number): Promise<number> {
  const refunds = (await of('refunds', charge)).filter(({ status }) => status !== 'failed')
  const refunded = refunds.reduce((sum, refund) => sum + Number(refund.amount), 0)
  const held = (await of('disputes', charge)).reduce((sum, dispute) => {
    if (dispute.status === 'won') return sum
    const moves = (dispute.balance_transactions as { amount: number }[]).map((move) => move.amount)
    const withdrawn = -Math.min(0, ...moves)
    const left = -moves.reduce((all, one) => all + one, 0)
    return sum + Math.round((Math.max(0, left) / withdrawn) * Number(dispute.amount))
  }, 0)
  return Math.floor((credits * Math.min(amount, refunded + held)) / amount)
}

const stripeEvent = (body: object): Event => ({ provider: 'stripe', body: body as Event['body'] })

it('refunds and disputes after the move take what the rule says of them, whatever came when', {
  timeout: 600_000,
}, async () => {
  const fates = fc.array(fc.constantFrom('early', 'late', 'lost'), { minLength: 30, maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        credits: fc.integer({ min: 1, max: 5000 }),
        amount: fc.integer({ min: 100, max: 1000 }),
        invoiced: fc.boolean(),
        named: fc.boolean(),
        before: fc.array(op, { maxLength: 4 }),
        between: fc.array(op, { maxLength: 3 }),
        after: fc.array(op, { maxLength: 3 }),
        fates,
        order: fc.array(fc.nat(), { minLength: 30, maxLength: 30 }),
      }),
      async ({ credits, amount, invoiced, named, before, between, after, fates, order }) => {
        const user = await person()
        const { payment, charge, events } = await paidBefore(user, { amount, invoiced, named })
        events.push(...(await happen(before, charge)))
        const gone = await creditsGone(charge, credits, amount)
        await clock(0)
        events.push(...(await happen(between, charge)))
        const at = (event: object) => order[events.indexOf(event) % 30] ?? 0
        const delivered = async (fate: string) => {
          const those = events.filter((event) => fates[events.indexOf(event) % 30] === fate)
          await deliver(...those.sort((a, b) => at(a) - at(b)).map(stripeEvent))
        }
        await delivered('early')
        expect(await balance(user)).toBe(40)

        const line = `${payment},${user},${credits}`
        const dry = await importFile(false, line)
        expect(await balance(user)).toBe(40)
        expect(await importFile(true, line)).toEqual(dry)
        expect(dry).toMatchObject([{ user_id: user, credits, amount, is_new: true, gone_before: gone }])

        events.push(...(await happen(after, charge)))
        await delivered('late')
        await reconcile()
        expect(await balance(user)).toBe(40 - ((await creditsGone(charge, credits, amount)) - gone))
        // Once more, with all objects.
        await importFile(true, line)
        await deliver(...events.map(stripeEvent))
        expect((await reconcile()).found).toEqual([])
        expect(await balance(user)).toBe(40 - ((await creditsGone(charge, credits, amount)) - gone))
      },
    ),
    playing(10),
  )
})

describe('a payment from before', () => {
  it('is credited by nothing, also once CREDIT_SINCE is earlier, and is reported by no comparison', async () => {
    const user = await person()
    const { payment, events } = await paidBefore(user)
    await importFile(true, `${payment},${user},500`)
    expect((await reconcile()).found).toEqual([])
    expect(await deliver(...events.map(stripeEvent))).toEqual(['ignored'])
    const earlier = { ...settings, CREDIT_SINCE: '2020-01-01T00:00:00Z' }
    const report = await reconciled(
      { ...pass(true), settings: earlier },
      walksOf(pass(true), earlier, 'stripe'),
    )
    expect(report.found.filter((one) => one.object === payment && one.kind !== 'amount_differs')).toEqual([])
    expect(await balance(user)).toBe(40)
  })

  it('takes credits for refunds from after the switch, also for those that were refused or never came', async () => {
    const user = await person()
    const { payment, charge } = await paidBefore(user)
    await clock(0)
    const [refused, lost] = [
      await act(`charges/${charge}/refund`, { amount: 300 }),
      await act(`charges/${charge}/refund`, { amount: 200 }),
    ]
    expect(await deliver(stripeEvent(refused?.events[0] as object))).toEqual(['rejected'])
    const dry = await importFile(false, `${payment},${user},500`)
    expect(dry).toMatchObject([{ gone_before: 0, since: 2 }])
    expect(earlierLines(dry, false).slice(1)).toEqual([
      `  ${payment}  ${user}  500 credits  10.00 USD  2 refunds or disputes since, which --fix applies`,
      '1 would be imported, of which 0 credits were gone before; 0 known already',
    ])
    await importFile(true, `${payment},${user},500`)
    expect(await balance(user)).toBe(40 - 150)
    const moving = (await reconcile()).found.filter(({ credits }) => credits !== 0)
    expect(moving.map(({ object, credits, fixed }) => [object, credits, fixed])).toEqual([
      [lost?.object.id, -100, true],
    ])
    expect(await balance(user)).toBe(40 - 250)
    const left = await query(
      stack.databaseUrl,
      `select from webhook_events where outcome in ('parked', 'rejected') and about @> array['${payment}']`,
    )
    expect(left).toEqual([])
  })

  it.each([false, true])(
    'is compared by its user alone, while no entry names it (by an invoice: %s)',
    async (invoiced) => {
      const user = await person()
      const { payment, charge } = await paidBefore(user, { invoiced })
      await importFile(true, `${payment},${user},500`)
      await clock(0)
      const refund = await act(`charges/${charge}/refund`, { amount: 300 })
      const ofUser = async () => {
        const walks = walksOfUser(user, settings).filter(({ provider }) => provider === 'stripe')
        return (await reconciled(pass(true), walks)).found
      }
      expect(await ofUser()).toMatchObject([
        { kind: 'refund_not_taken', object: refund?.object.id, credits: -150, fixed: true },
      ])
      expect(await balance(user)).toBe(40 - 150)
      expect(await ofUser()).toEqual([])
    },
  )

  it('gives credits back where its refund from before fails after the switch, before the import or after it', async () => {
    for (const failsFirst of [true, false]) {
      const user = await person()
      const { payment, charge } = await paidBefore(user)
      const refund = await refundedBefore(charge, 400)
      if (failsFirst) await act(`refunds/${refund}/fail`)
      expect(await importFile(true, `${payment},${user},500`)).toMatchObject([{ gone_before: 200 }])
      if (!failsFirst) await act(`refunds/${refund}/fail`)
      await reconcile()
      expect(await balance(user)).toBe(240)
    }
  })
})

describe('a file that is not right', () => {
  const refused = async (...lines: string[]) =>
    await importFile(true, ...lines).then(
      () => 'imported',
      (error: Error) => error.message,
    )
  const imported = async () =>
    (await query(stack.databaseUrl, 'select from payments where gone_before is not null')).length

  it('imports nothing, and names each line', async () => {
    const [user, other] = [await person(), await person()]
    const [{ payment }, { payment: named }, { payment: bought }] = [
      await paidBefore(user, { named: false }),
      await paidBefore(other),
      await paidBefore(user, { invoiced: true }),
    ]
    await clock(0)
    const late = (await act('payment_intents/new/pay', { amount: 500 }))?.object.id
    const count = await imported()
    expect(
      await refused(
        `${payment},${user}`,
        `ch_1,${user},5`,
        `${payment},,5`,
        `${payment},${user},-5`,
        `${bought},${user},5`,
        `${bought},${user},5`,
      ),
    ).toBe(
      [
        'no payment is imported:',
        'line 2: it has 2 fields, not 3',
        'line 3: payment_intent is not one, such as pi_3MtwBwLkdIwHu7ix28a3tqPa',
        'line 4: user_id names no user',
        'line 5: credits is not a whole number of credits, such as 500',
        `line 7: ${bought} stands on line 6 already`,
      ].join('\n'),
    )
    expect(
      await refused(`${payment},${user},500`, `pi_none,${user},5`, `${named},${user},5`, `${late},${user},5`),
    ).toBe(
      [
        'no payment is imported:',
        'line 3: pi_none: Stripe does not have it, in the mode of this key',
        `line 4: ${named}: its metadata names ${other}, and not ${user}`,
        `line 5: ${late}: it is not from before CREDIT_SINCE: Ledgerhook credits it`,
      ].join('\n'),
    )
    expect(await refused(`${payment},${user},500`, `${bought},user_nobody,5`)).toBe(
      'no payment is imported:\nline 3: there is no wallet of its user',
    )
    expect(await imported()).toBe(count)
    expect(await refused(`${payment},${user},500`)).toBe('imported')
    expect(await refused(`${payment},${user},400`)).toContain(
      'it was imported for another user, or with other',
    )
  })

  it('refuses what was not paid, what cost nothing, two payments of one invoice, and another user’s customer', async () => {
    const [user, other] = [await person(), await person()]
    const [bought, theirs] = [
      await paidBefore(user, { invoiced: true }),
      await paidBefore(other, { named: false }),
    ]
    const created = Math.floor(Date.now() / 1000) - 2 * 3600
    const intent = { object: 'payment_intent', created, currency: 'usd', customer: null, metadata: {} }
    const [unpaid, free, second] = ['unpaid', 'free', 'second'].map((name) => `pi_${name}_${user}`)
    await fetch(`${stack.stripeUrl}/test/seed`, {
      method: 'POST',
      body: JSON.stringify({
        paymentIntents: [
          { ...intent, id: unpaid, status: 'canceled', amount_received: 0 },
          { ...intent, id: free, status: 'succeeded', amount_received: 0 },
          { ...intent, id: second, status: 'succeeded', amount_received: 5 },
        ],
        invoicePayments: [
          {
            id: `inpay_${user}`,
            object: 'invoice_payment',
            invoice: bought.sold,
            status: 'paid',
            created,
            payment: { type: 'payment_intent', payment_intent: second },
          },
        ],
      }),
    })
    const [of, first] = [user, `${bought.payment},${user},5`]
    expect(await refused(first, `${unpaid},${of},5`, `${free},${of},5`, `${second},${of},5`)).toBe(
      [
        'no payment is imported:',
        `line 3: ${unpaid}: it was not paid`,
        `line 4: ${free}: it cost nothing: nothing of it can come back`,
        `line 5: ${second} has paid the same invoice as line 2`,
      ].join('\n'),
    )
    await query(
      stack.databaseUrl,
      `insert into ledgerhook.stripe_customers (id, user_id) values ('cus_${other}', '${other}')`,
    )
    expect(await refused(`${theirs.payment},${user},5`)).toContain('its Stripe customer is another user’s')
    expect(await refused()).toContain('there is no line after the first one')
    await writeFile(file, 'payment,user,credits')
    const headed = importEarlier(pass(true), { file, sum: undefined })
    await expect(headed).rejects.toThrow('the first line has to be payment_intent,user_id,credits')
  })

  it('refuses what Ledgerhook has credited itself, and what was disputed in another currency', async () => {
    const user = await person()
    const credited = await paidBefore(user)
    const early = deliverer({
      DATABASE_URL: stack.workerUrl,
      NEON_FETCH_ENDPOINT: stack.gatewayUrl,
      STRIPE_SECRET_KEY: KEY,
      STRIPE_API_BASE: stack.stripeUrl,
    })
    expect(await early(...credited.events.map(stripeEvent))).toEqual(['applied'])
    expect(await balance(user)).toBe(117)
    expect(await refused(`${credited.payment},${user},77`)).toContain('Ledgerhook has credited it')

    const disputed = await paidBefore(user)
    await act(`charges/${disputed.charge}/dispute`, { amount: 900, currency: 'gbp' })
    await clock(0)
    expect(await refused(`${disputed.payment},${user},77`)).toContain('disputed in another currency')
  })

  it('needs a switch that is in the past', async () => {
    await writeFile(file, 'payment_intent,user_id,credits\npi_1,user_1,5')
    for (const CREDIT_SINCE of [undefined, '2099-01-01T00:00:00Z']) {
      const asked = importEarlier(
        { ...pass(true), settings: { ...settings, CREDIT_SINCE } },
        { file, sum: 5 },
      )
      await expect(asked).rejects.toThrow('CREDIT_SINCE has to be the moment of the switch')
    }
    await expect(importEarlier(pass(true), { file, sum: 6 })).rejects.toThrow('add up to 5, not to 6')
  })
})

import { beforeAll, expect, it } from 'vitest'
import { planLine, price, sells, subscriber } from './plan-support.ts'
import { query, runScheduled, settleDown, stripeAnswers } from './support.ts'

beforeAll(async () => {
  await sells(price('price_pro', 2000), price('price_max', 20_000))
})

type Ada = Awaited<ReturnType<typeof subscriber>>
type Credited = [invoice: string, line: string]

/**
 * A month of `pro` is bought, a move to `max` is declined and undone, and `max` is bought again with the balance from
 * that.
 */
function chain(ada: Ada) {
  const of = (name: string): Credited => [ada.in(name), `il_${name}`]
  const move = (from: string, credited: string, to: string, [old, amount]: [number, number]) => [
    planLine({ price: from, amount: -old, proration: true, credits: of(credited) }),
    planLine({
      id: `il_${credited === '1' ? '2' : credited === '2' ? '3' : '4'}`,
      price: to,
      amount,
      proration: true,
    }),
  ]
  return {
    1: [planLine({ id: 'il_1', price: 'price_pro', amount: 2000 })],
    2: move('price_pro', '1', 'price_max', [2000, 20_000]),
    3: move('price_max', '2', 'price_pro', [20_000, 2000]),
    4: move('price_pro', '3', 'price_max', [2000, 20_000]),
  }
}

async function atStripe(ada: Ada, status: Record<1 | 2 | 3 | 4, string>) {
  const lines = chain(ada)
  for (const name of [1, 2, 3, 4] as const) {
    const body = { ...ada.invoice(`${name}`, lines[name]).data.object, status: status[name] }
    await stripeAnswers({ [`GET /v1/invoices/${ada.in(`${name}`)}`]: { body } })
  }
  return lines
}

async function retryNow(ada: Ada) {
  await query(`update waiting set retry_at = now() where retry_at is not null and subject like $1`, [
    `%${ada.id}`,
  ])
  await runScheduled()
  await settleDown()
}

const DECLINED = { 1: 'paid', 2: 'void', 3: 'paid', 4: 'paid' }

it.each([
  { name: 'in order', order: [1, 3, 4] as const },
  { name: 'the last first', order: [1, 4, 3] as const },
])('an invoice that credits a waiting invoice waits too: $name', async ({ order }) => {
  const ada = await subscriber()
  const lines = await atStripe(ada, DECLINED)
  for (const name of order) await ada.paid(`${name}`, lines[name])
  await retryNow(ada)
  expect(await ada.left()).toBe(1000)
})

it('a chain of waiting invoices is released once its first invoice is paid', async () => {
  const ada = await subscriber()
  const lines = await atStripe(ada, { ...DECLINED, 2: 'open' })
  for (const name of [4, 3, 1] as const) await ada.paid(`${name}`, lines[name])
  await retryNow(ada)
  expect(await ada.left()).toBe(1000)
  await atStripe(ada, { ...DECLINED, 2: 'paid' })
  expect(await ada.paid('2', lines[2])).toBe('applied')
  await settleDown()
  expect(await ada.left()).toBe(10_000)
})

it('a chain of which no event has come is read from Stripe to its beginning', async () => {
  const ada = await subscriber()
  const lines = await atStripe(ada, { ...DECLINED, 2: 'paid' })
  expect(await ada.paid('4', lines[4])).toBe('applied')
  expect(await ada.left()).toBe(9000)
})

it('an invoice is released by one that an older version has parked', async () => {
  const ada = await subscriber()
  const lines = await atStripe(ada, { ...DECLINED, 1: 'open' })
  expect(await ada.paid('2', lines[2])).toBe('parked unknown_invoice')
  const facts = {
    stripe_invoice_id: ada.in('1'),
    stripe_subscription_id: ada.subscription,
    paid_by: null,
    stripe_customer_id: ada.customer,
    user_id: null,
    amount: 2000,
    currency: 'usd',
    stripe_charge_id: null,
    unknown: null,
    grants: [{ period_start: 1, credits: 1000 }],
  }
  const delivery = { provider: 'stripe', event_id: `evt_${ada.id}`, type: 'invoice.paid', via: 'release' }
  await query('select grant_plan($1, $2)', [JSON.stringify(delivery), JSON.stringify(facts)])
  // The earlier state is read first.
  await atStripe(ada, { ...DECLINED, 1: 'paid' })
  await retryNow(ada)
  expect(await ada.left()).toBe(10_000)
})

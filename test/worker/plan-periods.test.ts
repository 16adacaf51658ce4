import { beforeAll, describe, expect, it } from 'vitest'
import { env, MAY, PLANS, planLine, price, sells, subscriber } from './plan-support.ts'
import { query, runScheduled, stripeAnswers } from './support.ts'

const YEAR = MAY + 365 * 86_400
const DAY = 86_400

beforeAll(() =>
  sells(
    price('price_pro', 2000),
    price('price_max', 20_000),
    price('price_year', 20_000, 'year'),
    price('price_none', 500),
  ),
)

type Ada = Awaited<ReturnType<typeof subscriber>>
type Lines = Parameters<Ada['invoice']>[1]

/** The event of the first period, and that of a change in the second in which it began. */
const changed = (ada: Ada, change: Lines, first = 2000) => [
  ada.invoice('1', [
    planLine({ id: 'il_1', price: 'price_pro', amount: first, unit: 2000, quantity: first / 2000 }),
  ]),
  ada.invoice('2', change),
]
const undone = (ada: Ada, amount = -2000) =>
  planLine({ id: 'il_undo', price: 'price_pro', amount, proration: true, credits: [ada.in('1'), 'il_1'] })
const yearly = () => planLine({ id: 'il_2', price: 'price_year', amount: 20_000, unit: 20_000, end: YEAR })

/** Tells the events in this order, or the other way round. Stripe has all of them as paid. */
async function told(
  ada: Ada,
  events: ReturnType<Ada['invoice']>[],
  order: 'in order' | 'the later one first',
) {
  const answers = events.map(({ data: { object } }) => [
    `GET /v1/invoices/${object.id}`,
    { body: { ...object, status: 'paid' } },
  ])
  await stripeAnswers(Object.fromEntries(answers))
  for (const event of order === 'in order' ? events : events.toReversed()) await ada.told(event)
  await runScheduled(env, 'retry_due')
  return await ada.left()
}

describe.each(['in order', 'the later one first'] as const)(
  'a change in the second of the start, %s',
  (order) => {
    it('to a whole period of another price grants that period: what was paid for is kept', async () => {
      const ada = await subscriber()
      const events = changed(ada, [undone(ada), yearly()])
      expect(await told(ada, events, order)).toBe(12_000)
      for (const event of events) expect(await ada.told(event)).toMatch(/^duplicate/)
      expect(await ada.left()).toBe(12_000)
    })

    it('to another quantity of the same price grants the period again, since its first line was credited', async () => {
      const ada = await subscriber()
      const three = planLine({ id: 'il_2', price: 'price_pro', amount: 6000, quantity: 3 })
      expect(await told(ada, changed(ada, [undone(ada), three]), order)).toBe(3000)
    })

    it('that adds another price grants both', async () => {
      const ada = await subscriber()
      expect(await told(ada, changed(ada, [yearly()]), order)).toBe(13_000)
    })

    it('is one period, if another invoice reports it with the same price and nothing is credited', async () => {
      const ada = await subscriber()
      const again = planLine({ id: 'il_2', price: 'price_pro', amount: 2000 })
      expect(await told(ada, changed(ada, [again]), order)).toBe(1000)
    })

    it('whose credit went to the balance, with nothing paid, grants and takes the same', async () => {
      const ada = await subscriber()
      const one = planLine({ id: 'il_2', price: 'price_pro', amount: 2000 })
      expect(await told(ada, changed(ada, [undone(ada, -6000), one], 6000), order)).toBe(1000)
    })
  },
)

const ORDERS = [
  [1, 2, 3],
  [1, 3, 2],
  [2, 1, 3],
  [2, 3, 1],
  [3, 1, 2],
  [3, 2, 1],
]

describe.each(ORDERS.map((order) => ({ order })))(
  'two changes in the second of the start, in the order $order',
  ({ order }) => {
    const last = (ada: Ada, back: Partial<Parameters<typeof planLine>[0]>, from: string, amount: number) =>
      ada.invoice('3', [
        planLine({
          id: 'il_undo',
          price: from,
          amount: -amount,
          proration: true,
          credits: [ada.in('2'), 'il_2'],
        }),
        planLine({ id: 'il_3', price: 'price_pro', amount: 2000, ...back }),
      ])
    const inOrder = async (ada: Ada, events: ReturnType<Ada['invoice']>[]) =>
      await told(
        ada,
        order.map((n) => events[n - 1] as (typeof events)[0]),
        'in order',
      )

    it('to another price and back keep the credits of the last one', async () => {
      const ada = await subscriber()
      const events = [...changed(ada, [undone(ada), yearly()]), last(ada, {}, 'price_year', 20_000)]
      expect(await inOrder(ada, events)).toBe(1000)
    })

    it('of the quantity keep those of the last one', async () => {
      const ada = await subscriber()
      const three = planLine({ id: 'il_2', price: 'price_pro', amount: 6000, quantity: 3 })
      const two = { amount: 4000, quantity: 2 }
      const events = [...changed(ada, [undone(ada), three]), last(ada, two, 'price_pro', 6000)]
      expect(await inOrder(ada, events)).toBe(2000)
    })

    it('over a plan that brings nothing keep those of the last one', async () => {
      const ada = await subscriber()
      const none = planLine({ id: 'il_2', price: 'price_none', amount: 500, unit: 500 })
      const events = [...changed(ada, [undone(ada), none]), last(ada, {}, 'price_none', 500)]
      expect(await inOrder(ada, events)).toBe(1000)
    })
  },
)

it('a part of a period that begins in that second is not the whole period', async () => {
  const ada = await subscriber()
  await ada.paid('1', [
    planLine({ id: 'il_1', price: 'price_year', amount: 20_000, unit: 20_000, end: YEAR }),
  ])
  await ada.paid('2', [planLine({ id: 'il_2', price: 'price_pro', amount: 1000, proration: true })])
  expect(await ada.paid('3', [planLine({ id: 'il_3', price: 'price_pro', amount: 2000 })])).toBe('applied')
  expect(await ada.left()).toBe(12_000 + 500 + 1000)
})

it('a period that was credited later is still one period', async () => {
  const ada = await subscriber()
  await ada.paid('1', [planLine({ id: 'il_1', price: 'price_pro', amount: 2000 })])
  const later = { proration: true, start: MAY + 15 * DAY, credits: [ada.in('1'), 'il_1'] as [string, string] }
  await ada.paid('2', [planLine({ price: 'price_pro', amount: -1000, ...later })])
  expect(await ada.paid('3', [planLine({ price: 'price_pro', amount: 2000 })])).toBe(
    'duplicate period_already_granted',
  )
  expect(await ada.left()).toBe(500)
})

it('a period that an older version has granted, without lines, is not granted again', async () => {
  const ada = await subscriber()
  const facts = {
    stripe_invoice_id: ada.in('0'),
    stripe_subscription_id: ada.subscription,
    stripe_customer_id: ada.customer,
    amount: 2000,
    currency: 'usd',
    grants: [{ period_start: MAY, credits: 1000 }],
  }
  const delivery = { provider: 'stripe', event_id: `evt_${ada.id}`, type: 'invoice.paid', via: 'release' }
  await query('select grant_plan($1, $2)', [JSON.stringify(delivery), JSON.stringify(facts)])
  expect(await ada.paid('1', [planLine({ price: 'price_pro', amount: 2000 })])).toBe(
    'duplicate period_already_granted',
  )
  expect(await ada.left()).toBe(1000)
})

it('a credit that names no line takes from the line before, not from its replacement of the same second', async () => {
  const ada = await subscriber()
  const unnamed = planLine({ id: 'il_undo', price: 'price_pro', amount: -6000, proration: true })
  const one = planLine({ id: 'il_2', price: 'price_pro', amount: 2000 })
  expect(await told(ada, changed(ada, [unnamed, one], 6000), 'in order')).toBe(1000)
})

describe('a plan that brought nothing when it was paid', () => {
  it('grants when its event comes again and PLANS gives it credits, less what was credited by then', async () => {
    const [ada, grace] = [await subscriber(), await subscriber()]
    const before = JSON.stringify({ ...PLANS, price_pro: { key: 'pro', credits: 0 } })
    const first = (of: Ada) => of.invoice('1', [planLine({ id: 'il_1', price: 'price_pro', amount: 2000 })])
    for (const one of [ada, grace])
      expect(await one.told(first(one), { PLANS: before })).toBe('ignored no_effect')
    expect(await ada.told(first(ada))).toBe('applied')
    expect(await ada.left()).toBe(1000)
    const undo = { price: 'price_pro', amount: -500, proration: true, start: MAY + 10 * DAY }
    await grace.paid('2', [planLine({ ...undo, credits: [grace.in('1'), 'il_1'] })])
    expect(await grace.told(first(grace))).toBe('applied')
    expect(await grace.left()).toBe(750)
    // A third of the money that is left takes a third of the credits.
    await grace.paid('3', [planLine({ ...undo, credits: [grace.in('1'), 'il_1'] })])
    expect(await grace.left()).toBe(500)
  })

  it.each(['in its event', 'read from Stripe'])(
    'has nothing that a later change could take, although PLANS gives it credits by then: lines %s',
    async (from) => {
      const ada = await subscriber()
      const data = [planLine({ id: 'il_1', price: 'price_pro', amount: 2000 })]
      const list = { object: 'list', data, has_more: false }
      const first = ada.invoice('1', data, {
        lines: from === 'in its event' ? list : { ...list, data: [], has_more: true },
      })
      await stripeAnswers({ [`GET /v1/invoices/${ada.in('1')}/lines`]: { body: list } })
      const before = JSON.stringify({ ...PLANS, price_pro: { key: 'pro', credits: 0 } })
      expect(await ada.told(first, { PLANS: before })).toBe('ignored no_effect')
      const part = { proration: true, start: MAY + 10 * DAY }
      const change = [
        planLine({ price: 'price_pro', amount: -1333, credits: [ada.in('1'), 'il_1'], ...part }),
        planLine({ price: 'price_max', amount: 13_333, ...part }),
      ]
      expect(await ada.paid('2', change)).toBe('applied')
      expect(await ada.entries()).toEqual(['plan_grant 6666'])
    },
  )
})

describe('prorations whose discounts are itemized', () => {
  /** Half of a period that was bought with a coupon of 50 %. Stripe shows 10.00 less 5.00, or only 5.00. */
  const half = (amount: number, itemized: boolean) =>
    itemized ? { amount: amount * 2, discount: amount } : { amount }

  it.each([true, false])('count by what was paid for them: itemized %s', async (itemized) => {
    const [leaving, moving] = [await subscriber(), await subscriber()]
    const part = { proration: true, start: MAY + 15.5 * DAY }
    for (const ada of [leaving, moving])
      await ada.paid('1', [planLine({ id: 'il_1', price: 'price_pro', amount: 2000, discount: 1000 })])
    const credit = (ada: Ada) =>
      planLine({ price: 'price_pro', ...half(-500, itemized), ...part, credits: [ada.in('1'), 'il_1'] })
    expect(await leaving.paid('2', [credit(leaving)])).toBe('applied')
    expect(await leaving.entries()).toEqual(['plan_grant 1000', 'plan_change -500'])
    const max = planLine({ price: 'price_max', ...half(5000, itemized), ...part })
    expect(await moving.paid('2', [credit(moving), max])).toBe('applied')
    expect(await moving.entries()).toEqual(['plan_grant 1000', 'plan_change -500', 'plan_grant 2500'])
    // The 5.00 of the balance are paid out to the card: their credits are gone already.
    const [{ to_balance } = { to_balance: 0 }] = await leaving.credited()
    expect(Number(to_balance)).toBe(500)
  })
})

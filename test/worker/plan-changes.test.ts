import { beforeAll, describe, expect, it } from 'vitest'
import { env, MAY, PLANS, planLine, price, sells, subscriber } from './plan-support.ts'
import { counted, query, runScheduled, stripeAnswers, stripeCalls } from './support.ts'

const DAY = 86_400

beforeAll(async () => {
  await sells(
    price('small-annual', 20_000, 'year'),
    price('price_pro', 2000),
    price('price_max', 20_000),
    price('price_year', 20_000, 'year'),
    price('price_metered', 2, 'month', {
      recurring: { interval: 'month', interval_count: 1, usage_type: 'metered' },
    }),
    price('price_none', 500),
  )
})

/** A user who has bought a month of `pro`: 1000 credits for 20.00. */
async function bought() {
  const ada = await subscriber()
  expect(await ada.paid('1', [planLine({ id: 'il_1', price: 'price_pro', amount: 2000 })])).toBe('applied')
  return { ...ada, first: [ada.in('1'), 'il_1'] as [string, string] }
}

describe('monthly to yearly at once', () => {
  it.each(['swapped', 'swappedWithReset'] as const)(
    'takes the month back and grants the year: %s, as recorded',
    async (name) => {
      const ada = await subscriber()
      const first = name === 'swapped' ? 'bought' : 'boughtBeforeReset'
      expect(await ada.told(ada.recorded(first))).toBe('applied')
      expect(await ada.left()).toBe(1000)
      expect(await ada.told(ada.recorded(name))).toBe('applied')
      expect(await ada.entries()).toEqual(['plan_grant 1000', 'plan_change -1000', 'plan_grant 12000'])
      expect(await ada.payments()).toMatchObject([
        { credits: '1000', amount: '2000' },
        { credits: '11000', amount: '18000' },
      ])
      expect(await ada.told(ada.recorded(name))).toBe('duplicate period_already_granted')
      expect(await ada.left()).toBe(12_000)
    },
  )

  it('reads the price of a proration once, and a renewal nothing', async () => {
    const [one, two] = [await bought(), await bought()]
    const change = (ada: typeof one) => [
      planLine({ price: 'price_pro', amount: -2000, proration: true, credits: ada.first }),
      planLine({ price: 'price_max', amount: 20_000, proration: true }),
    ]
    const before = (await stripeCalls('price_max')).length
    expect(await one.paid('2', change(one))).toBe('applied')
    const { result, requests, statements } = await counted(() => two.paid('2', change(two)))
    expect({ result, requests, statements }).toEqual({ result: 'applied', requests: 1, statements: 1 })
    expect((await stripeCalls('price_max')).length - before).toBe(1)
    expect([await one.left(), await two.left()]).toEqual([10_000, 10_000])
    const renewal = one.invoice('3', [
      planLine({ price: 'price_max', amount: 20_000, unit: 20_000, start: MAY + 1 }),
    ])
    expect(await counted(() => one.told(renewal))).toMatchObject({
      result: 'applied',
      requests: 1,
      statements: 1,
    })
  })
})

describe('a change to a price that PLANS does not know', () => {
  const change = (ada: Awaited<ReturnType<typeof bought>>, price: string) => [
    planLine({ price: 'price_pro', amount: -2000, proration: true, credits: ada.first }),
    planLine({ id: 'il_2', price, amount: 5000, unit: 5000, start: MAY + 1 }),
  ]

  it('waits as a whole, takes nothing, and has its whole effect once PLANS has the price', async () => {
    const ada = await bought()
    const lines = change(ada, 'price_new')
    await sells(price('price_new', 5000))
    await stripeAnswers({
      [`GET /v1/invoices/${ada.in('2')}/lines`]: { body: { object: 'list', data: lines, has_more: false } },
    })
    expect(await ada.paid('2', lines)).toBe('parked unknown_price')
    expect(await ada.left()).toBe(1000)
    await runScheduled(env, 'retry_due')
    expect(await ada.left()).toBe(1000)
    const known = JSON.stringify({ ...PLANS, price_new: { key: 'new', credits: 3000 } })
    await runScheduled({ PLANS: known }, 'retry_due')
    expect(await ada.entries()).toEqual(['plan_grant 1000', 'plan_change -1000', 'plan_grant 3000'])
  })

  it('waits as a whole too if no name in PLANS can be a lookup key', async () => {
    const ada = await bought()
    const lines = change(ada, 'price_named')
    const list = { object: 'list', data: lines, has_more: false }
    await stripeAnswers({ [`GET /v1/invoices/${ada.in('2')}/lines`]: { body: list } })
    const byPrice = { PLANS: '{"price_pro": {"key": "pro", "credits": 1000}}' }
    expect(await ada.told(ada.invoice('2', lines), byPrice)).toBe('parked unknown_price')
    await runScheduled(byPrice, 'retry_due')
    expect(await ada.left()).toBe(1000)
  })

  it('waits too if only lookup keys could name the price', async () => {
    const ada = await bought()
    await sells(price('price_keyless', 5000))
    const byKey = JSON.stringify({ ...PLANS, team_monthly: { key: 'team', credits: 70 } })
    expect(await ada.told(ada.invoice('2', change(ada, 'price_keyless')), { PLANS: byKey })).toBe(
      'parked unknown_price',
    )
    expect(await ada.left()).toBe(1000)
  })

  it('takes the old credits at once if it says that the new price brings nothing', async () => {
    const ada = await bought()
    expect(await ada.paid('2', change(ada, 'price_none'))).toBe('applied')
    expect(await ada.left()).toBe(0)
  })

  it('beside a trial of a plan that it knows is an extra that grants nothing', async () => {
    const ada = await subscriber()
    await sells(price('price_seat', 500))
    const lines = [
      planLine({ price: 'price_trial', amount: 0 }),
      planLine({ price: 'price_seat', amount: 500 }),
    ]
    expect(await ada.paid('1', lines)).toBe('applied')
    expect(await ada.left()).toBe(100)
  })
})

describe('a positive line', () => {
  it.each(['subscription_update', 'subscription_cycle', 'subscription_threshold', 'manual', null])(
    'grants by its money, whatever the reason of its invoice: %s',
    async (billing_reason) => {
      const ada = await subscriber()
      await ada.paid('1', [planLine({ price: 'price_pro', amount: 4000, quantity: 2 })], { billing_reason })
      expect(await ada.left()).toBe(2000)
    },
  )

  it('for a part of a period grants its part, rounded down, once', async () => {
    const ada = await subscriber()
    const part = planLine({ price: 'price_pro', amount: 1333, proration: true })
    expect(await ada.paid('1', [part])).toBe('applied')
    expect(await ada.paid('1', [part])).toBe('duplicate period_already_granted')
    expect(await ada.left()).toBe(666)
  })

  // Stripe's example: 30 units at 0.05 are 1.5, which is rounded to 2.
  it.each([
    [30, 0.05, 2],
    [1005, 0.1, 101],
    [333, 1.4, 466],
  ])(
    'whose amount Stripe has rounded brings a credit for each of %i units at %d',
    async (quantity, unit, amount) => {
      const ada = await subscriber()
      const only = { PLANS: '{"price_unit": {"key": "unit", "credits": 1}}' }
      await ada.told(ada.invoice('1', [planLine({ price: 'price_unit', amount, unit, quantity })]), only)
      expect(await ada.left()).toBe(quantity)
      // Credits a line that is not stored: its own money says what it takes.
      const undo = { price: 'price_unit', amount: -amount, unit, quantity, proration: true, start: MAY - DAY }
      expect(await ada.told(ada.invoice('2', [planLine(undo)]), only)).toBe('applied')
      expect(await ada.left()).toBe(0)
    },
  )

  it('for a part of a period is no whole one, though both amounts are a cent or two', async () => {
    const ada = await subscriber()
    const only = { PLANS: '{"price_unit": {"key": "unit", "credits": 1}}' }
    const line = planLine({ price: 'price_unit', amount: 1, unit: 0.05, quantity: 39, proration: true })
    expect(await ada.told(ada.invoice('1', [line]), only)).toBe('applied')
    expect(await ada.left()).toBe(20)
  })

  it('before a coupon grants all of it, and one for nothing is no money that could come back', async () => {
    const ada = await subscriber()
    expect(await ada.told(ada.recorded('coupon'))).toBe('applied')
    expect(await ada.left()).toBe(1000)
    expect(await ada.payments()).toMatchObject([{ credits: '1000', amount: '2250' }])
    const line = planLine({ price: 'price_pro', amount: 2000, discount: 2000, start: MAY + 1 })
    expect(await ada.paid('free', [line])).toBe('applied')
    expect(await ada.left()).toBe(2000)
    expect(await ada.payments()).toHaveLength(1)
  })

  it('whose price has no amount of its own grants by time', async () => {
    const ada = await subscriber()
    await sells(price('price_max', null), price('price_pro', 2000))
    const half = { start: MAY + 31 * DAY - 15.5 * DAY, end: MAY + 31 * DAY }
    expect(await ada.paid('1', [planLine({ price: 'price_year', amount: 5, unit: null })])).toBe('applied')
    const eur = [planLine({ price: 'price_pro', amount: 900, proration: true, ...half, quantity: 2 })]
    expect(await ada.paid('2', eur, { currency: 'eur' })).toBe('applied')
    expect(await ada.left()).toBe(3 + 1000)
    await sells(price('price_max', 20_000))
  })

  it('in another currency is measured by the price in that currency', async () => {
    const ada = await subscriber()
    const currency_options = { chf: { unit_amount: 1000, unit_amount_decimal: '1000' } }
    await sells(price('price_pro', 2000, 'month', { currency_options }))
    const half = [planLine({ price: 'price_pro', amount: 500, proration: true })]
    expect(await ada.paid('1', half, { currency: 'chf' })).toBe('applied')
    expect(await ada.left()).toBe(500)
  })

  it('of a metered price grants nothing: it is billed for what is over, in either generation', async () => {
    const ada = await subscriber()
    const used = planLine({ price: 'price_metered', amount: 500, unit: 2, quantity: 250, end: MAY })
    expect(await ada.paid('1', [used])).toBe('ignored no_effect')
    const recurring = { interval: 'month', interval_count: 1, usage_type: 'metered' }
    const old = {
      ...used,
      parent: null,
      pricing: null,
      type: 'subscription',
      period: { start: MAY, end: MAY + DAY },
      price: price('price_used', 2, 'month', { recurring }),
    }
    expect(await ada.paid('2', [old as unknown as typeof used])).toBe('ignored no_effect')
    expect(await ada.left()).toBe(0)
  })

  it('of a metered price grants nothing either where all lines had to be read', async () => {
    const ada = await subscriber()
    const recurring = { interval: 'month', interval_count: 1, usage_type: 'metered' }
    await sells(price('price_hours', 2, 'month', { recurring }))
    const PLANS = '{"price_hours": {"key": "hours", "credits": 1000}}'
    const used = planLine({ price: 'price_hours', amount: 500, unit: 2, quantity: 250, end: MAY })
    const lines = { object: 'list', data: [used], has_more: false }
    await stripeAnswers({ [`GET /v1/invoices/${ada.in('1')}/lines`]: { body: lines } })
    const event = ada.invoice('1', [], { lines: { ...lines, data: [], has_more: true } })
    expect(await ada.told(event, { PLANS })).toBe('ignored no_effect')
    expect(await ada.left()).toBe(0)
  })

  it.each(['tokens-pro', 'prod_1', 'price_base'])(
    'grants its plan beside what was metered, however much that was, with %s in PLANS',
    async (name) => {
      const recurring = { interval: 'month', interval_count: 1, usage_type: 'metered' }
      const base = price('price_base', 2000, 'month', { lookup_key: 'tokens-pro' })
      const over = { unit_amount_decimal: '0.000002', recurring, lookup_key: null }
      await sells(base, price('price_over', null, 'month', over))
      const PLANS = JSON.stringify({ [name]: { key: 'tokens', credits: 10_000_000 } })
      const ada = await subscriber()
      const used = { unit: null, quantity: 2_000_000_000, start: MAY - 30 * DAY, end: MAY }
      const lines = [
        planLine({ price: 'price_base', amount: 2000 }),
        planLine({ price: 'price_over', amount: 4000, ...used }),
      ]
      expect(await ada.told(ada.invoice('1', lines), { PLANS })).toBe('applied')
      expect(await ada.left()).toBe(10_000_000)
    },
  )

  it('brings no more than a balance can hold: the invoice is refused', async () => {
    const ada = await subscriber()
    const PLANS = '{"price_base": {"key": "tokens", "credits": 10000000}}'
    for (const quantity of [10 ** 9, 10 ** 12]) {
      const line = planLine({ price: 'price_base', amount: 10 ** 12, unit: 10 ** 12 / quantity, quantity })
      const said = await ada.told(ada.invoice(`${quantity}`, [line]), { PLANS })
      expect(said).toBe(quantity === 10 ** 9 ? 'rejected limit_exceeded' : 'parked unreadable')
    }
    expect(await ada.left()).toBe(0)
  })

  it('beside a one-off item, as recorded, grants by its own money alone', async () => {
    const ada = await subscriber()
    const event = ada.recorded('withOneOffItem')
    const text = JSON.stringify(event).replaceAll('"default"', '"price_pro"')
    expect(await ada.told(JSON.parse(text))).toBe('applied')
    // Both cost 25.00 together. The plan costs 10.00: one month of its own unit amount.
    expect(await ada.left()).toBe(1000)
  })
})

describe('a negative line', () => {
  it('takes its share of what the line that it credits has granted, rounded up, never more than is left', async () => {
    const ada = await bought()
    const undo = (amount: number) =>
      planLine({ price: 'price_pro', amount, proration: true, credits: ada.first })
    expect(await ada.paid('2', [undo(-1333)])).toBe('applied')
    expect(await ada.left()).toBe(333)
    expect(await ada.paid('3', [undo(-1000)])).toBe('applied')
    expect(await ada.left()).toBe(0)
    expect(await ada.paid('4', [undo(-1000)])).toBe('ignored no_effect')
    expect(await ada.entries()).toEqual(['plan_grant 1000', 'plan_change -667', 'plan_change -333'])
  })

  it('takes what was spent too, as a refund does', async () => {
    const ada = await bought()
    await query(
      `insert into credit_ledger (user_id, kind, amount, idempotency_key) values ($1, 'spend', -1040, $2)`,
      [ada.id, `spend:${ada.id}`],
    )
    await ada.paid('2', [
      planLine({ price: 'price_pro', amount: -2000, proration: true, credits: ada.first }),
    ])
    expect(await ada.left()).toBe(-1040)
  })

  it('is read in Stripe’s form from before 2025-03-31: all of it at the top of the line', async () => {
    const ada = await subscriber()
    const old = (id: string, amount: number, name: string, more: object) => ({
      ...planLine({ id, price: null, amount, start: MAY, end: MAY + 31 * DAY }),
      parent: null,
      pricing: null,
      subscription: ada.subscription,
      type: 'invoiceitem',
      proration: true,
      price: price(name, name === 'price_pro' ? 2000 : 20_000),
      ...more,
    })
    const month = old('il_1', 2000, 'price_pro', { type: 'subscription', proration: false })
    const credited_items = { invoice: ada.in('1'), invoice_line_items: ['il_1'] }
    const change = [
      old('il_2', -1000, 'price_pro', { proration_details: { credited_items } }),
      old('il_3', 10_000, 'price_max', { proration_details: { credited_items: null } }),
    ]
    const top = { parent: null, subscription: ada.subscription }
    type Lines = Parameters<typeof ada.paid>[1]
    expect(await ada.paid('1', [month] as unknown as Lines, top)).toBe('applied')
    expect(await ada.paid('2', change as unknown as Lines, top)).toBe('applied')
    expect(await ada.entries()).toEqual(['plan_grant 1000', 'plan_change -500', 'plan_grant 5000'])
  })

  it('beside others of one price is read in that form too, though no price of it is stored yet', async () => {
    const ada = await subscriber()
    const seats = (amount: number, quantity: number, more: object = {}) => ({
      ...planLine({ price: null, amount, quantity, end: MAY + 31 * DAY }),
      parent: null,
      pricing: null,
      subscription: ada.subscription,
      type: 'invoiceitem',
      proration: true,
      price: price(`price_seat_${ada.id}`, 20_000),
      ...more,
    })
    const renewal = [
      seats(-20_000, 2, { proration_details: { credited_items: null } }),
      seats(30_000, 3),
      seats(60_000, 3, { type: 'subscription', proration: false }),
    ]
    const PLANS = `{"price_seat_${ada.id}": {"key": "seat", "credits": 10000}}`
    type Lines = Parameters<typeof ada.paid>[1]
    const event = ada.invoice('1', renewal as unknown as Lines, {
      parent: null,
      subscription: ada.subscription,
    })
    expect(await ada.told(event, { PLANS })).toBe('applied')
    expect(await ada.left()).toBe(35_000)
  })

  it('that names no line takes from the one that covers its start, else by its money', async () => {
    const ada = await subscriber()
    await ada.paid('1', [planLine({ price: 'price_pro', amount: 2000, discount: 1000 })])
    const undo = { price: 'price_pro', amount: -500, proration: true, start: MAY + DAY }
    expect(await ada.paid('2', [planLine(undo)])).toBe('applied')
    expect(await ada.left()).toBe(500)
    expect(await ada.paid('3', [planLine({ ...undo, start: MAY - DAY, amount: -333 })])).toBe('applied')
    expect(await ada.left()).toBe(500 - 167)
  })

  it('that names no line takes from an earlier one, not from what is charged at the same moment', async () => {
    const ada = await bought()
    const max = { price: 'price_max', proration: true }
    const pending = [
      planLine({ price: 'price_pro', amount: -2000, proration: true, credits: ada.first }),
      planLine({ ...max, amount: 20_000 }),
      planLine({ ...max, amount: -18_000, start: MAY + 3 * DAY }),
      planLine({ ...max, amount: 18_000, start: MAY + 3 * DAY }),
      planLine({ ...max, amount: -9000, start: MAY + 16 * DAY }),
    ]
    expect(await ada.paid('2', pending)).toBe('applied')
    expect(await ada.left()).toBe(5500)
  })

  it.each([
    ['as long as PLANS has an entry', '{"price_other": {"key": "other", "credits": 0}}', 'applied', 0],
    ['if its own entry brings nothing now', '{"price_pro": {"key": "pro", "credits": 0}}', 'applied', 0],
    ['but not while PLANS is empty', '{}', 'ignored no_effect', 1000],
  ])('takes what was brought, %s', async (_, PLANS, said, left) => {
    const ada = await subscriber()
    await ada.paid('1', [planLine({ id: 'il_1', price: 'price_pro', amount: 2000 })])
    const undo = planLine({
      price: 'price_pro',
      amount: -2000,
      proration: true,
      credits: [ada.in('1'), 'il_1'],
    })
    expect(await ada.told(ada.invoice('2', [undo]), { PLANS })).toBe(said)
    expect(await ada.left()).toBe(left)
  })

  it('of a plan that PLANS has forgotten takes from what it granted all the same', async () => {
    const ada = await bought()
    const undo = planLine({ price: 'price_pro', amount: -2000, proration: true, credits: ada.first })
    const other = planLine({ price: 'price_max', amount: 20_000, proration: true })
    const PLANS = '{"price_max": {"key": "max", "credits": 10000}}'
    expect(await ada.told(ada.invoice('2', [undo, other]), { PLANS })).toBe('applied')
    expect(await ada.left()).toBe(10_000)
  })

  it.each([0, 50])(
    'of such a plan takes it too if its invoice charges no plan, and sells %i',
    async (sold) => {
      const ada = await bought()
      const PLANS = '{"price_max": {"key": "max", "credits": 10000}}'
      const undo = { amount: -1000, proration: true, credits: ada.first, of: ada.subscription }
      const sale = { parent: null, metadata: { user_id: ada.id, credits: `${sold}` }, total: 500 }
      const leaves = ada.invoice('2', [planLine({ ...undo, price: 'price_pro' })], sold ? sale : {})
      expect(await ada.told(leaves, { PLANS })).toBe('applied')
      expect(await ada.left()).toBe(500 + sold)
    },
  )

  it('of such a plan waits until what it credits is stored', async () => {
    const ada = await subscriber()
    const PLANS = '{"price_max": {"key": "max", "credits": 10000}}'
    const credits: [string, string] = [ada.in('1'), 'il_1']
    const lines = [planLine({ price: 'price_pro', amount: -1000, proration: true, credits })]
    const list = { object: 'list', data: lines, has_more: false }
    await stripeAnswers({ [`GET /v1/invoices/${ada.in('2')}/lines`]: { body: list } })
    expect(await ada.told(ada.invoice('2', lines), { PLANS })).toBe('parked unknown_price')
    await runScheduled({ PLANS }, 'retry_due')
    expect(await ada.left()).toBe(0)
    expect(await ada.paid('1', [planLine({ id: 'il_1', price: 'price_pro', amount: 2000 })])).toBe('applied')
    await runScheduled({ PLANS }, 'retry_due')
    expect(await ada.entries()).toEqual(['plan_grant 1000', 'plan_change -500'])
  })

  it('of a price that brings nothing takes nothing, and waits for nothing', async () => {
    const ada = await subscriber()
    const lines = [
      planLine({ price: 'price_none', amount: -500, proration: true, credits: ['in_other', 'il_other'] }),
      planLine({ price: 'price_pro', amount: 2000 }),
    ]
    expect(await ada.paid('1', lines)).toBe('applied')
    expect(await ada.left()).toBe(1000)
  })

  it('that names a line which is not kept of its invoice takes from the one there that covers its start', async () => {
    const ada = await subscriber()
    await ada.paid('1', [planLine({ price: 'price_pro', amount: 2000, discount: 1000 })])
    const credits: [string, string] = [ada.in('1'), 'il_other']
    const undo = planLine({ price: 'price_pro', amount: -200, proration: true, credits })
    expect(await ada.paid('2', [undo])).toBe('applied')
    expect(await ada.left()).toBe(800)
  })

  it('and else by its money, at the price that is read for it', async () => {
    const ada = await bought()
    const PLANS = '{"price_read": {"key": "read", "credits": 1000}}'
    const credits: [string, string] = [ada.in('1'), 'il_other']
    const undo = planLine({ price: 'price_read', amount: -200, proration: true, credits })
    await stripeAnswers({ 'GET /v1/prices/price_read': { status: 500, body: {} } })
    const event = ada.invoice('2', [undo])
    expect(await ada.told(event, { PLANS })).toBe('parked incomplete_invoice')
    expect(await ada.left()).toBe(1000)
    await sells(price('price_read', 2000))
    await runScheduled({ PLANS }, 'retry_due')
    expect(await ada.left()).toBe(900)
  })
})

describe('a one-off invoice that sells credits', () => {
  const sale = (ada: { id: string }, set: object = {}) => ({
    parent: null,
    billing_reason: 'manual',
    metadata: { user_id: ada.id, credits: '50' },
    ...set,
  })
  const change = (ada: Awaited<ReturnType<typeof bought>>) => [
    planLine({ ...MOVED, price: 'price_pro', amount: -2000, credits: ada.first, of: ada.subscription }),
    planLine({ ...MOVED, price: 'price_max', amount: 20_000, of: ada.subscription }),
  ]
  const MOVED = { proration: true }

  it('and has the lines of a change of plan on it brings both, once', async () => {
    const ada = await bought()
    const event = ada.invoice('2', change(ada), sale(ada, { total: 18_500, amount_paid: 18_500 }))
    expect(await ada.told(event)).toBe('applied')
    expect(await ada.told({ ...event, id: `evt_2_${ada.id}` })).toBe('duplicate period_already_granted')
    expect(await ada.entries()).toEqual([
      'plan_grant 1000',
      'plan_change -1000',
      'plan_grant 10000',
      'purchase 50',
    ])
    expect((await ada.payments())[1]).toMatchObject({ credits: '9050', amount: '18500' })
  })

  it('brings both where all lines had to be read, and its own where none of them moves anything', async () => {
    const [ada, grace] = [await bought(), await bought()]
    for (const [who, lines] of [
      [ada, change(ada)],
      [grace, [planLine({ price: 'price_none', amount: 500, proration: true, of: grace.subscription })]],
    ] as const) {
      const list = { object: 'list', data: lines, has_more: false }
      await stripeAnswers({ [`GET /v1/invoices/${who.in('2')}/lines`]: { body: list } })
      const part = { ...list, data: lines.slice(0, 1), has_more: true }
      const set = sale(who, { total: 18_500, amount_paid: 18_500, lines: part })
      expect(await who.told(who.invoice('2', [], set))).toBe('applied')
    }
    expect([await ada.left(), await grace.left()]).toEqual([10_050, 1050])
  })

  it('and brought less than nothing sells nothing, and takes back all the same', async () => {
    const ada = await bought()
    const [down] = change(ada)
    const set = sale(ada, { total: -2000, amount_paid: 0 })
    expect(await ada.told(ada.invoice('2', down ? [down] : [], set))).toBe('applied')
    expect(await ada.left()).toBe(0)
  })

  it.each([-1000, -1001, -2000])(
    'is paid for by a credit for a plan of %i, though the rest of that goes to the balance',
    async (amount) => {
      const ada = await bought()
      const down = planLine({
        ...MOVED,
        price: 'price_pro',
        amount,
        credits: ada.first,
        of: ada.subscription,
      })
      const item = planLine({ price: 'price_pack', amount: 1000, unit: 1000 })
      const lines = [down, { ...item, parent: { ...item.parent, type: 'invoice_item_details' } }]
      expect(await ada.told(ada.invoice('2', lines, sale(ada)))).toBe('applied')
      expect(await ada.left()).toBe(1000 + Math.floor(amount / 2) + 50)
      expect((await ada.payments())[1]).toMatchObject({ amount: '0' })
    },
  )

  it('is sold at once, though PLANS knows no price of its other lines', async () => {
    const ada = await bought()
    const line = planLine({ price: 'price_new', amount: 2000, proration: true, of: ada.subscription })
    const PLANS = '{"price_pro": {"key": "pro", "credits": 1000}}'
    expect(await ada.told(ada.invoice('2', [line], sale(ada)), { PLANS })).toBe('applied')
    expect(await ada.left()).toBe(1050)
  })

  it.each([
    ['PLANS knows', '{"price_pro": {"key": "pro", "credits": 1000}}'],
    ['PLANS has forgotten', '{"price_other": {"key": "other", "credits": 1}}'],
  ])(
    'waits as a whole while its lines move a plan that %s to one that PLANS does not know',
    async (_what, before) => {
      const ada = await bought()
      const lines = change(ada)
      const event = ada.invoice('2', lines, sale(ada, { total: 18_500, amount_paid: 18_500 }))
      expect(await ada.told(event, { PLANS: before })).toBe('parked unknown_price')
      const list = { object: 'list', data: lines, has_more: false }
      await stripeAnswers({ [`GET /v1/invoices/${ada.in('2')}/lines`]: { body: list } })
      await runScheduled({ PLANS: before }, 'retry_due')
      expect(await ada.left()).toBe(1000)
      expect(await ada.told(event)).toBe('applied')
      const entries = ['plan_change -1000', 'plan_grant 1000', 'plan_grant 10000', 'purchase 50']
      expect((await ada.entries()).toSorted()).toEqual(entries)
    },
  )

  it('is sold at once, though its lines are of plans of another product', async () => {
    const ada = await subscriber()
    const lines = change({ ...ada, first: [ada.in('other'), 'il_other'] })
    const PLANS = '{"price_other": {"key": "other", "credits": 1}}'
    expect(await ada.told(ada.invoice('2', lines, sale(ada, { total: 18_500 })), { PLANS })).toBe('applied')
    expect(await ada.entries()).toEqual(['purchase 50'])
  })
})

describe('an invoice that credits one not paid here', () => {
  const change = (ada: { in(name: string): string }) => [
    planLine({ price: 'price_pro', amount: -2000, proration: true, credits: [ada.in('1'), 'il_1'] }),
    planLine({ price: 'price_max', amount: 20_000, proration: true }),
  ]
  const first = [planLine({ id: 'il_1', price: 'price_pro', amount: 2000 })]

  it('waits as a whole while that is open, is reported, and is released by it', async () => {
    const ada = await subscriber()
    const open = { body: { ...ada.invoice('1', first).data.object, status: 'open' } }
    await stripeAnswers({ [`GET /v1/invoices/${ada.in('1')}`]: open })
    expect(await ada.paid('2', change(ada))).toBe('parked unknown_invoice')
    const waits = `select count(*)::int as waits from waiting where subject = $1`
    expect(await query(waits, [`invoice:${ada.in('1')}`])).toEqual([{ waits: 1 }])
    await runScheduled({ PLANS: '{"price_pro": {"key": "pro", "credits": 1000}}' })
    expect(await ada.left()).toBe(0)
    expect(await ada.paid('1', first)).toBe('applied')
    await runScheduled()
    expect(await ada.left()).toBe(10_000)
  })

  it('stays for a person where that is void: a declined try earns and costs nothing', async () => {
    const ada = await bought()
    const up = [
      planLine({ price: 'price_pro', amount: -2000, proration: true, credits: ada.first }),
      planLine({ id: 'il_up', price: 'price_max', amount: 20_000, proration: true }),
    ]
    const declined = { body: { ...ada.invoice('2', up).data.object, status: 'void' } }
    await stripeAnswers({ [`GET /v1/invoices/${ada.in('2')}`]: declined })
    const down = [
      planLine({ price: 'price_max', amount: -20_000, proration: true, credits: [ada.in('2'), 'il_up'] }),
      planLine({ price: 'price_pro', amount: 2000, proration: true }),
    ]
    expect(await ada.paid('3', down)).toBe('parked unknown_invoice')
    await runScheduled()
    expect(await ada.left()).toBe(1000)
  })

  it('is decided by PLANS where that is paid at Stripe, and its own event may still come', async () => {
    const [never, late] = [await subscriber(), await subscriber()]
    for (const ada of [never, late]) {
      const paid = { body: { ...ada.invoice('1', first).data.object, status: 'paid' } }
      await stripeAnswers({ [`GET /v1/invoices/${ada.in('1')}`]: paid })
      expect(await ada.paid('2', change(ada))).toBe('applied')
      expect(await ada.left()).toBe(9000)
    }
    expect(await late.paid('1', first)).toBe('applied')
    expect(await late.paid('1', first)).toBe('duplicate period_already_granted')
    expect([await never.left(), await late.left()]).toEqual([9000, 10_000])
  })

  it('is granted less, where no setting knew its price when it was credited', async () => {
    const ada = await subscriber()
    const PLANS = '{"price_max": {"key": "max", "credits": 10000}}'
    expect(await ada.told(ada.invoice('2', change(ada)), { PLANS })).toBe('applied')
    expect(await ada.left()).toBe(10_000)
    expect(await ada.paid('1', first)).toBe('ignored no_effect')
    expect(await ada.left()).toBe(10_000)
  })
})

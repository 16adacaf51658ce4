import { beforeAll, describe, expect, it } from 'vitest'
import { billingEvent } from '../../local/billing-events.ts'
import { randomId } from '../../local/events.ts'
import { type ReversalType, reversalEvent } from '../../local/reversal-events.ts'
import { type Explanation, inWords } from '../../src/ops/explain.ts'
import { JUNE, MAY, planLine, price, sells, subscriber } from './plan-support.ts'
import { query, stripeAnswers, stripeCalls } from './support.ts'

const DAY = 86_400

beforeAll(async () => {
  await sells(
    price('price_pro', 2000),
    price('price_year', 20_000, 'year'),
    price('price_max', 20_000),
    price('price_trial', 500),
    price('price_trial_too', 900, 'year'),
    price('price_gratis', 0),
  )
})

/** A user whose invoices `1`, `2`, … were each paid by the payment of that number. */
async function payer() {
  const ada = await subscriber()
  const link = (name: string) => {
    const payment = { type: 'payment_intent', payment_intent: `pi_${name}_${ada.id}` }
    return billingEvent('invoice_payment.paid', { invoice: ada.in(name), payment })
  }
  return {
    ...ada,
    pays: async (
      name: string,
      ...rest: Parameters<typeof ada.paid> extends [string, ...infer R] ? R : never
    ) => {
      const said = await ada.paid(name, ...rest)
      await ada.told(link(name))
      return said
    },
    back: (name: string, amount: number, type: ReversalType = 'refund.created', about: object = {}) =>
      ada.told(
        reversalEvent(type, { payment: `pi_${name}_${ada.id}`, amount, id: randomId('re'), ...about }),
      ),
  }
}

const month = (more: object = {}) => planLine({ id: 'il_1', price: 'price_pro', amount: 2000, ...more })
const year = () => planLine({ id: 'il_1', price: 'price_year', amount: 20_000, unit: 20_000 })
/** Five units of something without credits. */
const EXTRA = { price: 'price_none', amount: 500, unit: 500 }
const undo = (ada: { in(name: string): string }, amount: number, name = '1') =>
  planLine({ price: 'price_pro', amount, proration: true, credits: [ada.in(name), 'il_1'] })

describe('a refund of an invoice', () => {
  it('takes its part of the total, also where the balance has paid most of it', async () => {
    const ada = await payer()
    await ada.pays('1', [month()], { amount_paid: 500, amount_due: 500, starting_balance: -1500 })
    expect(await ada.back('1', 500)).toBe('applied')
    expect(await ada.left()).toBe(750)
  })

  it('takes all credits with the total, though the payment has paid an older debt as well', async () => {
    const ada = await payer()
    const debt = { starting_balance: 500, amount_due: 2500, amount_paid: 2500 }
    await ada.pays('1', [month()], debt)
    await ada.back('1', 2000)
    expect(await ada.left()).toBe(0)
  })

  it('is not possible if its total was negative, though an older debt was paid with it', async () => {
    const ada = await payer()
    await ada.pays('1', [month()])
    await ada.pays('2', [undo(ada, -300)], { starting_balance: 500, amount_due: 200, amount_paid: 200 })
    expect(await ada.left()).toBe(850)
    expect(await ada.payments()).toHaveLength(1)
  })

  it.each([
    { amount_paid: 2500 },
    { amount_paid: 2500, amount_overpaid: 500 },
    { amount_paid: 2800, amount_overpaid: 500, starting_balance: 300 },
  ])('takes its part of all that was paid for it, if that is more than its total: %j', async (set) => {
    const ada = await payer()
    await ada.pays('1', [month()], { total: 2000, amount_due: 2000, ...set })
    expect(await ada.payments()).toMatchObject([{ amount: '2500' }])
    await ada.back('1', 1250)
    expect(await ada.left()).toBe(500)
  })

  it('takes its part of what was left after a credit note, though an older debt was paid as well', async () => {
    const ada = await payer()
    const noted = { pre_payment_credit_notes_amount: 500, starting_balance: 500 }
    await ada.pays('1', [month()], { total: 2000, amount_due: 2000, amount_paid: 2000, ...noted })
    expect(await ada.left()).toBe(750)
    await ada.back('1', 1500)
    expect(await ada.left()).toBe(0)
  })

  it('of a change takes what the change has brought', async () => {
    const ada = await payer()
    await ada.pays('1', [month()])
    await ada.pays('2', [
      undo(ada, -2000),
      planLine({ price: 'price_year', amount: 20_000, proration: true }),
    ])
    expect(await ada.left()).toBe(12_000)
    await ada.back('2', 18_000)
    expect(await ada.left()).toBe(1000)
  })

  it.each([['the refund first'], ['the credit first']])(
    'whose money went to the balance takes what exceeds that: %s',
    async (order) => {
      const ada = await payer()
      await ada.pays('1', [month()])
      const steps = [() => ada.paid('2', [undo(ada, -1000)]), () => ada.back('1', 1000)]
      for (const step of order === 'the refund first' ? steps.toReversed() : steps) await step()
      expect(await ada.left()).toBe(500)
      await ada.back('1', 500)
      expect(await ada.left()).toBe(250)
    },
  )

  it('takes its part, where the money went into another plan', async () => {
    const ada = await payer()
    await ada.pays('1', [month()])
    await ada.pays('2', [
      undo(ada, -2000),
      planLine({ price: 'price_year', amount: 20_000, proration: true }),
    ])
    await ada.back('1', 2000)
    expect(await ada.left()).toBe(11_000)
  })

  it.each([
    [0, 'none'],
    [20, 'none'],
    [20, 'beside the amounts'],
  ])(
    'takes what exceeds the balance, with %i %% of tax on top, and a discount: %s',
    async (tax, discount) => {
      const ada = await payer()
      const taxed = (amount: number) => Math.round((amount * (100 + tax)) / 100)
      const paid = taxed(20_000)
      await ada.pays('1', [year()], { total: paid, amount_paid: paid })
      const shown = (net: number) =>
        discount === 'none' ? { amount: net } : { amount: net * 2, discount: net }
      const down = [
        planLine({ ...shown(-20_000), price: 'price_year', proration: true, credits: [ada.in('1'), 'il_1'] }),
        planLine({ ...shown(10_000), price: 'price_max', proration: true }),
      ]
      await ada.paid('2', down, { total: taxed(-10_000) })
      expect((await ada.credited())[0]?.to_balance).toBe('6000')
      await ada.back('1', taxed(10_000))
      expect(await ada.left()).toBe(5000)
      await ada.back('1', taxed(2000))
      expect(await ada.left()).toBe(3800)
      await ada.back('1', taxed(8000))
      expect(await ada.left()).toBe(-1000)
    },
  )

  it.each(['in its event', 'read from Stripe'])(
    'counts what all lines of the invoice charge and credit, also those of no plan: %s',
    async (from) => {
      const ada = await payer()
      await ada.pays('1', [year()])
      const goodwill = {
        ...planLine({ price: 'price_goodwill', amount: -4000 }),
        parent: { type: 'invoice_item_details', invoice_item_details: {}, subscription_item_details: null },
      }
      const half = { price: 'price_year', amount: -8000, proration: true }
      const lines = [
        planLine({ ...half, credits: [ada.in('1'), 'il_1'] }),
        planLine({ ...half, credits: [ada.in('1'), 'il_1'] }),
        goodwill as never,
        planLine({ price: 'price_none', amount: 5000 }),
      ]
      // 200.00 are credited, and 150.00 of them go to the balance: three quarters.
      const list = { object: 'list', data: lines, has_more: false }
      await stripeAnswers({ [`GET /v1/invoices/${ada.in('2')}/lines`]: { body: list } })
      const shown = from === 'in its event' ? list : { ...list, data: lines.slice(0, 1), has_more: true }
      await ada.paid('2', lines, { lines: shown })
      expect(await ada.credited()).toEqual([{ to_balance: '3600' }, { to_balance: '3600' }])
    },
  )

  it('counts that part of a credit alone that went to the balance', async () => {
    const ada = await payer()
    await ada.pays('1', [planLine({ id: 'il_1', price: 'price_year', amount: 20_000, unit: 20_000 })])
    const down = [
      planLine({ price: 'price_year', amount: -20_000, proration: true, credits: [ada.in('1'), 'il_1'] }),
      planLine({ price: 'price_pro', amount: 2000, proration: true }),
    ]
    await ada.paid('2', down)
    expect(await ada.left()).toBe(1000)
    await ada.back('1', 18_000)
    expect(await ada.left()).toBe(1000)
    await ada.back('1', 2000)
    expect(await ada.left()).toBe(1000 - 1200)
  })
})

it('a dispute takes its share although the money went to the balance: the balance is still there', async () => {
  const ada = await payer()
  await ada.pays('1', [month()])
  await ada.paid('2', [undo(ada, -2000)])
  await ada.back('1', 2000, 'charge.dispute.funds_withdrawn')
  expect(await ada.left()).toBe(-1000)
  await ada.paid('3', [month({ start: JUNE })], { amount_paid: 0, starting_balance: -2000 })
  expect(await ada.left()).toBe(0)
})

it('a refund of an invoice that brought no credits takes none, and is known to be of it', async () => {
  const ada = await payer()
  await ada.pays('1', [month()])
  const lines = [undo(ada, -2000), month({ id: 'il_2', proration: true }), planLine(EXTRA)]
  expect(await ada.pays('2', lines)).toBe('applied')
  const [, second] = await ada.payments()
  expect(second).toMatchObject({ stripe_payment_id: ada.in('2'), credits: '0', amount: '500' })
  expect(await ada.back('2', 500)).toBe('ignored no_effect')
  expect(await ada.back('2', 500, 'charge.dispute.funds_withdrawn')).toBe('ignored no_effect')
  expect(await ada.left()).toBe(1000)
})

it('a total of nothing or less leaves no payment', async () => {
  const ada = await payer()
  await ada.pays('1', [month()])
  await ada.paid('2', [undo(ada, -2000)])
  await ada.paid('3', [month({ start: JUNE, discount: 2000 })])
  expect((await ada.payments()).map(({ stripe_payment_id }) => stripe_payment_id)).toEqual([ada.in('1')])
  expect(await ada.entries()).toEqual(['plan_grant 1000', 'plan_change -1000', 'plan_grant 1000'])
  for (const [name, amount] of [
    ['1', 1000],
    ['2', -1000],
    ['3', 1000],
  ] as const) {
    const told = await explain(ada.in(name))
    expect([name, told.entries.map((entry) => entry.amount)]).toEqual([name, [amount]])
    expect(told.entries.map(inWords).join()).not.toMatch(/null|undefined/)
  }
})

async function explain(id: string) {
  const [row] = await query<{ told: Explanation }>('select explain($1) as told', [JSON.stringify({ id })])
  return row?.told as Explanation
}

it('a coupon of half, buying, leaving and buying again, ten times, brings what the money buys that stayed', async () => {
  const ada = await payer()
  for (let turn = 1; turn <= 10; turn++) {
    const start = MAY + turn
    await ada.pays(`${turn}`, [month({ discount: 1000, start })])
    expect(await ada.left()).toBe(1000)
    if (turn < 10) await ada.paid(`${turn}_undone`, [undo(ada, -1000, `${turn}`)])
  }
  expect(await ada.left()).toBe(1000)
})

describe('a line of nothing', () => {
  const trial = (name = 'price_trial', start = MAY) =>
    planLine({ price: name, amount: 0, unit: 0, start, end: start + 14 * DAY })

  it('of a plan without trial_credits brings nothing', async () => {
    const ada = await payer()
    expect(await ada.paid('1', [planLine({ price: 'price_pro', amount: 0, unit: 0 })])).toBe(
      'ignored no_effect',
    )
  })

  it('in a trial grants once per user and plan key, however many trials, and the paid period again', async () => {
    const ada = await payer()
    expect(await ada.paid('1', [trial()])).toBe('applied')
    const again = { parent: { subscription_details: { subscription: `sub_2_${ada.id}` } } }
    expect(await ada.paid('2', [trial('price_trial', JUNE)], again)).toBe('duplicate period_already_granted')
    expect(await ada.paid('3', [trial('price_trial_too')], again)).toBe('duplicate period_already_granted')
    expect(await ada.left()).toBe(100)
    const paid = planLine({ price: 'price_trial', amount: 500, unit: 500, start: MAY + 14 * DAY })
    expect(await ada.paid('4', [paid])).toBe('applied')
    expect(await ada.left()).toBe(200)
  })

  it('that Stripe has rounded to 0 is neither a trial nor of a free price', async () => {
    const ada = await payer()
    const rounded = { price: 'price_trial', amount: 0, unit: 0.4, quantity: 1 }
    expect(await ada.paid('1', [planLine(rounded)])).toBe('ignored no_effect')
    expect(await ada.paid('2', [trial()])).toBe('applied')
    expect(await ada.left()).toBe(100)
  })

  it('grants for a quantity of one: the buyer chooses the quantity, and has paid nothing', async () => {
    const ada = await payer()
    await ada.paid('1', [{ ...trial(), quantity: 500 }])
    expect(await ada.left()).toBe(100)
    await ada.paid('2', [planLine({ price: 'price_gratis', amount: 0, unit: 0, quantity: 500 })])
    expect(await ada.left()).toBe(150)
  })

  it('of a free price of a year grants once a year', async () => {
    const ada = await payer()
    await sells(price('price_gratis_year', 0, 'year'))
    const PLANS = '{"price_gratis_year": {"key": "gratis", "credits": 50, "trial_credits": true}}'
    const free = (start: number) => planLine({ price: 'price_gratis_year', amount: 0, unit: 0, start })
    const told = async (name: string, start: number) =>
      await ada.told(ada.invoice(name, [free(start)]), { PLANS })
    expect(await told('1', MAY)).toBe('applied')
    expect(await told('2', JUNE)).toBe('duplicate period_already_granted')
    expect(await told('3', MAY + 365 * DAY)).toBe('applied')
    expect(await ada.left()).toBe(100)
  })

  it('grants once when ten trials of one user come at once', async () => {
    const ada = await payer()
    const trials = Array.from({ length: 10 }, (_, i) =>
      ada.paid(`${i}`, [trial()], {
        parent: { subscription_details: { subscription: `sub_${i}_${ada.id}` } },
      }),
    )
    expect((await Promise.all(trials)).filter((said) => said === 'applied')).toHaveLength(1)
    expect(await ada.left()).toBe(100)
  })

  it('as recorded is a trial by its price, which is read once', async () => {
    await sells(price('small-monthly', 2000))
    const [one, two] = [await payer(), await payer()]
    const PLANS = '{"small-monthly": {"key": "small", "credits": 1000, "trial_credits": true}}'
    const before = (await stripeCalls('small-monthly')).length
    for (const ada of [one, two]) {
      expect(await ada.told(ada.recorded('trial'), { PLANS })).toBe('applied')
      expect(await ada.left()).toBe(1000)
    }
    expect((await stripeCalls('small-monthly')).length - before).toBe(1)
  })

  it('of a free price grants once per user, plan key and calendar interval', async () => {
    const ada = await payer()
    const free = (start: number) => planLine({ price: 'price_gratis', amount: 0, unit: 0, start })
    const again = (n: number) => ({
      parent: { subscription_details: { subscription: `sub_${n}_${ada.id}` } },
    })
    expect(await ada.paid('1', [free(MAY)])).toBe('applied')
    expect(await ada.paid('2', [free(MAY + 20 * DAY)], again(2))).toBe('duplicate period_already_granted')
    expect(await ada.paid('3', [free(JUNE)])).toBe('applied')
    expect(await ada.left()).toBe(100)
  })

  it('waits while Stripe does not say what its price costs', async () => {
    const ada = await payer()
    await stripeAnswers({ 'GET /v1/prices/price_of_a_trial': { status: 500, body: {} } })
    const PLANS = '{"price_of_a_trial": {"key": "t", "credits": 5, "trial_credits": true}}'
    expect(await ada.told(ada.invoice('1', [trial('price_of_a_trial')]), { PLANS })).toBe(
      'parked incomplete_invoice',
    )
  })
})

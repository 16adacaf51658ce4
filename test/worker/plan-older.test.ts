import { beforeAll, describe, expect, it } from 'vitest'
import { JUNE, MAY, planLine, price, sells, subscriber } from './plan-support.ts'
import { query, runScheduled, stripeAnswers } from './support.ts'

beforeAll(async () => {
  await sells(price('price_pro', 2000), price('price_other', 500))
  await sells(price('price_trial', 500), price('price_trial_too', 900, 'year'))
})

/**
 * A user whose invoice `1` an older version granted as a whole. It stored the amount paid by card as the invoice's
 * amount.
 */
async function granted(amount: number, credits = 1000, lines?: ReturnType<typeof planLine>[]) {
  const ada = await subscriber()
  const facts = {
    stripe_invoice_id: ada.in('1'),
    stripe_subscription_id: ada.subscription,
    paid_by: null,
    stripe_customer_id: ada.customer,
    user_id: null,
    amount,
    currency: 'usd',
    stripe_charge_id: null,
    unknown: null,
    grants: [{ period_start: MAY, credits }],
  }
  const payload = lines && ada.invoice('1', lines)
  const delivery = {
    provider: 'stripe',
    event_id: `evt_${ada.id}`,
    type: 'invoice.paid',
    via: 'webhook',
    payload,
  }
  await query('select grant_plan($1, $2)', [JSON.stringify(delivery), JSON.stringify(facts)])
  expect(await ada.left()).toBe(credits)
  return ada
}

type Ada = Awaited<ReturnType<typeof granted>>

const atStripe = (ada: Ada, lines: ReturnType<typeof planLine>[], set: object = {}) => {
  const body = { ...ada.invoice('1', lines).data.object, status: 'paid', ...set }
  return stripeAnswers({ [`GET /v1/invoices/${ada.in('1')}`]: { body } })
}
const undo = (ada: Ada, amount: number) =>
  planLine({ price: 'price_pro', amount, proration: true, credits: [ada.in('1'), 'il_1'] })

describe('an invoice that an older version has granted as a whole', () => {
  it('is not granted again, and is taken back by its share', async () => {
    const ada = await granted(2000)
    const lines = [planLine({ id: 'il_1', price: 'price_pro', amount: 2000 })]
    expect(await ada.paid('1', lines)).toBe('duplicate period_already_granted')
    await atStripe(ada, lines)
    expect(await ada.paid('2', [undo(ada, -1000)])).toBe('applied')
    expect(await ada.left()).toBe(500)
  })

  it('counts with the money of its lines, though the balance has paid most of it', async () => {
    const ada = await granted(500)
    await atStripe(ada, [planLine({ id: 'il_1', price: 'price_pro', amount: 2000 })], { amount_paid: 500 })
    expect(await ada.paid('2', [undo(ada, -500)])).toBe('applied')
    expect(await ada.left()).toBe(750)
  })

  it('counts after discounts, without what else is on it', async () => {
    const ada = await granted(1500)
    await atStripe(ada, [
      planLine({ id: 'il_1', price: 'price_pro', amount: 2000, discount: 1000 }),
      planLine({ price: 'price_other', amount: 500 }),
    ])
    expect(await ada.paid('2', [undo(ada, -500)])).toBe('applied')
    expect(await ada.left()).toBe(500)
  })

  it('has a change of it wait while Stripe does not say what it was', async () => {
    const ada = await granted(500)
    expect(await ada.paid('2', [undo(ada, -500)])).toBe('parked unknown_invoice')
    expect(await ada.left()).toBe(1000)
    await atStripe(ada, [planLine({ id: 'il_1', price: 'price_pro', amount: 2000 })])
    const PLANS = JSON.stringify({ price_pro: { key: 'pro', credits: 1000 } })
    await runScheduled({ PLANS }, 'retry_due')
    expect(await ada.left()).toBe(750)
  })
})

describe('a trial that an older version has granted', () => {
  const trial = (name: string) => planLine({ price: name, amount: 0, unit: 0, start: JUNE })
  const other = (ada: Ada) => ({ parent: { subscription_details: { subscription: `sub_2_${ada.id}` } } })

  it('is not granted again, by whatever price of its plan', async () => {
    const ada = await granted(0, 100, [trial('price_trial')])
    for (const [name, price] of [
      ['2', 'price_trial'],
      ['3', 'price_trial_too'],
    ] as const) {
      expect(await ada.paid(name, [trial(price)], other(ada))).toBe('duplicate period_already_granted')
    }
    expect(await ada.left()).toBe(100)
  })

  it('counts where its payload is gone, for nobody knows of which plan it was', async () => {
    const ada = await granted(0, 100)
    expect(await ada.paid('2', [trial('price_trial')], other(ada))).toBe('duplicate period_already_granted')
  })

  it.each([
    ['of another plan', () => granted(0, 100, [trial('price_gratis')])],
    ['that a coupon has paid', () => granted(0, 100, [planLine({ price: 'price_trial', amount: 500 })])],
    ['that was paid', () => granted(500, 100, [planLine({ price: 'price_trial', amount: 500 })])],
  ])('does not count %s', async (_, before) => {
    const ada = await before()
    expect(await ada.paid('2', [trial('price_trial')], other(ada))).toBe('applied')
    expect(await ada.left()).toBe(200)
  })
})

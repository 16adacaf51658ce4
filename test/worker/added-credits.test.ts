import { beforeAll, describe, expect, it } from 'vitest'
import { JUNE, MAY, PLANS, planLine, price, sells, subscriber } from './plan-support.ts'
import { query, runScheduled, stripeAnswers } from './support.ts'

beforeAll(() => sells(price('price_pro', 2000)))

const month = (more: object = {}) => planLine({ id: 'il_1', price: 'price_pro', amount: 2000, ...more })

/** A credit that somebody has added to the invoice. Stripe shows its price as a negative decimal. */
const added = {
  ...planLine({ id: 'il_added', price: 'price_added', amount: -500, unit: -500 }),
  parent: {
    type: 'invoice_item_details',
    invoice_item_details: { invoice_item: 'ii_1', proration: false, subscription: null },
    subscription_item_details: null,
  },
} as unknown as ReturnType<typeof planLine>

describe('an invoice with a credit that somebody has added', () => {
  it('grants its plan', async () => {
    const ada = await subscriber()
    expect(await ada.paid('1', [added, month()])).toBe('applied')
    expect(await ada.entries()).toEqual(['plan_grant 1000'])
    expect(await ada.payments()).toMatchObject([{ credits: '1000', amount: '1500' }])
  })

  it('grants its plan after its other lines are read', async () => {
    const ada = await subscriber()
    const data = [added, month()]
    await stripeAnswers({
      [`GET /v1/invoices/${ada.in('1')}/lines`]: { body: { object: 'list', data, has_more: false } },
    })
    await ada.paid('1', data, { lines: { object: 'list', data: [month()], has_more: true } })
    await runScheduled({ PLANS: JSON.stringify(PLANS) })
    expect(await ada.entries()).toEqual(['plan_grant 1000'])
  })

  it('grants its plan in the form from before 2025-03-31', async () => {
    const ada = await subscriber()
    const old = (id: string, name: string, amount: number, subscription: string | null) => ({
      id,
      object: 'line_item',
      amount,
      currency: 'usd',
      type: subscription ? 'subscription' : 'invoiceitem',
      proration: false,
      quantity: 1,
      period: { start: MAY, end: JUNE },
      subscription,
      price: { ...price(name, amount), product: 'prod_1' },
    })
    const data = [
      old('il_added', 'price_added', -500, null),
      old('il_1', 'price_pro', 2000, ada.subscription),
    ]
    const lines = { object: 'list', data, has_more: false }
    const money = { total: 1500, amount_paid: 1500 }
    const set = { ...money, parent: undefined, subscription: ada.subscription, lines }
    expect(await ada.paid('1', [], set)).toBe('applied')
    expect(await ada.entries()).toEqual(['plan_grant 1000'])
  })
})

describe('a line of a plan with a negative price of one', () => {
  it('counts at the price that is read', async () => {
    const ada = await subscriber()
    await ada.paid('1', [month()])
    const used = { price: 'price_pro', amount: -1000, unit: -1000, proration: true }
    expect(await ada.paid('2', [planLine({ ...used, start: MAY + 1_000_000 })])).toBe('applied')
    expect(
      await ada.paid('3', [planLine({ ...used, id: 'il_3', amount: 500, start: MAY + 1_000_000 })]),
    ).toBe('applied')
    expect(await ada.entries()).toEqual(['plan_grant 1000', 'plan_change -500', 'plan_grant 250'])
    const stored = await query("select unit_amount from stripe_prices where id = 'price_pro'")
    expect(stored).toEqual([{ unit_amount: '2000' }])
  })
})

import { beforeAll, describe, expect, it } from 'vitest'
import { PLANS, planLine, price, sells, subscriber } from './plan-support.ts'
import { linesOf, reconcile } from './reconcile-support.ts'
import { emptyWorld, happenAtStripe } from './reconcile-world.ts'
import { runScheduled, stripeAnswers } from './support.ts'

const CREDIT_PACKS = JSON.stringify({ starter: { credits: 500, price: 'price_pack' } })

beforeAll(() => sells(price('price_pro', 2000), price('price_none', 500), price('price_late', 900)))

type Line = ReturnType<typeof planLine>

/** A line for a one-time price, as Stripe has it beside the lines of a subscription. */
const pack = (more: object = {}): Line => ({
  ...planLine({ price: 'price_pack', amount: 700, unit: 700 }),
  parent: {
    type: 'invoice_item_details',
    invoice_item_details: { invoice_item: 'ii_1', proration: false, subscription: null },
    subscription_item_details: null,
  } as never,
  ...more,
})
const month = () => planLine({ id: 'il_1', price: 'price_pro', amount: 2000 })

/** An invoice of the subscription with these lines, told to a Worker that sells the pack. */
async function invoiced(lines: Line[], set: Record<string, unknown> = {}) {
  const ada = await subscriber()
  const event = ada.invoice('1', lines, set)
  return { ...ada, event, said: await ada.told(event, { CREDIT_PACKS }) }
}

describe('a pack on the invoice of a subscription', () => {
  it('brings its credits beside the plan, once', async () => {
    const ada = await invoiced([month(), pack({ quantity: 3, amount: 2100 })])
    expect(ada.said).toBe('applied')
    expect((await ada.entries()).toSorted()).toEqual(['plan_grant 1000', 'purchase 1500'])
    expect(await ada.payments()).toMatchObject([{ credits: '2500', amount: '4100' }])
    expect(await ada.told({ ...ada.event, id: `${ada.event.id}_again` }, { CREDIT_PACKS })).toBe(
      'duplicate period_already_granted',
    )
    expect(await ada.left()).toBe(2500)
  })

  it('brings them alone too, and beside a plan that brings nothing', async () => {
    for (const lines of [[pack()], [pack(), planLine({ price: 'price_none', amount: 500, unit: 500 })]]) {
      const ada = await invoiced(lines)
      expect([ada.said, await ada.entries()]).toEqual(['applied', ['purchase 500']])
    }
  })

  it('brings them where no plan brings any', async () => {
    const ada = await subscriber()
    const event = ada.invoice('1', [month(), pack()])
    expect(await ada.told(event, { CREDIT_PACKS, PLANS: '{}' })).toBe('applied')
    expect(await ada.entries()).toEqual(['purchase 500'])
    expect(
      await ada.paid('2', [month()], { lines: { object: 'list', data: [month()], has_more: false } }),
    ).toBe('applied')
    const other = ada.invoice('3', [planLine({ price: 'price_other', amount: 900 })])
    expect(await ada.told(other, { CREDIT_PACKS, PLANS: '{}' })).toBe('ignored no_effect')
  })

  it('waits with a plan that PLANS does not know, and is credited with it', async () => {
    const ada = await subscriber()
    const data = [planLine({ price: 'price_late', amount: 900, unit: 900 }), pack()]
    await stripeAnswers({
      [`GET /v1/invoices/${ada.in('1')}/lines`]: { body: { object: 'list', data, has_more: false } },
    })
    expect(await ada.told(ada.invoice('1', data), { CREDIT_PACKS })).toBe('parked unknown_price')
    expect(await ada.left()).toBe(0)
    const late = JSON.stringify({ ...PLANS, price_late: { key: 'late', credits: 70 } })
    // The first look reads the price, and the second one the lines.
    for (let run = 0; run < 2; run++) await runScheduled({ PLANS: late, CREDIT_PACKS }, 'retry_due')
    expect((await ada.entries()).toSorted()).toEqual(['plan_grant 70', 'purchase 500'])
  })

  it('is found among the lines that had to be read', async () => {
    const ada = await subscriber()
    const lines = { object: 'list', data: [month(), pack()], has_more: false }
    await stripeAnswers({ [`GET /v1/invoices/${ada.in('1')}/lines`]: { body: lines } })
    const event = ada.invoice('1', [], { lines: { ...lines, data: [], has_more: true }, total: 2700 })
    expect(await ada.told(event, { CREDIT_PACKS })).toBe('applied')
    expect(await ada.left()).toBe(1500)
  })

  it('brings nothing if it cost nothing, if a credit note took it off, or if no pack has its price', async () => {
    expect((await invoiced([pack({ amount: 0 })])).said).toBe('ignored no_effect')
    const written = { amount_paid: 0, amount_due: 0, pre_payment_credit_notes_amount: 700 }
    expect(await (await invoiced([pack()], written)).left()).toBe(0)
    const half = { amount_paid: 350, amount_due: 350, pre_payment_credit_notes_amount: 350 }
    expect(await (await invoiced([pack()], half)).left()).toBe(250)
    const ada = await subscriber()
    await ada.paid('1', [month(), pack()])
    expect(await ada.left()).toBe(1000)
  })

  it.each([-500, -700, -2000])(
    'brings them beside a credit for a plan of %i, whatever goes to the balance of the customer',
    async (amount) => {
      const ada = await subscriber()
      await ada.paid('1', [month()])
      const credits: [string, string] = [ada.in('1'), 'il_1']
      const left = planLine({ price: 'price_pro', amount, proration: true, credits })
      const second = ada.invoice('2', [left, pack()])
      expect(await ada.told(second, { CREDIT_PACKS })).toBe('applied')
      expect(await ada.entries()).toEqual(['plan_grant 1000', `plan_change ${amount / 2}`, 'purchase 500'])
      expect((await ada.payments())[1]).toMatchObject({ amount: `${Math.max(0, 700 + amount)}` })
      const world = emptyWorld()
      happenAtStripe(world, second)
      const env = { PLANS: JSON.stringify(PLANS), CREDIT_PACKS }
      expect(linesOf(await reconcile(world, { env, only: 'stripe' }), ada.in('2'))).toEqual([])
    },
  )
})

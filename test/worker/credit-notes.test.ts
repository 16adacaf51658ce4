import { beforeAll, describe, expect, it } from 'vitest'
import { soldInvoiceEvent } from '../../local/payment-events.ts'
import { changeOf, planLine, price, sells, subscriber } from './plan-support.ts'
import { stripeAnswers } from './support.ts'

beforeAll(() => sells(price('price_pro', 2000), price('price_max', 20_000)))

/** A credit for this money of a line of the invoice `1`. */
const undo = (ada: { in(name: string): string }, amount: number) =>
  planLine({ price: 'price_pro', amount, proration: true, credits: [ada.in('1'), 'il_1'] })

/** What Stripe says of an invoice of which a credit note took off this much while it was open. */
const noted = (total: number, pre_payment_credit_notes_amount: number) => {
  const due = total - pre_payment_credit_notes_amount
  return { total, amount_due: due, amount_paid: due, pre_payment_credit_notes_amount }
}

describe('what a credit note takes off before an invoice is paid', () => {
  it.each([
    [0, 1000, '2000'],
    [500, 750, '1500'],
    [1999, 0, '1'],
    [2000, 0, undefined],
  ])('brings no credits: %i of 2000', async (off, credits, amount) => {
    const ada = await subscriber()
    await ada.paid('1', [planLine({ price: 'price_pro', amount: 2000 })], noted(2000, off))
    expect(await ada.left()).toBe(credits)
    expect((await ada.payments())[0]?.amount).toBe(amount)
  })

  it('of a change of plan does not lower what the change credits, because the credited line has paid its part', async () => {
    const ada = await subscriber()
    await ada.paid('1', [planLine({ id: 'il_1', price: 'price_pro', amount: 2000 })])
    const change = [undo(ada, -2000), planLine({ price: 'price_max', amount: 20_000, proration: true })]
    expect(await ada.paid('2', change, noted(18_000, 18_000))).toBe('applied')
    expect(await ada.entries()).toEqual(['plan_grant 1000', 'plan_change -1000', 'plan_grant 1000'])
  })

  it.each([0, 20])(
    'lowers what lines bring by its share of what is charged, with %i %% of tax on top',
    async (tax) => {
      const ada = await subscriber()
      const taxed = (amount: number) => (amount * (100 + tax)) / 100
      await ada.paid('1', [planLine({ id: 'il_1', price: 'price_pro', amount: 2000 })])
      const change = [undo(ada, -2000), planLine({ price: 'price_max', amount: 4000, proration: true })]
      // A quarter of what is charged.
      expect(await ada.paid('2', change, noted(taxed(2000), taxed(1000)))).toBe('applied')
      expect(await ada.entries()).toEqual(['plan_grant 1000', 'plan_change -1000', 'plan_grant 1500'])
    },
  )

  it('lowers it by the same share if the lines were read, and the event comes again', async () => {
    const ada = await subscriber()
    const data = [undo(ada, -2000), planLine({ price: 'price_max', amount: 4000, proration: true })]
    const lines = { object: 'list', data, has_more: false }
    await stripeAnswers({ [`GET /v1/invoices/${ada.in('2')}/lines`]: { body: lines } })
    // With 20 % of tax.
    const event = ada.invoice('2', data, {
      ...noted(2400, 1200),
      lines: { ...lines, data: [], has_more: true },
    })
    expect(await ada.told(event)).toBe('parked unknown_invoice')
    expect(await ada.told(event)).toBe('parked unknown_invoice')
    await ada.paid('1', [planLine({ id: 'il_1', price: 'price_pro', amount: 2000 })])
    expect(await ada.entries()).toEqual(['plan_grant 1000', 'plan_change -1000', 'plan_grant 1500'])
  })

  it('is known of an invoice that is read from Stripe, because another one credits it', async () => {
    const ada = await subscriber()
    const first = ada.invoice(
      '1',
      [planLine({ id: 'il_1', price: 'price_pro', amount: 2000 })],
      noted(2000, 1000),
    )
    const body = { ...first.data.object, status: 'paid' }
    await stripeAnswers({ [`GET /v1/invoices/${ada.in('1')}`]: { body } })
    await ada.paid('2', [undo(ada, -1000)])
    expect(await ada.entries()).toEqual(['plan_change -250'])
    await ada.told(first)
    expect(await ada.left()).toBe(250)
  })

  it('is taken from no later change: half of a period takes half of what the period has brought', async () => {
    const ada = await subscriber()
    await ada.paid('1', [planLine({ id: 'il_1', price: 'price_pro', amount: 2000 })], noted(2000, 1000))
    await ada.paid('2', [undo(ada, -1000)])
    expect(await ada.entries()).toEqual(['plan_grant 500', 'plan_change -250'])
  })

  it.each([0, 20])(
    'lowers a sale beside a change of plan by the same share, with %i %% of tax on top',
    async (tax) => {
      const [ada, rate] = [await subscriber(), (100 + tax) / 100]
      await ada.paid('1', [planLine({ id: 'il_1', price: 'price_pro', amount: 2000 })])
      const metadata = { user_id: ada.id, credits: '600' }
      const oneOff = { parent: null, billing_reason: 'manual', metadata, ...noted(1000 * rate, 500 * rate) }
      expect(await ada.paid('2', changeOf(ada, 2000), oneOff)).toBe('applied')
      expect((await ada.entries()).slice(1).toSorted()).toEqual([
        'plan_change -500',
        'plan_grant 750',
        'purchase 450',
      ])
    },
  )

  it.each([
    [500, 375, 'applied'],
    [2000, 0, 'ignored no_effect'],
  ])('of a one-off sale brings none either: %i of 2000', async (off, credits, outcome) => {
    const ada = await subscriber()
    const event = soldInvoiceEvent({ invoice: ada.in('1'), user: ada.id, credits: 500, amount: 2000 })
    Object.assign(event.data.object, { customer: ada.customer, ...noted(2000, off) })
    expect(await ada.told(event)).toBe(outcome)
    expect(await ada.left()).toBe(credits)
  })
})

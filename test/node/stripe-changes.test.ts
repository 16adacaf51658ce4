import Stripe from 'stripe'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import swapped from '../../local/fixtures/stripe-recorded-2025-11/invoice.swapped.json' with { type: 'json' }
import swappedWithReset from '../../local/fixtures/stripe-recorded-2025-11/invoice.swapped-with-reset.json' with {
  type: 'json',
}
import { recurringPrice } from '../../local/stripe/objects.ts'
import { type LocalStripe, startStripe } from '../../local/stripe/server.ts'

const KEY = 'sk_test_0123456789abcdef'

let local: LocalStripe
let stripe: Stripe

beforeAll(async () => {
  const prices = [
    recurringPrice('month', { unitAmount: 2000 }),
    recurringPrice('large', { unitAmount: 20_000 }),
    recurringPrice('year', { unitAmount: 20_000, interval: 'year' }),
  ]
  local = await startStripe({ port: 0, secretKey: KEY, prices })
  const host = { protocol: 'http', host: '127.0.0.1', port: local.port } as const
  stripe = new Stripe(KEY, { ...host, telemetry: false, maxNetworkRetries: 0 })
})
afterAll(() => local.stop())

interface Told {
  object: { id: string; subscription: string; status: string }
  events: { type: string; data: { object: Stripe.Invoice } }[]
}

async function act(path: string, body: object = {}): Promise<Told> {
  const response = await fetch(`${local.url}/test/${path}`, { method: 'POST', body: JSON.stringify(body) })
  if (!response.ok) throw new Error(await response.text())
  return (await response.json()) as Told
}

/** A customer who has just bought a month for 20.00. */
async function subscriber() {
  const { id: customer } = await stripe.customers.create({})
  const session = await stripe.checkout.sessions.create({
    customer,
    mode: 'subscription',
    success_url: 'https://app.example',
    line_items: [{ price: 'month', quantity: 1 }],
  })
  const { object } = await act(`sessions/${session.id}/pay`)
  const subscription = object.subscription
  return {
    change: async (body: object) => await act(`subscriptions/${subscription}/change`, body),
    happens: async (action: string) => await act(`subscriptions/${subscription}/${action}`),
    invoices: async () => (await stripe.invoices.list({ subscription })).data,
    balance: async () => ((await stripe.customers.retrieve(customer)) as Stripe.Customer).balance,
    current: () => stripe.subscriptions.retrieve(subscription),
  }
}

const amounts = (invoice?: Stripe.Invoice) => invoice?.lines.data.map(({ amount }) => amount)
const invoiceOf = ({ events }: Told) =>
  events.map(({ data }) => data.object).find(({ object }) => object === 'invoice') as Stripe.Invoice

/** Returns the members of a line that Ledgerhook reads, without ids, amounts and moments. */
function shape(line: unknown) {
  const { parent, pricing, discountable, quantity } = line as (typeof swapped.lines.data)[0]
  const { proration, proration_details } = parent.subscription_item_details
  return {
    type: parent.type,
    proration,
    discountable,
    quantity,
    credits: Object.keys(proration_details?.credited_items ?? {}),
    saysUnit: pricing.unit_amount_decimal !== null,
  }
}

describe('a change of plan at the local Stripe', () => {
  it('charges no more than a period, also where a renewal has begun one ahead of the clock', async () => {
    const { change, happens } = await subscriber()
    await happens('renew')
    const more = await change({ price: 'month', quantity: 2 })
    expect(amounts(invoiceOf(more))).toEqual([-2000, 4000])
    expect(amounts(invoiceOf(await happens('cancel-with-credit')))).toEqual([-4000])
  })

  it.each([
    ['now', swapped],
    ['reset', swappedWithReset],
  ])('billed at once (%s) has the lines that Stripe was recorded with', async (when, recorded) => {
    const ada = await subscriber()
    const invoice = invoiceOf(await ada.change({ price: 'year', when }))
    expect(amounts(invoice)).toEqual([-2000, 20_000])
    expect(invoice).toMatchObject({
      total: 18_000,
      amount_paid: 18_000,
      billing_reason: 'subscription_update',
    })
    expect(invoice.lines.data.map(shape)).toEqual(recorded.lines.data.map(shape))
    const [first] = (await ada.invoices()).toReversed()
    expect(
      invoice.lines.data[0]?.parent?.subscription_item_details?.proration_details?.credited_items,
    ).toEqual({
      invoice: first?.id,
      invoice_line_items: [first?.lines.data[0]?.id],
    })
  })

  it('for the next renewal waits for its invoice', async () => {
    const ada = await subscriber()
    const { events } = await ada.change({ price: 'large', when: 'next' })
    expect(events.map(({ type }) => type)).toEqual(['customer.subscription.updated'])
    expect(amounts(invoiceOf(await ada.happens('renew')))).toEqual([-2000, 20_000, 20_000])
  })

  it('that is declined stays open, and is paid or void later', async () => {
    const ada = await subscriber()
    const declined = await ada.change({ price: 'large', declined: true })
    expect(declined.events.map(({ type }) => type)).toEqual([
      'customer.subscription.updated',
      'invoice.payment_failed',
    ])
    const { id = '' } = invoiceOf(declined)
    expect(await ada.current()).toMatchObject({ status: 'past_due' })
    const paid = await act(`invoices/${id}/pay`)
    expect(paid.object).toMatchObject({ status: 'paid' })
    expect(paid.events.map(({ type }) => type)).toEqual([
      'invoice.paid',
      'invoice_payment.paid',
      'customer.subscription.updated',
    ])
    expect(await ada.current()).toMatchObject({ status: 'active' })
    const again = invoiceOf(await ada.change({ price: 'year', quantity: 2, declined: true }))
    expect((await act(`invoices/${again.id}/void`)).object).toMatchObject({ status: 'void' })
    expect(await stripe.invoices.listLineItems(again.id ?? '')).toMatchObject({ data: again.lines.data })
  })

  it('credits the balance of somebody who leaves, and the balance pays what comes next', async () => {
    const ada = await subscriber()
    const left = invoiceOf(await ada.happens('cancel-with-credit'))
    expect(left).toMatchObject({ total: -2000, amount_due: 0, status: 'paid', ending_balance: -2000 })
    expect(await ada.balance()).toBe(-2000)
    const bea = await subscriber()
    await bea.change({ price: 'large' })
    const down = invoiceOf(await bea.change({ price: 'month' }))
    expect(down).toMatchObject({ total: -18_000, amount_paid: 0 })
    expect(invoiceOf(await bea.happens('renew'))).toMatchObject({ total: 2000, amount_paid: 0 })
    expect(await bea.balance()).toBe(-16_000)
  })

  it('in the portal, to a cancellation, sets only the moment of the end, under flexible billing', async () => {
    const ada = await subscriber()
    await ada.happens('cancel-in-portal')
    expect(await ada.current()).toMatchObject({
      cancel_at_period_end: false,
      cancel_at: expect.any(Number),
      billing_mode: { type: 'flexible' },
    })
    expect((await ada.happens('renew')).events.map(({ type }) => type)).toEqual([
      'customer.subscription.deleted',
    ])
  })
})

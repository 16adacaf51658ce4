import Stripe from 'stripe'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LocalStripe, startStripe } from '../../local/stripe/server.ts'

const KEY = 'sk_test_0123456789abcdef'

let local: LocalStripe
let stripe: Stripe

beforeAll(async () => {
  local = await startStripe({ port: 0, secretKey: KEY })
  const { port } = local
  stripe = new Stripe(KEY, {
    protocol: 'http',
    host: '127.0.0.1',
    port,
    telemetry: false,
    maxNetworkRetries: 0,
  })
})
afterAll(() => local.stop())

interface Told {
  object: Record<string, unknown> & { id: string }
  events: Stripe.Event[]
}
async function act(path: string, body: object = {}): Promise<Told> {
  const response = await fetch(`${local.url}/test/${path}`, { method: 'POST', body: JSON.stringify(body) })
  if (!response.ok) throw new Error(await response.text())
  return (await response.json()) as Told
}
const refused = async (path: string, body: unknown) => {
  const response = await fetch(`${local.url}/test/${path}`, { method: 'POST', body: JSON.stringify(body) })
  const { error } = (await response.json()) as { error: { type: string; message: string } }
  expect([path, response.status, error.type]).toEqual([path, 400, 'invalid_request_error'])
  return error.message
}
const said = ({ events }: Told) => events.map(({ type }) => type)

/** A payment of 10.00 USD. */
async function paid() {
  const session = await stripe.checkout.sessions.create({
    mode: 'payment',
    success_url: 'https://app.example/success',
    line_items: [
      {
        price_data: { currency: 'usd', unit_amount: 1000, product_data: { name: '500 credits' } },
        quantity: 1,
      },
    ],
  })
  const { object } = await act(`sessions/${session.id}/pay`)
  const intent = String(object.payment_intent)
  const all = (await (await fetch(`${local.url}/test/charges`)).json()) as Stripe.Charge[]
  const charge = all.find(({ payment_intent }) => payment_intent === intent)?.id ?? ''
  return { intent, charge }
}

describe('a charge', () => {
  it('says what it brought where that is expanded, also in another settlement currency', async () => {
    const { charge, intent } = await paid()
    expect(await stripe.charges.retrieve(charge)).toMatchObject({
      id: charge,
      payment_intent: intent,
      amount: 1000,
      currency: 'usd',
      balance_transaction: expect.stringMatching(/^txn_/),
    })
    await act(`charges/${charge}/settle`, { amount: 920, currency: 'eur' })
    const { balance_transaction } = await stripe.charges.retrieve(charge, { expand: ['balance_transaction'] })
    expect(balance_transaction).toMatchObject({ amount: 920, currency: 'eur', type: 'charge' })
  })

  it('that is not there is missing', async () => {
    const missing = { code: 'resource_missing', statusCode: 404, param: 'id' }
    await expect(stripe.charges.retrieve('ch_none')).rejects.toMatchObject(missing)
  })
})

describe('a refund', () => {
  it('is reported, counted in its charge, listed, and not counted any more once it fails', async () => {
    const { charge, intent } = await paid()
    const { id } = await stripe.refunds.create({ payment_intent: intent, amount: 300 })
    await stripe.refunds.create({ charge, amount: 200 })
    expect(await stripe.charges.retrieve(charge)).toMatchObject({ amount_refunded: 500, refunded: false })
    const failed = await act(`refunds/${id}/fail`)
    expect(said(failed)).toEqual(['refund.failed'])
    expect(await stripe.charges.retrieve(charge)).toMatchObject({ amount_refunded: 200 })
    const { data, has_more } = await stripe.refunds.list({ payment_intent: intent, limit: 1 })
    expect([data.map(({ amount, status }) => [amount, status]), has_more]).toEqual([
      [[200, 'succeeded']],
      true,
    ])
    const all = await stripe.refunds.list({ charge, limit: 1 }).autoPagingToArray({ limit: 10 })
    expect(all.map(({ amount, status }) => [amount, status])).toEqual([
      [200, 'succeeded'],
      [300, 'failed'],
    ])
  })

  it('of more than is left, is refused', async () => {
    const { intent } = await paid()
    const { refunds } = stripe
    await expect(refunds.create({ payment_intent: intent, amount: 1001 })).rejects.toMatchObject({
      statusCode: 400,
      param: 'amount',
    })
  })
})

describe('what Stripe refuses is refused under /test too, and named', () => {
  it.each([
    ['prices/price_1/create', { unit_amount: -4 }, /^unit_amount: /],
    ['prices/price_1/create', { unit_amount: 1e40 }, /^unit_amount: /],
    ['prices/price_1/create', { interval: 'eon' }, /^interval: .*"month"/],
    ['prices/price_1/create', { type: 'foo' }, /^type: .*"one_time"/],
    ['prices/price_1/create', { type: 'one_time', interval: 'year' }, /paid once has no interval/],
    ['prices/price_1/create', { currency: 'Dollars' }, /^currency: /],
    ['prices/price_1/create', { price: 5 }, /"price"/],
    ['payment_intents/new/pay', {}, /^amount is required$/],
    ['payment_intents/new/pay', { amount: 5, deliver: 'no' }, /^deliver: /],
    ['payment_intents/new/pay', [], /^the body: /],
    ['payment_intents/new/pay', null, /^the body: /],
  ])('%s %j', async (path, body, message) => {
    expect(await refused(path, body)).toMatch(message)
  })

  it.each([
    ['dispute', { amount: 0 }, /^amount: /],
    ['dispute', { amount: 1001 }, /greater than .*charge \(1000\)/],
    ['dispute', { currency: 5 }, /^currency: /],
    ['dispute', { withdrawn: -1 }, /^withdrawn: /],
    ['settle', {}, /^amount is required$/],
    ['settle', { amount: 920 }, /^currency is required$/],
    ['settle', { amount: -920, currency: 'eur' }, /^amount: /],
    ['refund', { amount: -1 }, /^amount: /],
    ['refund', { amount: 'all' }, /^amount: /],
  ])('of a charge: %s %j', async (action, body, message) => {
    const { charge } = await paid()
    const before = await stripe.charges.retrieve(charge)
    expect(await refused(`charges/${charge}/${action}`, body)).toMatch(message)
    expect(await stripe.charges.retrieve(charge)).toEqual(before)
  })

  it('what a buyer chooses, and what a dispute brings back', async () => {
    const { charge } = await paid()
    const { object: dispute } = await act(`charges/${charge}/dispute`)
    expect(await refused(`disputes/${dispute.id}/reinstate`, { amount: 0 })).toMatch(/^amount: /)
    expect(await refused(`disputes/${dispute.id}/win`, { amount: '5' })).toMatch(/^amount: /)
    expect((await stripe.disputes.retrieve(dispute.id)).status).toBe('needs_response')
    const line_items = [{ price: 'price_own', quantity: 1 }]
    await act('prices/price_own/create', { type: 'one_time', currency: 'eur', unit_amount: 700 })
    const session = await stripe.checkout.sessions.create({
      mode: 'payment',
      success_url: 'https://app.example/',
      line_items,
    })
    expect(session).toMatchObject({ currency: 'eur', amount_total: 700 })
    expect(await refused(`sessions/${session.id}/pay`, { discount: -1 })).toMatch(/^discount: /)
  })
})

describe('a dispute', () => {
  it('moves money in the settlement currency of the charge, whatever its own', async () => {
    const { charge } = await paid()
    await act(`charges/${charge}/settle`, { amount: 920, currency: 'eur' })
    const opened = await act(`charges/${charge}/dispute`, { currency: 'gbp', amount: 790, withdrawn: 931 })
    expect(said(opened)).toEqual(['charge.dispute.created', 'charge.dispute.funds_withdrawn'])
    const moves = opened.events.map(({ data }) =>
      (data.object as Stripe.Dispute).balance_transactions.map(({ amount }) => amount),
    )
    expect(moves).toEqual([[], [-931]])
    const { id } = opened.object
    expect(said(await act(`disputes/${id}/lose`))).toEqual(['charge.dispute.closed'])
    expect(said(await act(`disputes/${id}/reinstate`, { amount: 370 }))).toEqual([
      'charge.dispute.funds_reinstated',
    ])
    expect(await stripe.disputes.retrieve(id)).toMatchObject({
      status: 'lost',
      amount: 790,
      currency: 'gbp',
      balance_transactions: [
        { amount: -931, currency: 'eur' },
        { amount: 370, currency: 'eur' },
      ],
    })
  })

  it('that is won brings everything back', async () => {
    const { charge } = await paid()
    const { object } = await act(`charges/${charge}/dispute`)
    expect(said(await act(`disputes/${object.id}/win`))).toEqual([
      'charge.dispute.closed',
      'charge.dispute.funds_reinstated',
    ])
    await expect(act(`disputes/${object.id}/reinstate`)).rejects.toThrow('No money')
  })
})

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import Stripe from 'stripe'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { recurringPrice } from '../../local/stripe/objects.ts'
import { type LocalStripe, startStripe } from '../../local/stripe/server.ts'

const KEY = 'sk_test_0123456789abcdef'
const DAY_S = 24 * 60 * 60
const now = () => Math.floor(Date.now() / 1000)

let local: LocalStripe
let stripe: Stripe

beforeAll(async () => {
  local = await startLocal()
  stripe = client(local)
})
afterAll(() => local.stop())

const startLocal = (webhookUrl?: string) =>
  startStripe({
    port: 0,
    secretKey: KEY,
    webhookUrl,
    webhookSecret: 'whsec_of_the_first_endpoint',
    prices: [recurringPrice('price_pro', { lookupKey: 'pro' }), recurringPrice('price_max')],
  })
const client = ({ port }: LocalStripe) =>
  new Stripe(KEY, { protocol: 'http', host: '127.0.0.1', port, telemetry: false, maxNetworkRetries: 0 })

async function act(path: string, body: object = {}, { url } = local) {
  const response = await fetch(`${url}/test/${path}`, { method: 'POST', body: JSON.stringify(body) })
  if (!response.ok) throw new Error(await response.text())
  return await response.json()
}
const ids = ({ data }: { data: { id: string }[] }) => data.map(({ id }) => id)
/** Starts a local Stripe for one test with only these objects. */
async function seeded(objects: Record<string, object[]>) {
  const own = await startLocal()
  onTestFinished(() => own.stop())
  await act('seed', objects, own)
  return client(own)
}
const numbered = (prefix: string, count: number, members: object = {}) =>
  Array.from({ length: count }, (_, index) => ({
    id: `${prefix}_${String(index).padStart(3, '0')}`,
    created: 1_700_000_000 + index,
    ...members,
  }))

describe('a list', () => {
  it('has 10 objects, the newest first, and says whether there are more', async () => {
    const own = await seeded({ sessions: numbered('cs', 25) })
    const page = await own.checkout.sessions.list()
    expect(page).toMatchObject({ object: 'list', url: '/v1/checkout/sessions', has_more: true })
    expect([page.data.length, page.data[0]?.id]).toEqual([10, 'cs_024'])
    const last = await own.checkout.sessions.list({ limit: 100 })
    expect([last.data.length, last.has_more]).toEqual([25, false])
  })

  it('goes on after an object, and before one, and reaches each of them once', async () => {
    const own = await seeded({ refunds: numbered('re', 250, { object: 'refund' }) })
    const all = await own.refunds.list({ limit: 100 }).autoPagingToArray({ limit: 1000 })
    expect(new Set(all.map(({ id }) => id)).size).toBe(250)
    expect(all.map(({ created }) => created)).toEqual(all.map(({ created }) => created).sort((a, b) => b - a))
    const after = await own.refunds.list({ limit: 2, starting_after: 're_100' })
    expect(ids(after)).toEqual(['re_099', 're_098'])
    const before = await own.refunds.list({ limit: 2, ending_before: 're_100' })
    expect(ids(before)).toEqual(['re_102', 're_101'])
  })

  it('keeps its cursor when new objects come', async () => {
    const own = await startLocal()
    onTestFinished(() => own.stop())
    await act('seed', { refunds: numbered('re', 20) }, own)
    const first = await client(own).refunds.list({ limit: 10 })
    await act('seed', { refunds: [{ id: 're_new', created: 1_800_000_000 }] }, own)
    const next = await client(own).refunds.list({ limit: 10, starting_after: first.data.at(-1)?.id ?? '' })
    expect(ids(next)).toEqual(ids({ data: numbered('re', 10) }).reverse())
  })

  it('refuses more than 100 a page, a cursor that nobody knows, and what it would not apply', async () => {
    await expect(stripe.refunds.list({ limit: 101 })).rejects.toMatchObject({ param: 'limit' })
    await expect(stripe.refunds.list({ starting_after: 're_gone' })).rejects.toMatchObject({
      code: 'resource_missing',
      param: 'starting_after',
    })
    const unknown = { colour: 'red' } as Stripe.RefundListParams
    await expect(stripe.refunds.list(unknown)).rejects.toMatchObject({ code: 'parameter_unknown' })
  })

  it('is narrowed down by created, with and without its ends', async () => {
    const own = await seeded({ disputes: numbered('dp', 10) })
    const at = 1_700_000_000
    expect(ids(await own.disputes.list({ created: { gte: at + 3, lt: at + 5 } }))).toEqual([
      'dp_004',
      'dp_003',
    ])
    expect(ids(await own.disputes.list({ created: { gt: at + 3, lte: at + 5 } }))).toEqual([
      'dp_005',
      'dp_004',
    ])
    expect(ids(await own.disputes.list({ created: at + 7 }))).toEqual(['dp_007'])
  })

  it.each([
    ['payment_intent', { refunds: [{ id: 're_1', payment_intent: 'pi_1' }, { id: 're_2' }] }],
    ['customer', { paymentIntents: [{ id: 'pi_1', customer: 'cus_1' }, { id: 'pi_2' }] }],
    [
      'charge',
      {
        disputes: [
          { id: 'dp_1', charge: 'ch_1' },
          { id: 'dp_2', charge: 'ch_2' },
        ],
      },
    ],
  ])('is narrowed down by %s', async (name, objects) => {
    const own = await seeded(objects)
    const value = { payment_intent: 'pi_1', customer: 'cus_1', charge: 'ch_1' }[name]
    const [kind] = Object.keys(objects)
    const listed = {
      refunds: own.refunds,
      paymentIntents: own.paymentIntents,
      disputes: own.disputes,
    }[kind as 'refunds']
    expect((await listed.list({ [name]: value })).data).toHaveLength(1)
  })
})

describe('lists of what was bought', () => {
  let customer = ''
  let session: Stripe.Checkout.Session
  let subscribed: Stripe.Checkout.Session

  beforeAll(async () => {
    customer = (await stripe.customers.create({ email: 'ada@example.com' })).id
    const data = { currency: 'usd', unit_amount: 500, product_data: { name: '500 credits' } }
    const open = await stripe.checkout.sessions.create({
      mode: 'payment',
      customer,
      success_url: 'https://app.example',
      line_items: [{ price_data: data, quantity: 1 }],
    })
    session = (await act(`sessions/${open.id}/pay`)).object
    const plan = await stripe.checkout.sessions.create({
      mode: 'subscription',
      customer,
      success_url: 'https://app.example',
      line_items: [{ price: 'price_pro', quantity: 1 }],
    })
    subscribed = (await act(`sessions/${plan.id}/pay`)).object
  })

  it('find sessions by status, payment intent, subscription and customer', async () => {
    const { sessions } = stripe.checkout
    expect(ids(await sessions.list({ status: 'complete' }))).toEqual([subscribed.id, session.id])
    expect(ids(await sessions.list({ payment_intent: String(session.payment_intent) }))).toEqual([session.id])
    expect(ids(await sessions.list({ subscription: String(subscribed.subscription) }))).toEqual([
      subscribed.id,
    ])
    expect(ids(await sessions.list({ customer: 'cus_other' }))).toEqual([])
  })

  it('find invoices and their payments, and what was charged', async () => {
    const subscription = String(subscribed.subscription)
    const [invoice] = (await stripe.invoices.list({ subscription, status: 'paid' })).data
    expect(invoice?.id).toBe(subscribed.invoice)
    const [payment] = (await stripe.invoicePayments.list({ invoice: invoice?.id ?? '' })).data
    const intent = String(payment?.payment.payment_intent)
    expect(
      ids(await stripe.invoicePayments.list({ payment: { type: 'payment_intent', payment_intent: intent } })),
    ).toEqual([payment?.id])
    expect(ids(await stripe.paymentIntents.list({ customer }))).toContain(intent)
    expect(await stripe.paymentIntents.retrieve(intent)).toMatchObject({ id: intent, status: 'succeeded' })
    expect(await stripe.invoices.retrieve(invoice?.id ?? '')).toMatchObject({ id: invoice?.id })
    await expect(stripe.invoices.retrieve('in_gone')).rejects.toMatchObject({ statusCode: 404 })
  })

  it('find refunds, disputes and charges by payment intent and charge', async () => {
    const payment_intent = String(session.payment_intent)
    const refund = await stripe.refunds.create({ payment_intent, amount: 100 })
    const charge = String(refund.charge)
    const { object: dispute } = await act(`charges/${charge}/dispute`, {})
    for (const by of [{ payment_intent }, { charge }]) {
      expect(ids(await stripe.refunds.list(by))).toEqual([refund.id])
      expect(ids(await stripe.disputes.list(by))).toEqual([dispute.id])
    }
    expect(ids(await stripe.charges.list({ payment_intent }))).toEqual([charge])
    expect(ids(await stripe.refunds.list({ payment_intent: 'pi_other' }))).toEqual([])
  })

  it('hide subscriptions that have ended, and customers that were deleted', async () => {
    const id = String(subscribed.subscription)
    expect(ids(await stripe.subscriptions.list({ price: 'price_pro' }))).toEqual([id])
    await act(`subscriptions/${id}/end`)
    expect(ids(await stripe.subscriptions.list({ customer }))).toEqual([])
    for (const status of ['all', 'canceled', 'ended'] as const)
      expect(ids(await stripe.subscriptions.list({ customer, status }))).toEqual([id])
    expect(ids(await stripe.customers.list({ email: 'ada@example.com' }))).toEqual([customer])
    await act(`customers/${customer}/delete`)
    expect(ids(await stripe.customers.list({ email: 'ada@example.com' }))).toEqual([])
    expect((await stripe.customers.list({ limit: 100 })).data.map(({ id }) => id)).not.toContain(customer)
  })
})

describe('the catalog', () => {
  it('has prices, found by lookup key, and the products that they are of', async () => {
    expect(ids(await stripe.prices.list({ lookup_keys: ['pro'] }))).toEqual(['price_pro'])
    const price = await stripe.prices.retrieve('price_max')
    expect(price).toMatchObject({ active: true, unit_amount: 2000, type: 'recurring' })
    expect(await stripe.products.retrieve(String(price.product))).toMatchObject({
      object: 'product',
      active: true,
    })
    expect(ids(await stripe.prices.list({ product: String(price.product), active: true }))).toHaveLength(2)
  })

  it('has the product of a price that is added, too', async () => {
    const own = await seeded({ prices: [{ id: 'price_new', object: 'price', product: 'prod_new' }] })
    expect(await own.products.retrieve('prod_new')).toMatchObject({ id: 'prod_new', object: 'product' })
  })

  it('has an account, and a customer portal whose settings were saved', async () => {
    expect(await stripe.accounts.retrieveCurrent()).toMatchObject({
      id: expect.stringMatching(/^acct_/),
      object: 'account',
    })
    const [saved] = (await stripe.billingPortal.configurations.list({ active: true })).data
    expect(saved).toMatchObject({ is_default: true })
  })
})

describe('events', () => {
  it('are listed by type and moment, for 30 days, and by whether every endpoint accepted them', async () => {
    const own = await startLocal('http://127.0.0.1:9/nobody')
    onTestFinished(() => own.stop())
    const mine = client(own)
    const old = { id: 'evt_old', type: 'invoice.paid', created: now() - 31 * DAY_S }
    const recent = { id: 'evt_recent', type: 'invoice.paid', created: now() - 29 * DAY_S }
    await act('seed', { events: [old, recent] }, own)
    const { id } = await mine.customers.create({})
    const { events } = await act(`customers/${id}/delete`, {}, own)
    expect(ids(await mine.events.list({}))).toEqual([events[0].id, 'evt_recent'])
    expect(ids(await mine.events.list({ types: ['invoice.paid', 'invoice.voided'] }))).toEqual(['evt_recent'])
    expect(ids(await mine.events.list({ type: 'customer.deleted' }))).toEqual([events[0].id])
    expect(ids(await mine.events.list({ created: { gte: now() - DAY_S } }))).toEqual([events[0].id])
    expect(ids(await mine.events.list({ delivery_success: false }))).toHaveLength(2)
    await expect(mine.events.list({ types: Array(21).fill('invoice.paid') })).rejects.toMatchObject({
      param: 'types',
    })
    expect(await mine.events.retrieve(events[0].id)).toMatchObject({ type: 'customer.deleted' })
  })
})

describe('webhook endpoints', () => {
  it('take what they subscribe to, each signed with its own secret', async () => {
    const taken: { to: string; type: string }[] = []
    let secret = ''
    const server = createServer(async (request, response) => {
      const to = request.url ?? ''
      const signature = request.headers['stripe-signature'] ?? ''
      const used = to === '/first' ? 'whsec_of_the_first_endpoint' : secret
      taken.push({ to, type: Stripe.webhooks.constructEvent(await text(request), signature, used).type })
      response.end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const own = await startLocal(`${url}/first`)
    onTestFinished(async () => {
      await own.stop()
      server.close()
    })
    const { webhookEndpoints, customers, events } = client(own)
    const [first] = (await webhookEndpoints.list()).data
    expect(first).toMatchObject({ url: `${url}/first`, enabled_events: ['*'], status: 'enabled' })
    const made = await webhookEndpoints.create({
      url: `${url}/second`,
      enabled_events: ['customer.deleted'],
      api_version: Stripe.API_VERSION,
    })
    secret = made.secret ?? ''
    expect(secret).toMatch(/^whsec_/)
    expect(await webhookEndpoints.retrieve(made.id)).not.toHaveProperty('secret')

    const remove = async () => act(`customers/${(await customers.create({})).id}/delete`, {}, own)
    await remove()
    expect(taken.map(({ to }) => to)).toEqual(['/first', '/second'])
    expect(ids(await events.list({ delivery_success: true }))).toHaveLength(1)
    await webhookEndpoints.update(first?.id ?? '', { enabled_events: ['invoice.paid'] })
    await webhookEndpoints.update(made.id, { disabled: true })
    await remove()
    expect(taken).toHaveLength(2)
    expect((await webhookEndpoints.retrieve(made.id)).status).toBe('disabled')
  })

  it('have thin destinations beside them, which the API of the second generation lists', async () => {
    const { id } = await act('destinations', { url: 'https://app.example/hook', event_payload: 'thin' })
    const listed = await stripe.v2.core.eventDestinations.list({ include: ['webhook_endpoint.url'] })
    expect(listed.data).toMatchObject([
      { id, event_payload: 'thin', webhook_endpoint: { url: 'https://app.example/hook' } },
    ])
    expect(ids(await stripe.webhookEndpoints.list())).not.toContain(id)
  })
})

describe('limits', () => {
  it('are said with how long to wait, and end', async () => {
    await act('limit', { requests: 1, per_ms: 60_000 })
    await stripe.refunds.list()
    const refused = await stripe.refunds.list().catch((error: Stripe.errors.StripeError) => error)
    expect(refused).toMatchObject({
      statusCode: 429,
      headers: { 'retry-after': expect.stringMatching(/^[1-9]/) },
    })
    await act('limit')
    await stripe.refunds.list()
  })

  it('of a restricted key are 403', async () => {
    await act('permissions', { denied: ['GET /v1/refunds'] })
    await expect(stripe.refunds.list()).rejects.toMatchObject({ statusCode: 403 })
    await stripe.disputes.list()
    await act('permissions', { denied: [] })
    await stripe.refunds.list()
  })

  it('of a clock: `Date` and `created` are of Stripe’s', async () => {
    await act('clock', { skew_ms: 3_600_000 })
    const made = await stripe.customers.create({})
    await act('clock', { skew_ms: 0 })
    expect(made.created).toBeGreaterThan(now() + 3_500)
    expect(Date.parse(made.lastResponse.headers.date ?? '')).toBeGreaterThan(Date.now() + 3_500_000)
  })
})

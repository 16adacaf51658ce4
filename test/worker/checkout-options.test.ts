import { describe, expect, it } from 'vitest'
import { reversalEvent } from '../../local/reversal-events.ts'
import { atStripe, checkout, received } from './checkout-support.ts'
import { signedUp } from './people.ts'
import { balance, deliver, request, stripeUrl } from './support.ts'

const SESSIONS = '/v1/checkout/sessions'
const pack = { credits: 500, amount: 1000, currency: 'usd', name: '500 credits' }

/** Returns the request to Stripe when this user buys a pack with these options. */
async function sold(set: object, body: object = { pack: 'starter' }) {
  const id = await signedUp()
  const reply = await checkout(id, body, { CREDIT_PACKS: JSON.stringify({ starter: { ...pack, ...set } }) })
  const [call] = await received(id, SESSIONS)
  return { id, reply, session: String(reply.body.id), params: call?.params }
}

const planned = async (plans: object, plan: string) => {
  const id = await signedUp()
  const reply = await checkout(id, { plan }, { PLANS: JSON.stringify(plans) })
  const [call] = await received(id, SESSIONS)
  return { id, reply, params: call?.params }
}

describe('what a pack asks of Checkout', () => {
  it('reaches Stripe, with what an existing customer needs, and ours stays as it is', async () => {
    const checkout = { automatic_tax: true, tax_id_collection: true, allow_promotion_codes: true }
    const { id, reply, params } = await sold({ checkout })
    expect(reply.status).toBe(200)
    expect(params).toMatchObject({
      automatic_tax: { enabled: 'true' },
      tax_id_collection: { enabled: 'true' },
      allow_promotion_codes: 'true',
      customer_update: { address: 'auto', name: 'auto' },
      client_reference_id: id,
      metadata: { user_id: id, credits: '500' },
    })
  })

  it('set to false, or not set, is not asked', async () => {
    const { params } = await sold({ checkout: { automatic_tax: false, allow_promotion_codes: false } })
    for (const option of ['automatic_tax', 'allow_promotion_codes', 'customer_update'])
      expect(params).not.toHaveProperty(option)
  })

  it('a quantity is paid, and credited, that many times', async () => {
    const { id, session } = await sold({ checkout: { quantity: 3 } })
    const { events, object } = await atStripe(`sessions/${session}/pay`)
    expect(object.amount_total).toBe(3000)
    for (const event of events) await deliver('stripe', event)
    expect(await balance(id)).toBe(1540)
  })

  // The example of docs/money.md: 500 credits for 10.00 USD.
  it.each([
    ['a promotion code', { allow_promotion_codes: true }, { discount: 250 }, 750, 375, 250],
    ['tax', { automatic_tax: true }, { tax: 190 }, 1190, 500, 210],
    [
      'a promotion code and tax',
      { allow_promotion_codes: true, automatic_tax: true },
      { discount: 250, tax: 143 },
      893,
      893,
      500,
    ],
  ])(
    '%s changes what is paid and no credits; a refund takes its share of what was paid',
    async (_what, checkout, choices, paid, refunded, taken) => {
      const { id, session } = await sold({ checkout })
      const { events, object } = await atStripe(`sessions/${session}/pay`, choices)
      expect(object.amount_total).toBe(paid)
      for (const event of events) await deliver('stripe', event)
      expect(await balance(id)).toBe(540)
      const payment = String(object.payment_intent)
      await deliver('stripe', reversalEvent('refund.created', { payment, amount: refunded }))
      expect(await balance(id)).toBe(540 - taken)
    },
  )

  it('a promotion code for all of it leaves nothing to pay, and nothing to refund', async () => {
    const { id, session } = await sold({ checkout: { allow_promotion_codes: true } })
    const { events, object } = await atStripe(`sessions/${session}/pay`, { discount: 1000 })
    expect(object).toMatchObject({
      amount_total: 0,
      payment_intent: null,
      payment_status: 'no_payment_required',
    })
    for (const event of events) await deliver('stripe', event)
    expect(await balance(id)).toBe(540)
  })
})

describe('a pack by a Stripe price', () => {
  it('is sold by it', async () => {
    await atStripe('prices/price_pack/create', { unit_amount: 900, type: 'one_time' })
    const { params, reply } = await sold({ amount: undefined, currency: undefined, price: 'price_pack' })
    expect(reply.status).toBe(200)
    expect(params).toMatchObject({
      line_items: [{ price: 'price_pack', quantity: '1' }],
      metadata: { credits: '500' },
    })
  })

  it('that Stripe does not have is misconfigured', async () => {
    const { reply } = await sold({ amount: undefined, currency: undefined, price: 'price_nowhere' })
    expect(reply).toMatchObject({ status: 500, body: { error: 'misconfigured' } })
  })
})

describe('what a plan asks of Checkout', () => {
  it('also trial days and a quantity that the buyer may change', async () => {
    const { reply, params } = await planned(
      {
        price_pro: {
          key: 'pro',
          checkout: { trial_period_days: 14, adjustable_quantity: { minimum: 1, maximum: 9 }, quantity: 2 },
        },
      },
      'pro',
    )
    expect(reply.status).toBe(200)
    expect(params).toMatchObject({
      subscription_data: { trial_period_days: '14' },
      line_items: [
        {
          price: 'price_pro',
          quantity: '2',
          adjustable_quantity: { enabled: 'true', minimum: '1', maximum: '9' },
        },
      ],
    })
  })

  it.each(['prod_1', 'pro_monthly'])(
    'named by %s is sold by its price, and not without one',
    async (name) => {
      const { params } = await planned({ [name]: { key: 'pro', price: 'price_pro' } }, 'pro')
      expect(params).toMatchObject({ line_items: [{ price: 'price_pro' }] })
      const { reply } = await planned({ [name]: { key: 'pro' } }, 'pro')
      expect(reply).toMatchObject({
        status: 400,
        body: { fields: { plan: ['is not sold: it names no `price` in `PLANS`'] } },
      })
    },
  )
})

describe('refused at the start', () => {
  const packs = (set: object) => ({ CREDIT_PACKS: JSON.stringify({ starter: { ...pack, ...set } }) })
  const plans = (set: object) => ({ PLANS: JSON.stringify({ price_pro: { key: 'pro', ...set } }) })
  const priced = { amount: undefined, currency: undefined, price: 'price_pack' }

  it.each<[string, Record<string, string>]>([
    ['an option that nobody knows', packs({ checkout: { success_url: 'https://evil.example' } })],
    ['metadata', packs({ checkout: { metadata: { user_id: 'user_1' } } })],
    ['a trial of a pack', packs({ checkout: { trial_period_days: 14 } })],
    ['a trial of no days', plans({ checkout: { trial_period_days: 0 } })],
    ['an option as text', packs({ checkout: { automatic_tax: 'true' } })],
    [
      'a quantity of a pack without a price that the buyer changes',
      packs({
        checkout: { adjustable_quantity: { minimum: 1, maximum: 5 } },
      }),
    ],
    [
      'a quantity beyond what the buyer may choose',
      plans({
        checkout: { quantity: 9, adjustable_quantity: { minimum: 1, maximum: 5 } },
      }),
    ],
    ['a pack with both a price and an amount', packs({ price: 'price_pack' })],
    ['a pack with neither', packs({ amount: undefined })],
    ['a product as a price', packs({ ...priced, price: 'prod_1' })],
    ['more credits than a payment may bring', packs({ credits: 10 ** 12, checkout: { quantity: 2 } })],
    [
      'one price in two packs',
      {
        CREDIT_PACKS: JSON.stringify({
          a: { credits: 5, price: 'price_pack' },
          b: { credits: 9, price: 'price_pack' },
        }),
      },
    ],
  ])('%s', async (_what, env) => {
    const response = await request('/api/me', {}, { ...env, STRIPE_API_BASE: stripeUrl })
    expect([response.status, await response.json()]).toEqual([500, { error: 'misconfigured' }])
  })
})

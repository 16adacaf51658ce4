import { describe, expect, it } from 'vitest'
import { billingEvent } from '../../local/billing-events.ts'
import { checkoutEvent, randomId } from '../../local/events.ts'
import {
  paymentIntentEvent,
  paymentIntentEventOf2020,
  soldInvoiceEvent,
  soldInvoiceEventOf2020,
} from '../../local/payment-events.ts'
import { reversalEvent } from '../../local/reversal-events.ts'
import { customerOf, leave, signedUp, signUp } from './people.ts'
import {
  balance,
  counted,
  deliver,
  eventRow,
  ledger,
  query,
  runScheduled,
  said,
  stripeAnswers,
  stripeCalls,
} from './support.ts'

const list = (...data: object[]) => ({ body: { object: 'list', data, has_more: false, url: '/v1' } })

/** Stripe's responses about a PaymentIntent: the invoice that it paid, and the Checkout Session that created it. */
const stripeKnows = (payment: string, { invoice, session }: { invoice?: string; session?: object } = {}) =>
  stripeAnswers({
    [`GET /v1/invoice_payments?payment[payment_intent]=${payment}`]: list(
      ...(invoice ? [{ id: `inpay_${payment}`, object: 'invoice_payment', invoice, status: 'paid' }] : []),
    ),
    [`GET /v1/checkout/sessions?payment_intent=${payment}`]: list(...(session ? [session] : [])),
  })

const paidBy = (invoice: string, payment: string) =>
  billingEvent('invoice_payment.paid', { invoice, payment: { payment_intent: payment } })
const refundOf = (payment: string, amount: number) =>
  reversalEvent('refund.created', { payment, amount, set: { currency: 'usd' } })

async function buyer() {
  const user = await signedUp()
  return { user, payment: `pi_${user}`, invoice: `in_${user}`, customer: `cus_${user}` }
}
const sales = async (user: string) =>
  (await query('select stripe_payment_id from payments where user_id = $1 order by 1', [user])).map(
    ({ stripe_payment_id }) => stripe_payment_id,
  )

describe('a PaymentIntent that was made without Checkout', () => {
  it('is credited once, after Stripe was asked whether it paid an invoice, and its customer becomes the user’s', async () => {
    const { user, payment, customer } = await buyer()
    await stripeKnows(payment)
    const event = paymentIntentEvent({ payment, user, customer, amount: 900 })
    expect(await deliver('stripe', event)).toMatchObject({
      type: 'payment_intent.succeeded',
      outcome: 'applied',
      reason: null,
    })
    expect(said(await deliver('stripe', event))).toBe('duplicate already_processed')
    const again = { ...event, id: randomId('evt') }
    expect(said(await deliver('stripe', again))).toBe('duplicate payment_already_credited')
    expect(await balance(user)).toBe(540)
    expect(await customerOf(user)).toBe(customer)
    expect((await ledger(user))[1]).toMatchObject({
      kind: 'purchase',
      idempotency_key: `purchase:${payment}`,
    })
    const [sale] = await query('select * from payments where user_id = $1', [user])
    expect(sale).toMatchObject({ amount: '900', currency: 'usd', stripe_charge_id: `ch_${payment}` })
  })

  it('is credited at its capture if it names the credits and its session, which is never paid, does not', async () => {
    const { user, payment } = await buyer()
    await stripeKnows(payment)
    const session = { payment_status: 'unpaid', amount_total: 1000, metadata: {} }
    const completed = checkoutEvent('checkout.session.completed', { user, payment, session })
    expect((await deliver('stripe', completed)).outcome).toBe('ignored')
    expect(await balance(user)).toBe(40)
    // Half of what was authorized.
    const captured = paymentIntentEvent({ payment, user, amount: 1000, set: { amount_received: 500 } })
    expect(said(await deliver('stripe', captured))).toBe('applied')
    expect(await balance(user)).toBe(540)
    await deliver('stripe', refundOf(payment, 500))
    expect(await balance(user)).toBe(40)
  })

  it('until 2025-03-31 says itself that it paid no invoice: one request, and nothing is asked', async () => {
    const { user, payment } = await buyer()
    const event = paymentIntentEventOf2020({ payment, user })
    const { result, requests, statements } = await counted(() => deliver('stripe', event))
    expect([said(result), requests, statements]).toEqual(['applied', 1, 1])
    expect(await sales(user)).toEqual([payment])
  })

  it('until 2025-03-31 names the invoice that it paid, by which it is credited', async () => {
    const { user, payment, invoice } = await buyer()
    const says = [
      await deliver('stripe', paymentIntentEventOf2020({ payment, user, invoice })),
      await deliver('stripe', soldInvoiceEventOf2020({ invoice, user, payment })),
    ]
    expect(says.map(said)).toEqual(['applied', 'duplicate payment_already_credited'])
    expect([await balance(user), await sales(user)]).toEqual([540, [invoice]])
  })

  it('is credited by the invoice that Stripe says it paid', async () => {
    const { user, payment, invoice } = await buyer()
    await stripeKnows(payment, { invoice })
    expect(said(await deliver('stripe', paymentIntentEvent({ payment, user })))).toBe('applied')
    expect(said(await deliver('stripe', soldInvoiceEvent({ invoice, user })))).toBe(
      'duplicate payment_already_credited',
    )
    expect([await balance(user), await sales(user)]).toEqual([540, [invoice]])
  })

  it('asks nothing where it is known which invoice it paid', async () => {
    const { user, payment, invoice } = await buyer()
    await deliver('stripe', paidBy(invoice, payment))
    const { result, requests } = await counted(() => deliver('stripe', paymentIntentEvent({ payment, user })))
    expect([said(result), requests, await sales(user)]).toEqual(['applied', 1, [invoice]])
  })

  it('waits while Stripe does not answer, and is credited by the scheduled run', async () => {
    const { user, payment } = await buyer()
    const event = paymentIntentEvent({ payment, user })
    expect(said(await deliver('stripe', event))).toBe('parked unlinked_payment')
    expect(await balance(user)).toBe(40)
    await stripeKnows(payment)
    await runScheduled({}, 'retry_due')
    expect(await balance(user)).toBe(540)
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'applied', via: 'release' })
  })

  it('waits while Stripe does not answer, and needs no answer once its invoice is known', async () => {
    const { user, payment, invoice } = await buyer()
    const event = paymentIntentEvent({ payment, user })
    expect(said(await deliver('stripe', event))).toBe('parked unlinked_payment')
    expect(said(await deliver('stripe', paidBy(invoice, payment)))).toBe('applied')
    expect([await balance(user), await sales(user)]).toEqual([540, [invoice]])
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'applied', via: 'release' })
  })

  it('waits for the invoice that Checkout makes after the payment', async () => {
    const { user, payment, invoice } = await buyer()
    const session = { id: `cs_test_${payment}`, invoice: null, invoice_creation: { enabled: true } }
    await stripeKnows(payment, { session })
    const event = paymentIntentEvent({ payment, user })
    expect(said(await deliver('stripe', event))).toBe('parked unlinked_payment')
    const completed = checkoutEvent('checkout.session.completed', { user, payment, session: { invoice } })
    expect(said(await deliver('stripe', completed))).toBe('applied')
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'duplicate' })
    expect(said(await deliver('stripe', soldInvoiceEvent({ invoice, user })))).toBe(
      'duplicate payment_already_credited',
    )
    expect([await balance(user), await sales(user)]).toEqual([540, [invoice]])
  })

  it('of our own Checkout names its user and no credits, and sells nothing itself', async () => {
    const { user, payment, customer } = await buyer()
    const event = paymentIntentEvent({ payment, user, credits: null, customer })
    expect(said(await deliver('stripe', event))).toBe('ignored no_effect')
    expect(await eventRow(event.id)).toMatchObject({ user_id: user })
    expect(said(await deliver('stripe', paymentIntentEvent({ payment, user: null })))).toBe(
      'ignored no_effect',
    )
    expect(await balance(user)).toBe(40)
    expect(await stripeCalls(payment)).toEqual([])
  })

  it.each([
    ['no number', { user_id: 'user_1', credits: '5e3' }],
    ['nobody', { credits: '500' }],
    ['none', { user_id: 'user_1', credits: '0' }],
  ])('whose metadata names %s is rejected', async (_, metadata) => {
    const event = paymentIntentEvent({ payment: randomId('pi'), user: null, set: { metadata } })
    expect(said(await deliver('stripe', event))).toBe('rejected invalid_metadata')
  })

  it('waits for its user, is refused for a deleted one, and asks Stripe about neither', async () => {
    const [early, gone] = [randomId('user'), await signedUp()]
    await leave(gone)
    await stripeKnows(`pi_${early}`)
    const event = paymentIntentEvent({ payment: `pi_${early}`, user: early })
    expect(said(await deliver('stripe', event))).toBe('parked unknown_user')
    const refused = paymentIntentEvent({ payment: `pi_${gone}`, user: gone })
    expect(said(await deliver('stripe', refused))).toBe('rejected user_deactivated')
    await signUp(early)
    await runScheduled({}, 'retry_due')
    expect([await balance(early), await balance(gone)]).toEqual([540, 40])
  })

  it('is refunded in proportion, also where the refund came first', async () => {
    const { user, payment } = await buyer()
    await stripeKnows(payment)
    expect(said(await deliver('stripe', refundOf(payment, 100)))).toBe('parked unknown_payment')
    await deliver('stripe', paymentIntentEvent({ payment, user }))
    expect(await balance(user)).toBe(440)
  })
})

describe('a one-off invoice', () => {
  it.each([
    ['of today', (of: { invoice: string; user: string; payment: string }) => soldInvoiceEvent(of)],
    ['until 2025-03-31', soldInvoiceEventOf2020],
  ])('%s is credited once by its metadata, in one statement', async (_, made) => {
    const { user, invoice, payment, customer } = await buyer()
    const event = made({ user, invoice, payment, customer, amount: 700 } as never)
    const { result, requests, statements } = await counted(() => deliver('stripe', event))
    expect([said(result), requests, statements]).toEqual(['applied', 1, 1])
    const again = { ...event, id: randomId('evt') }
    expect(said(await deliver('stripe', again))).toBe('duplicate payment_already_credited')
    expect([await balance(user), await sales(user), await customerOf(user)]).toEqual([
      540,
      [invoice],
      customer,
    ])
  })

  it('that the customer’s balance paid in part counts with its total: a refund takes its share of that', async () => {
    const { user, invoice, payment } = await buyer()
    const set = { amount_paid: 500, total: 2000 }
    await deliver('stripe', soldInvoiceEvent({ user, invoice, credits: 1000, amount: 2000, set }))
    await deliver('stripe', paidBy(invoice, payment))
    await deliver('stripe', refundOf(payment, 500))
    expect(await balance(user)).toBe(790)
  })

  it('is refunded by what paid it, whichever of the three comes first', async () => {
    const { user, invoice, payment } = await buyer()
    await deliver('stripe', refundOf(payment, 250))
    await deliver('stripe', paidBy(invoice, payment))
    await deliver('stripe', soldInvoiceEvent({ user, invoice }))
    expect(await balance(user)).toBe(290)
  })

  it('is worth its total, without what the customer owed before', async () => {
    const { user, invoice } = await buyer()
    const set = { starting_balance: 300, amount_paid: 800, amount_due: 800 }
    await deliver('stripe', soldInvoiceEvent({ user, invoice, set }))
    expect(await query('select amount from payments where user_id = $1', [user])).toEqual([{ amount: '500' }])
  })

  it('without credits in its metadata is none of a sale', async () => {
    const { user, invoice, customer } = await buyer()
    const event = soldInvoiceEvent({ user, invoice, customer, credits: null })
    expect(said(await deliver('stripe', event))).toBe('ignored no_effect')
    expect(await balance(user)).toBe(40)
  })

  it('of less than nothing sells nothing: it is a credit to the customer', async () => {
    const { user, invoice } = await buyer()
    const event = soldInvoiceEvent({ user, invoice, amount: -500, set: { amount_paid: 0 } })
    expect(said(await deliver('stripe', event))).toBe('ignored no_effect')
    expect(await balance(user)).toBe(40)
  })

  it('of less than nothing sells what a line of its own charges: the credit on it has paid that', async () => {
    const { user, invoice } = await buyer()
    const event = soldInvoiceEvent({ user, invoice, set: { total: -300, amount_paid: 0 } })
    const { data } = event.data.object.lines as { data: { id: string; amount: number }[] }
    data.push({ ...data[0], id: 'il_credit', amount: -800 })
    expect(said(await deliver('stripe', event))).toBe('applied')
    expect(await balance(user)).toBe(540)
  })

  it('and the payment that paid it, both credited before anything linked them, are reported', async () => {
    const { user, invoice, payment } = await buyer()
    await stripeKnows(payment)
    await deliver('stripe', paymentIntentEvent({ payment, user }))
    await deliver('stripe', soldInvoiceEvent({ invoice, user }))
    expect(said(await deliver('stripe', paidBy(invoice, payment)))).toBe('rejected payment_mismatch')
  })
})

describe('a Checkout Session', () => {
  it('that names an invoice is credited by it, although its payment came first', async () => {
    const { user, invoice, payment } = await buyer()
    await stripeKnows(payment, { invoice })
    await deliver('stripe', paymentIntentEvent({ payment, user }))
    const completed = checkoutEvent('checkout.session.completed', { user, payment, session: { invoice } })
    expect(said(await deliver('stripe', completed))).toBe('duplicate payment_already_credited')
    expect(await sales(user)).toEqual([invoice])
    expect(await query('select stripe_checkout_session_id from payments where user_id = $1', [user])).toEqual(
      [{ stripe_checkout_session_id: `cs_test_${payment}` }],
    )
  })

  it('that names an invoice is credited once where its payment was credited as such', async () => {
    const { user, invoice, payment } = await buyer()
    await stripeKnows(payment)
    await deliver('stripe', paymentIntentEvent({ payment, user }))
    const completed = checkoutEvent('checkout.session.completed', { user, payment, session: { invoice } })
    expect(said(await deliver('stripe', completed))).toBe('duplicate payment_already_credited')
    expect(said(await deliver('stripe', soldInvoiceEvent({ invoice, user })))).toBe(
      'duplicate payment_already_credited',
    )
    expect(await balance(user)).toBe(540)
  })
})

describe('a sale that is refused', () => {
  it('still says which payment paid its invoice, whatever its user', async () => {
    const [gone, early] = [await signedUp(), randomId('user')]
    await leave(gone)
    for (const user of [gone, early]) {
      const sale = { user, payment: `pi_${user}`, invoice: `in_${user}` }
      await deliver('stripe', soldInvoiceEventOf2020(sale))
      const links = await query('select * from invoice_payments where paid_by = $1', [sale.payment])
      expect(links).toMatchObject([{ stripe_invoice_id: sale.invoice }])
    }
  })
})

describe('a delivery that is tried again', () => {
  it('is still found by all that it is about', async () => {
    const { user, payment, customer } = await buyer()
    const event = paymentIntentEvent({ payment, user, customer })
    await deliver('stripe', event)
    const about = [payment, `ch_${payment}`, customer]
    await runScheduled({}, 'retry_due')
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'parked', about })
    await stripeKnows(payment)
    await leave(user)
    await runScheduled({}, 'retry_due')
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'rejected', about })
  })
})

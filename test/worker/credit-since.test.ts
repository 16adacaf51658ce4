import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { billingEvent, invoiceEvent, subscriptionEvent } from '../../local/billing-events.ts'
import { checkoutEvent, randomId } from '../../local/events.ts'
import {
  paymentIntentEvent,
  paymentIntentEventOf2020,
  soldInvoiceEvent,
  soldInvoiceEventOf2020,
} from '../../local/payment-events.ts'
import { reversalEvent } from '../../local/reversal-events.ts'
import { atStripe, checkout, comeBack } from './checkout-support.ts'
import { customerOf, linked, signedUp, signUp } from './people.ts'
import { playing } from './random-histories.ts'
import { linesOf, reconcile } from './reconcile-support.ts'
import { emptyWorld, happenAtStripe } from './reconcile-world.ts'
import {
  balance,
  counted,
  deliver,
  eventRow,
  runScheduled,
  said,
  stripeAnswers,
  subscription,
} from './support.ts'

const COMPLETED = 'checkout.session.completed'
const SINCE = Date.parse('2026-06-01T00:00:00Z') / 1000
const PLANS = JSON.stringify({ price_pro: { key: 'pro', credits: 100 } })
const PACKS = JSON.stringify({ starter: { credits: 500, price: 'price_starter' } })
const env = { CREDIT_SINCE: '2026-06-01T02:00:00+02:00', PLANS, CREDIT_PACKS: PACKS }
const [BEFORE, AFTER] = [SINCE - 1, SINCE]

const tell = async (event: object) => said(await deliver('stripe', event, { env }))
const again = <Event extends object>(event: Event) => ({ ...event, id: randomId('evt') })

async function buyer() {
  const user = await signedUp()
  return { user, payment: `pi_${user}`, invoice: `in_${user}`, customer: `cus_${user}` }
}
const session = (user: string, created: number, more: object = {}) =>
  checkoutEvent(COMPLETED, { user, payment: `pi_${user}`, session: { created, ...more } })

const list = (...data: object[]) => ({ body: { object: 'list', data, has_more: false, url: '/v1' } })

/** Stripe's responses about a PaymentIntent: the session that created it, and the invoice that it paid. */
const stripeKnows = (
  user: string,
  { made, invoiced }: { made?: number; invoiced?: number } = {},
  more: object = {},
) =>
  stripeAnswers({
    [`GET /v1/invoice_payments?payment[payment_intent]=pi_${user}`]: list(
      ...(invoiced === undefined ? [] : [{ id: `inpay_${user}`, invoice: `in_${user}`, status: 'paid' }]),
    ),
    [`GET /v1/invoice_payments?invoice=in_${user}`]: list({
      id: `inpay_${user}`,
      invoice: `in_${user}`,
      status: 'paid',
      payment: { type: 'payment_intent', payment_intent: `pi_${user}` },
    }),
    [`GET /v1/checkout/sessions?payment_intent=pi_${user}`]: list(
      ...(made === undefined ? [] : [{ id: `cs_test_pi_${user}`, created: made, ...more }]),
    ),
    [`GET /v1/invoices/in_${user}`]: {
      body: { id: `in_${user}`, object: 'invoice', created: invoiced ?? 0 },
    },
  })

describe('a Checkout Session from before CREDIT_SINCE', () => {
  it('is never credited, however often it is delivered, and nothing is asked', async () => {
    const { user } = await buyer()
    const event = session(user, BEFORE)
    const { result, requests } = await counted(() => deliver('stripe', event, { env }))
    expect([said(result), requests]).toEqual(['ignored before_start', 1])
    expect(await tell(event)).toBe('ignored before_start')
    expect(await tell(again(event))).toBe('ignored before_start')
    const paidLater = { ...again(event), type: 'checkout.session.async_payment_succeeded' }
    expect(await tell(paidLater)).toBe('ignored before_start')
    expect(await balance(user)).toBe(40)
    expect(await eventRow(event.id)).toMatchObject({ user_id: user, effect: null })
  })

  it('is credited from that second on, and without the setting', async () => {
    const { user } = await buyer()
    expect(await tell(session(user, AFTER))).toBe('applied')
    const other = await buyer()
    expect(said(await deliver('stripe', session(other.user, BEFORE)))).toBe('applied')
    expect([await balance(user), await balance(other.user)]).toEqual([540, 540])
  })

  it('is credited once the setting has an earlier moment and the event is sent again', async () => {
    const { user } = await buyer()
    const event = session(user, BEFORE)
    await tell(event)
    expect(said(await deliver('stripe', event))).toBe('applied')
    // An applied delivery stays applied.
    expect(await tell(event)).toBe('duplicate already_processed')
    expect(await balance(user)).toBe(540)
  })

  it('needs no person where its metadata is wrong, and asks for no lines', async () => {
    const { user } = await buyer()
    const wrong = session(user, BEFORE, { metadata: { user_id: user, credits: 'many' } })
    expect(await tell(wrong)).toBe('ignored before_start')
    const link = session(user, BEFORE, { id: `cs_link_${user}`, metadata: {}, payment_link: 'plink_1' })
    const { result, requests } = await counted(() => deliver('stripe', link, { env }))
    expect([said(result), requests]).toEqual(['ignored before_start', 1])
    const late = session(user, BEFORE, { id: `cs_late_${user}`, payment_status: 'unpaid' })
    expect(await tell(late)).toBe('ignored before_start')
  })

  it('that waited before the setting was there waits no more once it is sent again', async () => {
    const user = randomId('user')
    const event = session(user, BEFORE)
    expect(said(await deliver('stripe', event))).toBe('parked unknown_user')
    expect(await tell(event)).toBe('ignored before_start')
    await signUp(user)
    expect(await balance(user)).toBe(40)
  })

  it('of a subscription still links its customer', async () => {
    const { user, customer } = await buyer()
    const event = session(user, BEFORE, { mode: 'subscription', customer, payment_intent: null })
    expect([await tell(event), await customerOf(user)]).toEqual(['applied', customer])
  })

  it('is not credited on the success page', async () => {
    const { user } = await buyer()
    const { body } = await checkout(user)
    await atStripe(`sessions/${body.id}/pay`)
    const later = { CREDIT_SINCE: new Date(Date.now() + 3_600_000).toISOString() }
    expect((await comeBack(user, body.id, later)).body).toMatchObject({
      outcome: 'ignored',
      reason: 'before_start',
      balance: 40,
    })
    expect((await comeBack(user, body.id)).body).toMatchObject({ outcome: 'applied', balance: 540 })
  })

  it('is not credited by a thin event, with its snapshot or with the object', async () => {
    const { user } = await buyer()
    const snapshot = session(user, BEFORE)
    const thin = (id: string, more: object) => ({
      id,
      object: 'v2.core.event',
      type: `v1.${COMPLETED}`,
      created: '2026-07-01T12:00:00.000Z',
      livemode: false,
      context: null,
      snapshot_event: null,
      ...more,
    })
    const url = `/v1/checkout/sessions/cs_test_pi_${user}`
    await stripeAnswers({
      [`GET /v1/events/${snapshot.id}`]: { body: snapshot },
      [`GET ${url}`]: { body: snapshot.data.object },
    })
    expect(await tell(thin(randomId('evt'), { snapshot_event: snapshot.id }))).toBe('ignored before_start')
    const related_object = { id: `cs_test_pi_${user}`, type: 'checkout.session', url }
    expect(await tell(thin(randomId('evt'), { related_object }))).toBe('ignored before_start')
    expect(await balance(user)).toBe(40)
  })
})

describe('a PaymentIntent', () => {
  const intent = (user: string, created: number) =>
    paymentIntentEvent({ payment: `pi_${user}`, user, set: { created } })

  it('from before is not credited, and nothing is asked', async () => {
    const { user } = await buyer()
    const { result, requests } = await counted(() => deliver('stripe', intent(user, BEFORE), { env }))
    expect([said(result), requests, await balance(user)]).toEqual(['ignored before_start', 1, 40])
  })

  it.each([
    ['a session from before', { made: BEFORE }, 'ignored before_start', 40],
    ['a session from after', { made: AFTER }, 'applied', 540],
    ['an invoice from before', { invoiced: BEFORE }, 'ignored before_start', 40],
    ['an invoice from after', { invoiced: AFTER }, 'applied', 540],
    [
      'a session from before, with an invoice from after',
      { made: BEFORE, invoiced: AFTER },
      'ignored before_start',
      40,
    ],
    ['neither', {}, 'applied', 540],
  ])('of %s counts by it: %j', async (_, known, says, credits) => {
    const { user } = await buyer()
    await stripeKnows(user, known)
    const event = intent(user, AFTER)
    expect([await tell(event), await balance(user)]).toEqual([says, credits])
    expect([said(await deliver('stripe', again(event), { env })), await balance(user)]).toEqual([
      says === 'applied' ? 'duplicate payment_already_credited' : says,
      credits,
    ])
  })

  it('until 2025-03-31 says that it has no invoice, and its session is asked for all the same', async () => {
    const { user } = await buyer()
    await stripeKnows(user, { made: BEFORE })
    const event = paymentIntentEventOf2020({ payment: `pi_${user}`, user, set: { created: AFTER } })
    expect([await tell(event), await balance(user)]).toEqual(['ignored before_start', 40])
  })

  it('is asked for where it is known which invoice it has paid', async () => {
    const { user, invoice, payment } = await buyer()
    await stripeKnows(user, { made: BEFORE, invoiced: AFTER })
    await tell(billingEvent('invoice_payment.paid', { invoice, payment: { payment_intent: payment } }))
    expect([await tell(intent(user, AFTER)), await balance(user)]).toEqual(['ignored before_start', 40])
  })

  it('waits while Stripe does not answer, and for its user, and is decided by the scheduled run', async () => {
    const user = randomId('user')
    const event = intent(user, AFTER)
    expect(await tell(event)).toBe('parked unknown_user')
    await signUp(user, {}, { env })
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'parked', reason: 'unlinked_payment' })
    await stripeKnows(user, { made: BEFORE })
    await runScheduled(env, 'retry_due')
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'ignored', reason: 'before_start' })
    expect(await balance(user)).toBe(40)
  })

  it('is asked about for a month only', async () => {
    const { user } = await buyer()
    const created = SINCE + 31 * 86_400
    const event = paymentIntentEventOf2020({ payment: `pi_${user}`, user, set: { created } })
    const { result, requests } = await counted(() => deliver('stripe', event, { env }))
    expect([said(result), requests]).toEqual(['applied', 1])
  })
})

describe('an invoice', () => {
  it('from before is not credited; one from after is, unless a session from before made it', async () => {
    const [early, late, made] = [await buyer(), await buyer(), await buyer()]
    await stripeKnows(late.user, { invoiced: AFTER })
    expect(await tell(soldInvoiceEvent({ ...early, set: { created: BEFORE } }))).toBe('ignored before_start')
    expect(await tell(soldInvoiceEvent({ ...late, set: { created: AFTER } }))).toBe('applied')
    await stripeKnows(made.user, { made: BEFORE })
    expect(await tell(soldInvoiceEvent({ ...made, set: { created: AFTER } }))).toBe('ignored before_start')
    expect(await Promise.all([early, late, made].map(({ user }) => balance(user)))).toEqual([40, 540, 40])
  })

  it('that Stripe says was paid by nothing has no session', async () => {
    const { user, invoice, payment } = await buyer()
    await stripeAnswers({ [`GET /v1/invoice_payments?invoice=${invoice}`]: list() })
    const event = soldInvoiceEventOf2020({ invoice, user, payment: null, set: { created: AFTER } })
    expect([await tell(event), await balance(user)]).toEqual(['applied', 540])
    expect(payment).toBe(`pi_${user}`)
  })

  it('of a plan grants nothing from before, and its renewal does; the subscription is kept', async () => {
    const id = randomId('user')
    const names = { subscription: `sub_${id}`, customer: `cus_${id}`, price: 'price_pro' }
    await linked({ id, customer: names.customer })
    const invoice = (name: string, created: number, start: number) => {
      const line = { period: { start, end: start + 30 * 86_400 } }
      return invoiceEvent('invoice.paid', { ...names, invoice: `in_${name}_${id}`, line, set: { created } })
    }
    const state = subscriptionEvent('customer.subscription.updated', { ...names, set: { created: BEFORE } })
    expect(await tell(state)).toBe('applied')
    expect(await subscription(names.subscription)).toMatchObject({ user_id: id })
    const early = invoice('1', BEFORE, BEFORE - 60)
    expect(await tell(early)).toBe('ignored before_start')
    expect(await eventRow(early.id)).toMatchObject({ user_id: id })
    expect(await tell(invoice('2', AFTER, AFTER))).toBe('applied')
    expect(await tell(again(early))).toBe('ignored before_start')
    expect(await balance(id)).toBe(140)
  })
})

describe('money that comes back of a payment from before', () => {
  /** Stripe's response about the PaymentIntent itself. */
  const intentIs = (user: string, created: number, more: object = {}) =>
    stripeAnswers({
      [`GET /v1/payment_intents/pi_${user}`]: {
        body: { id: `pi_${user}`, object: 'payment_intent', created, customer: null, metadata: {}, ...more },
      },
    })
  const refund = (user: string) => reversalEvent('refund.created', { payment: `pi_${user}`, amount: 250 })

  it('is listed for a person who can settle it, and moves nothing', async () => {
    const { user } = await buyer()
    await stripeKnows(user)
    await intentIs(user, BEFORE, { metadata: { user_id: user } })
    const event = refund(user)
    expect(await tell(event)).toBe('rejected before_start')
    expect(await tell(event)).toBe('rejected before_start')
    expect(await eventRow(event.id)).toMatchObject({ user_id: user, effect: null })
    const dispute = reversalEvent('charge.dispute.funds_withdrawn', { payment: `pi_${user}`, amount: 500 })
    expect(await tell(dispute)).toBe('rejected before_start')
    expect(await balance(user)).toBe(40)
  })

  it('is found by the customer of the payment, and by the session that made it', async () => {
    const [renewed, bought] = [await buyer(), await buyer()]
    await linked({ id: randomId('user'), customer: renewed.customer })
    await stripeKnows(renewed.user)
    await intentIs(renewed.user, BEFORE, { customer: renewed.customer })
    expect(await tell(refund(renewed.user))).toBe('rejected before_start')
    await stripeKnows(bought.user, { made: BEFORE }, { metadata: { user_id: bought.user } })
    await intentIs(bought.user, AFTER)
    expect(await tell(refund(bought.user))).toBe('rejected before_start')
  })

  it('waits if the payment belongs to nobody here, is from after, or is not known to Stripe', async () => {
    const [nobody, late, unknown] = [await buyer(), await buyer(), await buyer()]
    for (const { user } of [nobody, late]) await stripeKnows(user)
    await intentIs(nobody.user, BEFORE, { metadata: { user_id: 'of-another-product' } })
    await intentIs(late.user, AFTER, { metadata: { user_id: late.user } })
    for (const { user } of [nobody, late, unknown])
      expect(await tell(refund(user))).toBe('parked unknown_payment')
    expect(await tell(session(late.user, AFTER, { amount_total: 500, currency: 'usd' }))).toBe('applied')
    expect(await balance(late.user)).toBe(290)
  })

  it('asks Stripe nothing without the setting', async () => {
    const { user } = await buyer()
    const { result, requests } = await counted(() => deliver('stripe', refund(user)))
    expect([said(result), requests]).toEqual(['parked unknown_payment', 1])
  })
})

it('one sale from before brings nothing, in any order, twice, of any of its events', async () => {
  const everything = fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 4 })
  await fc.assert(
    fc.asyncProperty(everything, async (order) => {
      const { user, payment, invoice } = await buyer()
      await stripeKnows(user, { made: BEFORE, invoiced: AFTER })
      const events = [
        session(user, BEFORE, { invoice }),
        paymentIntentEvent({ payment, user, set: { created: AFTER } }),
        soldInvoiceEvent({ invoice, user, set: { created: AFTER } }),
        billingEvent('invoice_payment.paid', { invoice, payment: { payment_intent: payment } }),
      ]
      for (const i of order) await tell(again(events[i % 4] as object))
      expect(await balance(user)).toBe(40)
    }),
    playing(15),
  )
})

it('reconcile finds nothing to credit of what is from before', async () => {
  const [world, old, made] = [emptyWorld(), await buyer(), await buyer()]
  const at = BEFORE * 1000
  happenAtStripe(world, checkoutEvent(COMPLETED, { user: old.user, payment: old.payment, at }))
  happenAtStripe(world, checkoutEvent(COMPLETED, { user: made.user, payment: made.payment, at }))
  const set = { status: 'succeeded' }
  const ids = { payment: made.payment, user: made.user }
  happenAtStripe(world, paymentIntentEvent({ ...ids, at: AFTER * 1000, set }))
  for (const fixes of [false, true]) {
    const report = await reconcile(world, { env, fixes })
    expect([linesOf(report, old.user), linesOf(report, made.user)]).toEqual([[], []])
  }
  expect([await balance(old.user), await balance(made.user)]).toEqual([40, 40])
  await reconcile(world, { env: { PLANS }, fixes: true })
  expect([await balance(old.user), await balance(made.user)]).toEqual([540, 540])
})

it('what was ignored is credited by reconcile once the setting has an earlier moment', async () => {
  const [world, { user, payment }] = [emptyWorld(), await buyer()]
  const event = checkoutEvent(COMPLETED, {
    user,
    payment,
    at: AFTER * 1000,
    session: { created: AFTER },
  })
  happenAtStripe(world, event)
  const far = { ...env, CREDIT_SINCE: '2099-01-01T00:00:00Z' }
  expect(said(await deliver('stripe', event, { env: far }))).toBe('ignored before_start')
  await reconcile(world, { env, fixes: true })
  expect(await balance(user)).toBe(540)
  expect(await tell(event)).toBe('duplicate payment_already_credited')
})

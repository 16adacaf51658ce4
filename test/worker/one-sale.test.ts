import fc from 'fast-check'
import { expect, it } from 'vitest'
import { billingEvent } from '../../local/billing-events.ts'
import { checkoutEvent, clerkEvent, randomId } from '../../local/events.ts'
import {
  paymentIntentEvent,
  paymentIntentEventOf2020,
  soldInvoiceEvent,
  soldInvoiceEventOf2020,
} from '../../local/payment-events.ts'
import { reversalEvent } from '../../local/reversal-events.ts'
import { playing } from './random-histories.ts'
import { balance, deliver, ledger, query, runScheduled, stripeAnswers } from './support.ts'

/** One payment as Stripe reports it: the objects that report it, and their API version. */
const sale = fc.record({
  /** Until 2025-03-31, invoice and PaymentIntent name each other. */
  before2025: fc.boolean(),
  checkout: fc.boolean(),
  invoice: fc.boolean(),
  /** Whether each object's own metadata says what it sells. Otherwise another object's does. */
  saysIntent: fc.boolean(),
  saysInvoice: fc.boolean(),
  /** Stripe does not respond before everything has arrived. */
  stripeIsDown: fc.boolean(),
  refunded: fc.boolean(),
  order: fc.array(fc.nat(), { minLength: 20, maxLength: 20 }),
  /** How often each event arrives, and whether with a new id. */
  repeat: fc.array(fc.record({ times: fc.nat(2), anew: fc.boolean() }), { minLength: 10, maxLength: 10 }),
  together: fc.integer({ min: 1, max: 6 }),
})
type Sale = typeof sale extends fc.Arbitrary<infer T> ? T : never

interface Sent {
  provider: 'clerk' | 'stripe'
  id: string
  event: object
}

/** The events of one payment of 500 minor units for 1000 credits, as Stripe's documents describe them. */
function eventsOf(one: Sale, user: string): Sent[] {
  const ids = { user, payment: `pi_${user}`, invoice: `in_${user}`, customer: `cus_${user}`, credits: 1000 }
  const silent = (says: boolean) => (says ? {} : { set: { metadata: {} } })
  // At least one of them must say what it sells.
  const saysIntent = one.saysIntent || !(one.checkout || (one.invoice && one.saysInvoice))
  const session = { invoice: one.invoice ? ids.invoice : null, customer: ids.customer, currency: 'usd' }
  const stripe = [
    (one.before2025 ? paymentIntentEventOf2020 : paymentIntentEvent)({
      ...ids,
      invoice: one.invoice ? ids.invoice : null,
      ...silent(saysIntent),
    }),
    one.invoice &&
      (one.before2025 ? soldInvoiceEventOf2020 : soldInvoiceEvent)({ ...ids, ...silent(one.saysInvoice) }),
    one.invoice &&
      !one.before2025 &&
      billingEvent('invoice_payment.paid', {
        invoice: ids.invoice,
        payment: { type: 'payment_intent', payment_intent: ids.payment },
      }),
    one.checkout &&
      checkoutEvent('checkout.session.completed', {
        ...ids,
        session: { ...session, payment_status: 'unpaid' },
      }),
    one.checkout && checkoutEvent('checkout.session.async_payment_succeeded', { ...ids, session }),
    one.refunded &&
      reversalEvent('refund.created', { payment: ids.payment, amount: 100, set: { currency: 'usd' } }),
  ].filter((event) => event !== false)
  return [
    { provider: 'clerk', id: randomId('msg'), event: clerkEvent('user.created', { user }) },
    ...stripe.map((event): Sent => ({ provider: 'stripe', id: event.id, event })),
  ]
}

/** In some order, some of them twice, some with a new id (Stripe: "two separate Event objects"). */
function scrambled(one: Sale, sent: Sent[]): Sent[][] {
  const all = sent.flatMap((delivery, i) => {
    const { times, anew } = one.repeat[i % one.repeat.length] ?? { times: 0, anew: false }
    const id = () => randomId(delivery.provider === 'clerk' ? 'msg' : 'evt')
    const again = () =>
      anew
        ? { ...delivery, id: id(), event: { ...delivery.event, ...('id' in delivery.event && { id: id() }) } }
        : delivery
    return [delivery, ...Array.from({ length: times }, again)]
  })
  const shuffled = all
    .map((delivery, i) => ({ delivery, rank: one.order[i % one.order.length] ?? 0, i }))
    .sort((a, b) => a.rank - b.rank || b.i - a.i)
    .map(({ delivery }) => delivery)
  const groups: Sent[][] = []
  for (let taken = 0; taken < shuffled.length; taken += one.together)
    groups.push(shuffled.slice(taken, taken + one.together))
  return groups
}

const list = (...data: object[]) => ({ body: { object: 'list', data, has_more: false, url: '/v1' } })

/** Stripe responds to requests about this payment. */
const stripeIsUp = (one: Sale, user: string) =>
  stripeAnswers({
    [`GET /v1/invoice_payments?payment[payment_intent]=pi_${user}`]: list(
      ...(one.invoice ? [{ id: `inpay_${user}`, invoice: `in_${user}`, status: 'paid' }] : []),
    ),
    [`GET /v1/checkout/sessions?payment_intent=pi_${user}`]: list(
      ...(one.checkout
        ? [{ id: `cs_test_pi_${user}`, invoice: one.invoice ? `in_${user}` : null, mode: 'payment' }]
        : []),
    ),
  })

/** Starts scheduled runs until nothing of this user waits. */
async function settleDown(user: string): Promise<void> {
  for (let run = 0; run < 10; run++) {
    const left = await query(
      `select event_id, outcome, reason from webhook_events where (user_id = $1 or $2 = any (about)) and outcome in ('parked', 'rejected')
       union all select subject, 'arrived', null from arrived`,
      [user, `pi_${user}`],
    )
    if (left.length === 0) return
    if (run === 9) expect(left).toEqual([])
    await runScheduled({}, 'release_arrived', 'retry_due')
  }
}

it('session, PaymentIntent and invoice of one payment credit it once, under one key, in any order and at the same time', {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(sale, async (one) => {
      const user = randomId('user')
      if (!one.stripeIsDown) await stripeIsUp(one, user)
      for (const group of scrambled(one, eventsOf(one, user))) {
        const answers = await Promise.all(
          group.map(({ provider, id, event }) => deliver(provider, event, { id })),
        )
        expect(answers.map(({ status }) => status)).toEqual(group.map(() => 200))
      }
      await stripeIsUp(one, user)
      await settleDown(user)

      const key = one.invoice ? `in_${user}` : `pi_${user}`
      const payments = await query(
        `select stripe_payment_id, credits, amount, stripe_payment_intent_id, stripe_checkout_session_id from payments where user_id = $1`,
        [user],
      )
      expect(payments).toEqual([
        {
          stripe_payment_id: key,
          credits: '1000',
          amount: '500',
          stripe_payment_intent_id: `pi_${user}`,
          stripe_checkout_session_id: one.checkout ? `cs_test_pi_${user}` : null,
        },
      ])
      const purchases = (await ledger(user)).filter(({ kind }) => kind === 'purchase')
      expect(purchases).toMatchObject([{ amount: '1000', idempotency_key: `purchase:${key}` }])
      // The refund of 100 of 500 takes a fifth.
      expect(await balance(user)).toBe(one.refunded ? 840 : 1040)
    }),
    playing(60),
  )
})

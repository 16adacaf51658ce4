import { describe, expect, it } from 'vitest'
import { billingEvent, invoiceEvent, subscriptionEvent } from '../../local/billing-events.ts'
import { clerkEvent, randomId } from '../../local/events.ts'
import { reversalEvent } from '../../local/reversal-events.ts'
import { linkEvent } from './people.ts'
import { counted, deliver, stripeAnswers } from './support.ts'

const T = Date.parse('2026-05-01T12:00:00Z')
const env = { PLANS: JSON.stringify({ price_pro: { key: 'pro', credits: 100 } }) }

/** Every event that is possible for one user's one subscription. */
const world = (id: string) => {
  const names = { subscription: `sub_${id}`, customer: `cus_${id}`, invoice: `in_${id}`, price: 'price_pro' }
  const { subscription, customer, invoice } = names
  return {
    signUp: clerkEvent('user.created', { user: id, at: T }),
    leave: clerkEvent('user.deleted', { user: id }),
    link: linkEvent(id),
    told: (seconds: number, status = 'active', user: string | null = null) =>
      subscriptionEvent('customer.subscription.updated', {
        subscription,
        customer,
        user,
        at: T + seconds * 1000,
        set: { status },
      }),
    paid: () => invoiceEvent('invoice.paid', names),
    partly: invoiceEvent('invoice.paid', { ...names, set: { lines: { data: [], has_more: true } } }),
    failed: invoiceEvent('invoice.payment_failed', names),
    paidBy: () => billingEvent('invoice_payment.paid', { invoice, payment: { payment_intent: `pi_${id}` } }),
    gone: () => billingEvent('customer.deleted', { id: customer }),
    refund: () => reversalEvent('refund.created', { payment: `pi_${id}`, amount: 100 }),
    inquiry: () =>
      reversalEvent('charge.dispute.created', { payment: `pi_${id}`, status: 'warning_needs_response' }),
  }
}
type World = ReturnType<typeof world>

/** The earlier deliveries, the delivery, and the outcomes of it and of its repetition. */
const outcomes: [string, (of: World) => object[], (of: World) => object, string, string][] = [
  [
    'a refund',
    ({ signUp, link, paid, paidBy }) => [signUp, link, paid(), paidBy()],
    ({ refund }) => refund(),
    'applied null',
    'duplicate already_processed',
  ],
  [
    'one of a payment that is not known',
    () => [],
    ({ refund }) => refund(),
    'parked unknown_payment',
    'parked unknown_payment',
  ],
  ['an inquiry', () => [], ({ inquiry }) => inquiry(), 'ignored no_effect', 'ignored no_effect'],
  [
    'a subscription',
    ({ signUp, link }) => [signUp, link],
    ({ told }) => told(0),
    'applied null',
    'duplicate already_processed',
  ],
  [
    'an older one',
    ({ signUp, link, told }) => [signUp, link, told(1)],
    ({ told }) => told(0),
    'stale older_than_stored',
    'duplicate already_processed',
  ],
  [
    'the same told twice',
    ({ signUp, link, told }) => [signUp, link, told(0)],
    ({ told }) => told(0),
    'duplicate already_processed',
    'duplicate already_processed',
  ],
  [
    'a tie that Stripe does not settle',
    ({ signUp, link, told }) => [signUp, link, told(0)],
    ({ told }) => told(0, 'paused'),
    'parked ambiguous_order',
    'parked ambiguous_order',
  ],
  [
    'a subscription of nobody known',
    () => [],
    ({ told }) => told(0),
    'parked unknown_customer',
    'parked unknown_customer',
  ],
  [
    'a subscription of a user to come',
    () => [],
    ({ told }) => told(0, 'active', 'user_x'),
    'parked unknown_user',
    'parked unknown_user',
  ],
  [
    'a link that releases',
    ({ signUp, told, paid }) => [signUp, told(0), told(1), paid()],
    ({ link }) => link,
    'applied null',
    'duplicate already_processed',
  ],
  [
    'a subscription of a deleted user',
    ({ signUp, link, leave }) => [signUp, link, leave],
    ({ told }) => told(0),
    'applied null',
    'duplicate already_processed',
  ],
  [
    'a paid invoice',
    ({ signUp, link }) => [signUp, link],
    ({ paid }) => paid(),
    'applied null',
    'duplicate already_processed',
  ],
  [
    'a paid invoice told twice',
    ({ signUp, link, paid }) => [signUp, link, paid()],
    ({ paid }) => paid(),
    'duplicate period_already_granted',
    'duplicate already_processed',
  ],
  [
    'a paid invoice of a deleted user',
    ({ signUp, link, leave }) => [signUp, link, leave],
    ({ paid }) => paid(),
    'rejected user_deactivated',
    'rejected user_deactivated',
  ],
  [
    'an invoice without all of its lines',
    ({ signUp, link }) => [signUp, link],
    ({ partly }) => partly,
    'parked incomplete_invoice',
    'parked incomplete_invoice',
  ],
  [
    'a failed invoice',
    ({ signUp, link }) => [signUp, link],
    ({ failed }) => failed,
    'ignored no_effect',
    'ignored no_effect',
  ],
  [
    'what paid an invoice',
    ({ signUp, link, paid }) => [signUp, link, paid()],
    ({ paidBy }) => paidBy(),
    'applied null',
    'duplicate already_processed',
  ],
  [
    'what paid an invoice, told twice',
    ({ paidBy }) => [paidBy()],
    ({ paidBy }) => paidBy(),
    'duplicate already_processed',
    'duplicate already_processed',
  ],
  [
    'a customer that is gone',
    ({ signUp, link }) => [signUp, link],
    ({ gone }) => gone(),
    'applied null',
    'duplicate already_processed',
  ],
  [
    'a customer that is gone, told twice',
    ({ gone }) => [gone()],
    ({ gone }) => gone(),
    'duplicate already_processed',
    'duplicate already_processed',
  ],
]

const deliverTo = (event: object, id: string) =>
  'id' in event ? deliver('stripe', event, { env }) : deliver('clerk', event, { id: `msg_${id}`, env })

describe('one delivery is one request and one statement', () => {
  it.each(outcomes)('%s, fresh and repeated', async (_name, before, delivery, fresh, repeated) => {
    const id = randomId('user')
    const of = world(id)
    for (const [i, earlier] of before(of).entries()) await deliverTo(earlier, `${i}_${id}`)
    const event = delivery(of)
    for (const expected of [fresh, repeated]) {
      const { result, requests, statements } = await counted(() => deliverTo(event, id))
      expect(`${result.outcome} ${result.reason}`).toBe(expected)
      expect([requests, statements]).toEqual([1, 1])
    }
  })

  it('but for a tie that Stripe settles, which costs a second one, once', async () => {
    const id = randomId('user')
    const { signUp, link, told } = world(id)
    await deliverTo(signUp, id)
    for (const event of [link, told(0)]) await deliverTo(event, id)
    const tie = told(0, 'paused')
    await stripeAnswers({ [`GET /v1/subscriptions/sub_${id}`]: { body: tie.data.object } })
    const settled = await counted(() => deliverTo(tie, id))
    expect([settled.result.outcome, settled.requests]).toEqual(['applied', 2])
    const again = await counted(() => deliverTo(tie, id))
    expect([again.result.outcome, again.requests]).toEqual(['duplicate', 1])
  })
})

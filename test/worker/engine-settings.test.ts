import { beforeAll, describe, expect, it } from 'vitest'
import { invoiceEvent, invoiceLine, subscriptionEvent } from '../../local/billing-events.ts'
import { checkoutEvent, randomId } from '../../local/events.ts'
import { makeOnlyDue, scheduled } from './engine-support.ts'
import { leave, link, linked, signedUp, signUp } from './people.ts'
import { price, sells } from './plan-support.ts'
import {
  balance,
  deliver,
  type Env,
  eventRow,
  query,
  said,
  stripeAnswers,
  stripeCalls,
  subscription,
} from './support.ts'

// Lines that are read after their period could be metered, so their price is read too.
beforeAll(() => sells(price('price_pro', 2000)))

const COMPLETED = 'checkout.session.completed'
const PLANS = JSON.stringify({ price_pro: { key: 'pro', credits: 1000 } })

/** Settings that are wrong for a while, in all possible ways. */
const wrong: [string, Env][] = [
  ['no plans', { PLANS: '' }],
  ['the plan of another price', { PLANS: JSON.stringify({ price_other: { key: 'other', credits: 7 } }) }],
  ['a plan without credits', { PLANS: JSON.stringify({ price_pro: { key: 'pro' } }) }],
  ['a key of the other mode', { STRIPE_SECRET_KEY: 'sk_live_0123456789abcdef' }],
]

function invoiceOf(set: Record<string, unknown> = {}) {
  const id = randomId('user')
  const customer = `cus_${id}`
  const event = invoiceEvent('invoice.paid', {
    invoice: `in_${id}`,
    subscription: `sub_${id}`,
    customer,
    price: 'price_pro',
    set,
  })
  const lines = (object: object) => stripeAnswers({ [`GET /v1/invoices/in_${id}/lines`]: object })
  return { id, customer, event, lines }
}
const page = { body: { object: 'list', data: [invoiceLine({ price: 'price_pro' })], has_more: false } }

/** Starts a scheduled run in which every delivery that waits for Stripe's response is due. */
async function runRetries(env: Env): Promise<void> {
  await query('update waiting set retry_at = now() where retry_at is not null')
  await makeOnlyDue('retry_due')
  await scheduled(env)
}

describe('an invoice that waits for its customer, with its credits', () => {
  it.each(wrong)('keeps them through a delivery beside %s', async (_name, env) => {
    const { id, customer, event } = invoiceOf()
    expect(said(await deliver('stripe', event, { env: { PLANS } }))).toBe('parked unknown_customer')
    expect((await deliver('stripe', event, { env })).status).toBe(200)
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'parked', reason: 'unknown_customer' })
    await signUp(id)
    await link(id, customer)
    expect(await balance(id)).toBe(1040)
  })

  it('keeps them through a delivery of a form that cannot be read, and when it was given up before', async () => {
    const { id, customer, event } = invoiceOf()
    await deliver('stripe', event, { env: { PLANS } })
    await query(`update webhook_events set received_at = now() - interval '8 days' where event_id = $1`, [
      event.id,
    ])
    await makeOnlyDue('give_up')
    await scheduled({})
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'ignored', reason: 'not_ours' })
    await deliver('stripe', event, { env: { PLANS: '' } })
    await deliver('stripe', { ...event, data: { object: { billing_reason: 'subscription_cycle' } } })
    await signUp(id)
    await link(id, customer)
    expect(await balance(id)).toBe(1040)
  })
})

describe('an invoice that waits for its lines', () => {
  const part = { lines: { data: [], has_more: true } }

  it.each(wrong.slice(0, 3))('keeps waiting through scheduled minutes beside %s', async (_name, env) => {
    const { id, customer, event, lines } = invoiceOf(part)
    await linked({ id, customer })
    expect(said(await deliver('stripe', event, { env: { PLANS } }))).toBe('parked incomplete_invoice')
    await lines(page)
    const known = _name === 'a plan without credits'
    for (let minute = 0; minute < 3; minute++) await runRetries(env)
    // A known plan without credits is a decision about the event. With every other setting the plan is unknown.
    expect(await eventRow(event.id)).toMatchObject({ outcome: known ? 'ignored' : 'parked' })
    await runRetries({ PLANS })
    expect(await balance(id)).toBe(known ? 40 : 1040)
  })

  it('is asked for again where Stripe did not answer, or answered with what cannot be read', async () => {
    const { id, customer, event, lines } = invoiceOf(part)
    await linked({ id, customer })
    await deliver('stripe', event, { env: { PLANS } })
    for (const answer of [
      { status: 500, body: {} },
      { body: { data: 'none' } },
      { body: { data: [{}], has_more: false } },
    ]) {
      await lines(answer)
      await runRetries({ PLANS })
      expect(await eventRow(event.id)).toMatchObject({ outcome: 'parked', reason: 'incomplete_invoice' })
    }
    await lines(page)
    await runRetries({ PLANS })
    expect(await balance(id)).toBe(1040)
  })
})

describe.each(['deactivate', 'delete'])(
  'a Stripe customer of a deleted account: USER_DELETION="%s"',
  (USER_DELETION) => {
    const env: Env = { USER_DELETION, PLANS }

    /** A user whose first account is deleted, with its customer. */
    async function returned() {
      const gone = randomId('user')
      const { customer } = await linked({ id: gone, customer: `cus_${gone}` })
      await leave(gone, { env })
      await makeOnlyDue('erase_payloads', 'mark_orphans')
      await scheduled(env)
      const sub = `sub_${gone}`
      const ended = { body: { id: sub, status: 'canceled' } }
      await stripeAnswers({ [`DELETE /v1/subscriptions/${sub}`]: ended })
      const subscribe = (user: string) =>
        deliver(
          'stripe',
          subscriptionEvent('customer.subscription.created', { subscription: sub, customer, user }),
          { env },
        )
      const pay = (user: string) =>
        deliver(
          'stripe',
          invoiceEvent('invoice.paid', {
            invoice: `in_${gone}`,
            subscription: sub,
            customer,
            user,
            price: 'price_pro',
          }),
          { env },
        )
      return { gone, customer, sub, subscribe, pay }
    }
    async function runOrphans(): Promise<void> {
      for (const task of ['mark_orphans', 'cancel_orphans']) {
        await query(
          `update wallets set closed_at = closed_at - interval '1 second' where closed_at > now() - interval '1 second'`,
        )
        await makeOnlyDue(task)
        await scheduled(env)
      }
    }

    it('pays for the living user whom the metadata names: nothing is cancelled, nothing is lost', async () => {
      const { customer, sub, subscribe, pay } = await returned()
      const id = await signedUp()
      const session = { mode: 'subscription', customer, payment_intent: null, metadata: { user_id: id } }
      expect(said(await deliver('stripe', checkoutEvent(COMPLETED, { user: id, session }), { env }))).toBe(
        'applied',
      )
      expect(said(await subscribe(id))).toBe('applied')
      expect(said(await pay(id))).toBe('applied')
      const topUp = checkoutEvent(COMPLETED, { user: id, session: { customer } })
      expect(said(await deliver('stripe', topUp, { env }))).toBe('applied')
      await runOrphans()
      expect(await subscription(sub)).toMatchObject({
        user_id: id,
        status: 'active',
        cancel_requested_at: null,
      })
      expect(await stripeCalls(sub)).toEqual([])
      expect(await balance(id)).toBe(40 + 1000 + 500)
    })

    it('that metadata names for somebody unknown waits, is not cancelled, and is theirs once they come', async () => {
      const { sub, subscribe, pay } = await returned()
      const id = randomId('user')
      expect(said(await subscribe(id))).toBe('parked unknown_user')
      expect(said(await pay(id))).toBe('parked unknown_user')
      await runOrphans()
      expect([await subscription(sub), await stripeCalls(sub)]).toEqual([undefined, []])
      await signUp(id)
      expect(await subscription(sub)).toMatchObject({ user_id: id, status: 'active' })
      expect(await balance(id)).toBe(1040)
      await runOrphans()
      expect(await stripeCalls(sub)).toEqual([])
    })

    it('that metadata names for the deleted user is cancelled, as one without metadata is', async () => {
      const { gone, sub, subscribe } = await returned()
      expect(said(await subscribe(gone))).toBe('applied')
      await runOrphans()
      expect(await stripeCalls(sub)).toEqual([`DELETE /v1/subscriptions/${sub}`])
      expect(await subscription(sub)).toMatchObject({ user_id: gone })
    })
  },
)

describe('every moment that a setting takes is one that Postgres takes too', () => {
  it.each([
    '0001-01-01T00:00:00+15:59',
    '1970-01-01T00:00:00Z',
    '2026-01-01T00:00:00-15:59',
    `2026-01-01T00:00:00.${'1'.repeat(30)}Z`,
    '9999-12-31T23:59:59.999999999-15:59',
  ])('%s', async (moment) => {
    const user = randomId('user')
    const env = { SIGNUP_BONUS_SINCE: moment, CREDIT_SINCE: moment }
    expect(said(await signUp(user, {}, { env }))).toBe('applied')
    const sale = checkoutEvent(COMPLETED, { user, credits: 500 })
    expect(said(await deliver('stripe', sale, { env }))).toMatch(/^(applied|ignored before_start)$/)
  })

  it.each(['0000-01-01T00:00:00Z', '2026-12-01T00:00:00-16:00'])('so none is %s', async (moment) => {
    for (const env of [{ SIGNUP_BONUS_SINCE: moment }, { CREDIT_SINCE: moment }])
      expect((await signUp(randomId('user'), {}, { env })).status).toBe(500)
  })
})

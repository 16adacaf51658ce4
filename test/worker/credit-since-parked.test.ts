import { describe, expect, it } from 'vitest'
import { invoiceEvent } from '../../local/billing-events.ts'
import { checkoutEvent, clerkEvent, randomId } from '../../local/events.ts'
import { paymentIntentEventOf2020, soldInvoiceEventOf2020 } from '../../local/payment-events.ts'
import { connect } from '../../src/db.ts'
import { telling } from '../../src/outgoing/telling.ts'
import { providers } from '../../src/providers.ts'
import { settingsOf } from '../../src/settings.ts'
import type { Stored } from '../../src/webhook/due.ts'
import { lookAgain } from '../../src/webhook/release.ts'
import { as, signUp } from './people.ts'
import { reconcile } from './reconcile-support.ts'
import { emptyWorld, happenAtClerk } from './reconcile-world.ts'
import { balance, deliver, eventRow, query, said, settings, settleDown, stripeAnswers } from './support.ts'

const SINCE = Date.parse('2026-06-01T00:00:00Z') / 1000
const [BEFORE, AFTER] = [SINCE - 1, SINCE]
const PLANS = JSON.stringify({ price_pro: { key: 'pro', credits: 100 } })
/** The settings during the delivery, and those after CREDIT_SINCE is set. */
const unset = { PLANS }
const env = { ...unset, CREDIT_SINCE: '2026-06-01T02:00:00+02:00' }

const session = (user: string, created: number) =>
  checkoutEvent('checkout.session.completed', { user, payment: `pi_${user}`, session: { created } })

/** A sale of each kind to an unknown user, which waits because of its own event. */
const sales: Record<string, (user: string, created: number) => { id: string }> = {
  'a Checkout Session': session,
  'a PaymentIntent': (user, created) =>
    paymentIntentEventOf2020({ payment: `pi_${user}`, user, set: { created } }),
  'an invoice': (user, created) =>
    soldInvoiceEventOf2020({ invoice: `in_${user}`, user, payment: null, set: { created } }),
  'an invoice of a plan': (user, created) =>
    invoiceEvent('invoice.paid', {
      invoice: `in_${user}`,
      subscription: `sub_${user}`,
      customer: `cus_${user}`,
      user,
      price: 'price_pro',
      set: { created },
    }),
}

async function parked(make: (user: string, created: number) => { id: string }, created: number) {
  const user = randomId('user')
  const event = make(user, created)
  expect((await deliver('stripe', event, { env: unset })).outcome).toBe('parked')
  return { user, event }
}

/** The result: nothing is credited, and it waits no longer. */
async function expectBeforeStart(user: string, event: { id: string }) {
  expect(await eventRow(event.id)).toMatchObject({ outcome: 'ignored', reason: 'before_start', effect: null })
  expect(await query('select from waiting where event_id = $1', [event.id])).toEqual([])
  expect(await balance(user)).toBe(40)
}

const database = () =>
  telling(connect(settingsOf({ ...settings, ...env })), settingsOf({ ...settings, ...env }))

describe.each(Object.entries(sales))(
  '%s from before CREDIT_SINCE, parked before that was set',
  (kind, make) => {
    it('is not credited when its user signs up; one from after is, and both are without the setting', async () => {
      const [early, late, without] = [
        await parked(make, BEFORE),
        await parked(make, AFTER + 31 * 86_400),
        await parked(make, BEFORE),
      ]
      await signUp(early.user, {}, { env })
      await signUp(late.user, {}, { env })
      await signUp(without.user, {}, { env: unset })
      await expectBeforeStart(early.user, early.event)
      for (const { user, event } of [late, without]) {
        // The scheduled run reads the amount of its price.
        const waits = { outcome: 'parked', reason: 'incomplete_invoice' }
        const becomes = kind === 'an invoice of a plan' ? waits : { outcome: 'applied' }
        expect(await eventRow(event.id)).toMatchObject(becomes)
        if (kind === 'an invoice of a plan') continue
        expect(await balance(user)).toBeGreaterThan(100)
      }
    })

    it('is not credited when a session brings its user', async () => {
      const { user, event } = await parked(make, BEFORE)
      await as(user, '/api/me', { env })
      expect(await eventRow(event.id)).toMatchObject({ outcome: 'ignored', reason: 'before_start' })
    })

    it('is not credited when reconcile brings its user', async () => {
      const { user, event } = await parked(make, BEFORE)
      const world = emptyWorld()
      happenAtClerk(world, clerkEvent('user.created', { user }))
      const db = database()
      await reconcile(world, { env, fixes: true, db, only: 'clerk', without: ['users here'] })
      await expectBeforeStart(user, event)
    })

    it('is not credited when it is looked at again', async () => {
      const { user, event } = await parked(make, BEFORE)
      const [row] = await query<{ stored: Stored }>(
        `select stored_delivery(event, null) as stored from webhook_events event where event_id = $1`,
        [event.id],
      )
      const again = await lookAgain(
        providers,
        row?.stored as Stored,
        settingsOf({ ...settings, ...env }),
        database(),
      )
      expect(again).toMatchObject({ outcome: 'ignored', reason: 'before_start' })
      await signUp(user, {}, { env: unset })
      await expectBeforeStart(user, event)
    })

    it('is not credited where an older version has stored it', async () => {
      const { user, event } = await parked(make, BEFORE)
      await query(`update webhook_events set effect = effect #- '{facts,created}' where event_id = $1`, [
        event.id,
      ])
      await signUp(user, {}, { env })
      await expectBeforeStart(user, event)
    })
  },
)

describe('what the scheduled run releases', () => {
  it('is not credited: more than a commit releases, and what is tried again', async () => {
    const user = randomId('user')
    const events = Array.from({ length: 30 }, (_, n) =>
      checkoutEvent('checkout.session.completed', {
        user,
        payment: `pi_${n}_${user}`,
        session: { created: BEFORE },
      }),
    )
    for (const event of events) await deliver('stripe', event, { env: unset })
    await signUp(user, {}, { env })
    const left = () => query(`select from webhook_events where user_id = $1 and outcome = 'parked'`, [user])
    expect(await left()).toHaveLength(5)
    await settleDown(env)
    expect(await left()).toEqual([])
    expect(await balance(user)).toBe(40)
  })

  it('is not credited: what Stripe is asked about', async () => {
    const user = randomId('user')
    await signUp(user)
    const event = paymentIntentEventOf2020({ payment: `pi_${user}`, user, set: { created: BEFORE } })
    const { invoice: _, ...object } = event.data.object as Record<string, unknown>
    expect(said(await deliver('stripe', { ...event, data: { object } }, { env: unset }))).toBe(
      'parked unlinked_payment',
    )
    await settleDown(env)
    await expectBeforeStart(user, event)
  })

  it('asks for the session of a payment from just after, and is not credited where that is from before', async () => {
    const { user, event } = await parked(sales['a PaymentIntent'] as (typeof sales)[string], AFTER)
    await stripeAnswers({
      [`GET /v1/invoice_payments?payment[payment_intent]=pi_${user}`]: list(),
      [`GET /v1/checkout/sessions?payment_intent=pi_${user}`]: list({ id: `cs_${user}`, created: BEFORE }),
    })
    await signUp(user, {}, { env })
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'parked', reason: 'unlinked_payment' })
    await settleDown(env)
    await expectBeforeStart(user, event)
  })
})

const list = (...data: object[]) => ({ body: { object: 'list', data, has_more: false, url: '/v1' } })

it('a customer that is linked releases the invoices of its plan, and credits none from before', async () => {
  const id = randomId('user')
  await signUp(id)
  const event = invoiceEvent('invoice.paid', {
    invoice: `in_${id}`,
    subscription: `sub_${id}`,
    customer: `cus_${id}`,
    price: 'price_pro',
    set: { created: BEFORE },
  })
  expect(said(await deliver('stripe', event, { env: unset }))).toBe('parked unknown_customer')
  const linking = checkoutEvent('checkout.session.completed', {
    user: id,
    session: { mode: 'subscription', customer: `cus_${id}`, payment_intent: null },
  })
  await deliver('stripe', linking, { env })
  await expectBeforeStart(id, event)
})

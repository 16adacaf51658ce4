import { beforeAll, describe, expect, it } from 'vitest'
import { billingEvent, invoiceEvent, invoiceLine, subscriptionEvent } from '../../local/billing-events.ts'
import { checkoutEvent, randomId } from '../../local/events.ts'
import { paymentIntentEventOf2020, soldInvoiceEvent } from '../../local/payment-events.ts'
import { reversalEvent } from '../../local/reversal-events.ts'
import { checkout, received } from './checkout-support.ts'
import { customerOf, leave, linkEvent, linked, signedUp, signUp } from './people.ts'
import { price, sells } from './plan-support.ts'
import {
  allSaid,
  balance,
  counted,
  deliver,
  eventRow,
  query,
  runScheduled,
  said,
  stripeAnswers,
  subscription,
} from './support.ts'

// Lines that are read after their period could be metered, so their price is read too.
beforeAll(() => sells(price('price_pro', 2000)))

const PLANS = JSON.stringify({ price_pro: { key: 'pro', credits: 100 } })
const env = { APP_TAG: 'shop', PLANS }
const COMPLETED = 'checkout.session.completed'

const send = async (...events: object[]) => {
  const answers = []
  for (const event of events) answers.push(await deliver('stripe', event, { env }))
  return allSaid(answers)
}
const topUp = (user: string, app: string | null, session: object = {}) =>
  checkoutEvent(COMPLETED, {
    user,
    payment: `pi_${user}`,
    session: {
      metadata: { user_id: user, credits: '500', ...(app && { app }) },
      customer: `cus_${user}`,
      currency: 'usd',
      ...session,
    },
  })
const renewal = (user: string, more: object = {}) =>
  invoiceEvent('invoice.paid', {
    invoice: `in_${user}`,
    subscription: `sub_${user}`,
    customer: `cus_${user}`,
    price: 'price_pro',
    ...more,
  })
const created = (user: string, more: object = {}) =>
  subscriptionEvent('customer.subscription.created', {
    subscription: `sub_${user}`,
    customer: `cus_${user}`,
    price: 'price_pro',
    ...more,
  })
const person = async () => {
  const id = randomId('user')
  return await linked({ id, customer: `cus_${id}` })
}

describe('a tag of another app', () => {
  it('is ignored, whoever is named, on an object of its own, and on an invoice that repeats its subscription’s', async () => {
    const { id } = await person()
    const other = { user_id: id, credits: '500', app: 'blog' }
    const bySubscription = {
      parent: {
        type: 'subscription_details',
        subscription_details: { subscription: 'sub_x', metadata: other },
      },
    }
    const said = await send(
      topUp(id, 'blog'),
      created(id, { set: { metadata: other } }),
      renewal(id, { set: bySubscription }),
      renewal(id, {
        set: { parent: null, subscription: 'sub_x', subscription_details: { metadata: other } },
      }),
      paymentIntentEventOf2020({ payment: `pi_2_${id}`, user: id, set: { metadata: other } }),
      soldInvoiceEvent({ invoice: `in_2_${id}`, user: id, set: { metadata: other } }),
      billingEvent('customer.deleted', { id: `cus_${id}`, metadata: other }),
    )
    expect(said).toEqual(said.map(() => 'ignored other_app'))
    expect([await balance(id), await subscription(`sub_${id}`)]).toEqual([40, undefined])
    expect(await customerOf(id)).toBe(`cus_${id}`)
  })

  it('means nothing without APP_TAG', async () => {
    const { id } = await person()
    expect(said(await deliver('stripe', topUp(id, 'blog')))).toBe('applied')
  })
})

describe('our tag', () => {
  it('has its effect at once, also for a customer whom nobody knows', async () => {
    const id = await signedUp()
    expect(await send(topUp(id, 'shop'))).toEqual(['applied'])
    expect([await balance(id), await customerOf(id)]).toEqual([540, `cus_${id}`])
  })

  it('waits for a user who has not come, as without a tag setting', async () => {
    const id = randomId('user')
    expect(await send(topUp(id, 'shop'))).toEqual(['parked unknown_user'])
    await signUp(id)
    expect(await balance(id)).toBe(540)
  })
})

describe('no tag', () => {
  it('is ours if the customer is known: a subscription from before the tag, and its invoices', async () => {
    const { id } = await person()
    const { result, requests, statements } = await counted(() => send(created(id), renewal(id)))
    expect([result, requests, statements]).toEqual([['applied', 'applied'], 2, 2])
    expect([await balance(id), (await subscription(`sub_${id}`))?.user_id]).toEqual([140, id])
  })

  it('is ours if the payment is known: a refund and a dispute, which carry no metadata', async () => {
    const id = await signedUp()
    const refund = reversalEvent('refund.created', {
      payment: `pi_${id}`,
      amount: 100,
      set: { currency: 'usd' },
    })
    expect(await send(topUp(id, 'shop', { amount_total: 500 }), refund)).toEqual(['applied', 'applied'])
    expect(await balance(id)).toBe(440)
  })

  it('is ours if the subscription is known, whoever its customer is', async () => {
    const { id } = await person()
    await send(created(id))
    const set = { subscription: `sub_${id}`, metadata: { user_id: id } }
    const details = { type: 'subscription_details', subscription_details: set }
    expect(await send(renewal(id, { customer: `cus_new_${id}`, set: { parent: details } }))).toEqual([
      'applied',
    ])
    expect(await balance(id)).toBe(140)
  })

  it('is another app’s as far as is known, keeps its effect, and has it once its customer is linked', async () => {
    const id = await signedUp()
    const events = [created(id), renewal(id)]
    expect(await send(...events)).toEqual(['ignored other_app', 'ignored other_app'])
    expect([await balance(id), await subscription(`sub_${id}`)]).toEqual([40, undefined])
    const link = linkEvent(id)
    Object.assign(link.data.object.metadata as object, { app: 'shop' })
    expect(await send(link)).toEqual(['applied'])
    expect([await balance(id), (await subscription(`sub_${id}`))?.user_id]).toEqual([140, id])
    expect(await send(...events)).toEqual(events.map(() => 'duplicate already_processed'))
  })

  it('is released by a payment too, whichever comes first', async () => {
    const id = await signedUp()
    const refund = reversalEvent('refund.created', {
      payment: `pi_${id}`,
      amount: 100,
      set: { currency: 'usd' },
    })
    expect(await send(refund)).toEqual(['ignored other_app'])
    expect(await send(topUp(id, 'shop', { amount_total: 500 }))).toEqual(['applied'])
    expect(await balance(id)).toBe(440)
  })

  it('that names a user of ours is kept under that user, and of nobody without a user', async () => {
    const [id, stranger] = [await signedUp(), randomId('user')]
    const events = [topUp(id, null), topUp(stranger, null)]
    expect(await send(...events)).toEqual(['ignored other_app', 'ignored other_app'])
    const rows = [await eventRow(events[0]?.id ?? ''), await eventRow(events[1]?.id ?? '')]
    expect(rows.map((row) => row?.user_id)).toEqual([id, null])
    expect(rows[0]?.about).toEqual([`cs_test_pi_${id}`, `pi_${id}`, `cus_${id}`])
  })

  it('is released and refused for a user who is deleted meanwhile', async () => {
    const id = await signedUp()
    await send(topUp(id, null))
    await leave(id)
    const gone = linkEvent(id)
    Object.assign(gone.data.object.metadata as object, { app: 'shop' })
    await send(gone)
    expect(await balance(id)).toBe(40)
    expect(
      await query(
        `select outcome, reason from webhook_events where user_id = $1 and provider = 'stripe' and outcome <> 'rejected'`,
        [id],
      ),
    ).toEqual([])
  })

  it('of a deleted customer is remembered once that customer is linked', async () => {
    const id = await signedUp()
    const deleted = billingEvent('customer.deleted', { id: `cus_${id}`, metadata: {} })
    expect(await send(deleted)).toEqual(['ignored other_app'])
    expect(await send(topUp(id, 'shop'))).toEqual(['applied'])
    expect([await balance(id), await customerOf(id)]).toEqual([540, null])
  })

  it('still says which payment paid an invoice: that is two ids, and moves nothing', async () => {
    const id = randomId('x')
    const payment = { payment_intent: `pi_${id}` }
    expect(await send(billingEvent('invoice_payment.paid', { invoice: `in_${id}`, payment }))).toEqual([
      'applied',
    ])
  })

  it('asks Stripe what an effect of ours leaves open', async () => {
    const { id } = await person()
    await send(created(id))
    await stripeAnswers({
      [`GET /v1/invoices/in_${id}/lines`]: {
        body: { object: 'list', data: [invoiceLine({ price: 'price_pro' })], has_more: false },
      },
    })
    const lines = { object: 'list', data: [], has_more: true }
    expect(await send(renewal(id, { set: { lines } }))).toEqual(['applied'])
    expect(await balance(id)).toBe(140)
  })

  it('and its link, at the same moment, end as one after the other', async () => {
    for (let round = 0; round < 8; round++) {
      const id = await signedUp()
      const link = linkEvent(id)
      Object.assign(link.data.object.metadata as object, { app: 'shop' })
      await Promise.all([send(renewal(id)), send(link), send(created(id))])
      await runScheduled(env, 'release_arrived')
      expect([await balance(id), (await subscription(`sub_${id}`))?.user_id]).toEqual([140, id])
    }
  })
})

describe('what our own Checkout makes', () => {
  const namesIn = (calls: { params: object }[], member: string) =>
    calls.map(({ params }) => (params as Record<string, { metadata?: object }>)[member]?.metadata)

  it('carries the tag: session, PaymentIntent, subscription and customer', async () => {
    const id = await signedUp()
    const names = { user_id: id, app: 'shop' }
    for (const body of [{ pack: 'starter' }, { plan: 'pro' }])
      expect((await checkout(id, body, { APP_TAG: 'shop' })).status).toBe(200)
    const sessions = await received(id, '/v1/checkout/sessions')
    expect(sessions.map(({ params }) => params.metadata)).toEqual([{ ...names, credits: '500' }, names])
    expect(namesIn(sessions, 'payment_intent_data')).toEqual([names, undefined])
    expect(namesIn(sessions, 'subscription_data')).toEqual([undefined, names])
    const customers = await received(id, '/v1/customers')
    expect(customers.map(({ params }) => params.metadata)).toEqual([names])
  })

  it('carries none without APP_TAG', async () => {
    const id = await signedUp()
    await checkout(id, { pack: 'starter' })
    const [customer] = await received(id, '/v1/customers')
    expect(customer?.params.metadata).toEqual({ user_id: id })
  })
})

describe('without APP_TAG', () => {
  const age = (event: string, days: number) =>
    query(`update webhook_events set received_at = now() - $2 * interval '1 day' where event_id = $1`, [
      event,
      days,
    ])

  it('what waits for an id that is not of Clerk’s form is given up after seven days, and can still be released', async () => {
    const [theirs, early] = [randomId('17'), randomId('user')]
    const events = [topUp(theirs, null), topUp(early, null), topUp(`x${theirs}`, null)]
    for (const event of events) expect(said(await deliver('stripe', event))).toBe('parked unknown_user')
    const [given, kept, young] = events.map(({ id }) => id) as [string, string, string]
    await Promise.all([age(given, 8), age(kept, 8), age(young, 6)])
    await runScheduled({}, 'give_up')
    expect(await eventRow(given)).toMatchObject({ outcome: 'ignored', reason: 'not_ours' })
    expect(await eventRow(kept)).toMatchObject({ outcome: 'parked', reason: 'unknown_user' })
    expect(await eventRow(young)).toMatchObject({ outcome: 'parked', reason: 'unknown_user' })
    await signUp(theirs)
    expect(await balance(theirs)).toBe(540)
  })

  it('nothing that was given up is reported as overlooked', async () => {
    const [theirs, holder] = [randomId('17'), await person()]
    await leave(holder.id)
    const event = created(holder.id, { user: theirs })
    expect(said(await deliver('stripe', event))).toBe('parked unknown_user')
    await age(event.id, 8)
    await runScheduled({}, 'give_up')
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'ignored', reason: 'not_ours' })
    await query(`update tasks set cursor = null where name = 'find_overlooked'`)
    await runScheduled({}, 'find_overlooked')
    expect(await query('select subject from arrived where subject like $1', [`%${holder.id}`])).toEqual([])
  })

  it('with a tag it waits on, since it is ours by that', async () => {
    const event = topUp(randomId('17'), 'shop')
    expect(await send(event)).toEqual(['parked unknown_user'])
    await age(event.id, 8)
    await runScheduled(env, 'give_up')
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'parked' })
  })
})

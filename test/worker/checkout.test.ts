import { describe, expect, it, vi } from 'vitest'
import { randomId } from '../../local/events.ts'
import type { Statement } from '../support/transactions.ts'
import {
  atStripe,
  checkout,
  comeBack,
  customersMade,
  failStripe,
  portal,
  received,
  releaseStripe,
  stripeSession,
} from './checkout-support.ts'
import { during } from './held.ts'
import { customerOf, leave, signedUp } from './people.ts'
import { balance, counted, deliver, eventRow, ledger, user } from './support.ts'

const SESSIONS = '/v1/checkout/sessions'
const CUSTOMERS = '/v1/customers'
/** The expected event arrives at once, or the test fails. */
const patiently = { interval: 20, timeout: 60_000 }

describe('POST /api/checkout', () => {
  it('sells a pack, with these parameters for Stripe', async () => {
    const id = await signedUp()
    const { status, body } = await checkout(id)
    expect([status, body]).toEqual([
      200,
      { id: expect.stringMatching(/^cs_test_/), url: expect.stringContaining(String(body.id)) },
    ])

    const [call, ...more] = await received(id, SESSIONS)
    expect(more).toEqual([])
    const customer = await customerOf(id)
    const metadata = { user_id: id, credits: '500' }
    expect(call?.params).toEqual({
      mode: 'payment',
      customer,
      client_reference_id: id,
      line_items: [
        {
          price_data: { currency: 'usd', unit_amount: '700', product_data: { name: '500 credits' } },
          quantity: '1',
        },
      ],
      metadata,
      // Only the session has the credits: its payment names the user, but no credits.
      payment_intent_data: { metadata: { user_id: id } },
      success_url: 'https://app.example/billing/success?session_id={CHECKOUT_SESSION_ID}',
      cancel_url: 'https://app.example/billing/cancelled',
    })
    expect(await stripeSession(body.id)).toMatchObject({ customer, amount_total: 700, metadata })
  })

  it('sells a plan, by its key, or by its price where several have that key', async () => {
    const id = await signedUp()
    for (const [plan, price] of [
      ['pro', 'price_pro'],
      ['price_pro', 'price_pro'],
      ['price_team_yearly', 'price_team_yearly'],
    ]) {
      expect(await checkout(id, { plan })).toMatchObject({ status: 200 })
      expect((await received(id, SESSIONS)).at(-1)?.params).toMatchObject({
        mode: 'subscription',
        client_reference_id: id,
        line_items: [{ price, quantity: '1' }],
        metadata: { user_id: id },
        subscription_data: { metadata: { user_id: id } },
      })
    }
    expect(await customersMade(id)).toHaveLength(1)
  })

  it('makes the customer once, with what is known of the user', async () => {
    const id = await signedUp({ email: 'ada@example.com' })
    await checkout(id)
    await checkout(id)
    const [call, ...more] = await received(id, CUSTOMERS)
    expect(more).toEqual([])
    expect(call).toMatchObject({
      idempotency_key: `customer:${id}:none`,
      params: { email: 'ada@example.com', metadata: { user_id: id } },
    })
    expect([await customerOf(id)]).toEqual(await customersMade(id))
  })

  it('brings a user whom the webhook has not brought yet', async () => {
    const id = randomId('user')
    expect(await checkout(id)).toMatchObject({ status: 200 })
    expect(await user(id)).toMatchObject({
      provisioned_by: 'session',
      stripe_customer_id: expect.any(String),
    })
    expect(await balance(id)).toBe(0)
  })

  it('is one request to the database, and one more to store the first customer', async () => {
    const id = await signedUp()
    expect(await counted(() => checkout(id))).toMatchObject({ requests: 2, statements: 2 })
    expect(await counted(() => checkout(id))).toMatchObject({ requests: 1, statements: 1 })
  })

  it.each<[object, object]>([
    [{ pack: 'huge' }, { pack: ['is not sold; these are: starter, free'] }],
    [{ pack: 'toString' }, { pack: ['is not sold; these are: starter, free'] }],
    [{ plan: 'enterprise' }, { plan: ['is not sold; these are: pro, team, lost'] }],
    [{ plan: 'team' }, { plan: ['has several prices: name one of price_team_monthly, price_team_yearly'] }],
    [{}, { body: ['names a pack or a plan'] }],
    [{ pack: 'starter', plan: 'pro' }, { body: ['names a pack or a plan'] }],
    [{ pack: 5 }, { pack: [expect.any(String)] }],
    [{ pack: 'starter', success_url: 'https://evil.example' }, { success_url: ['is not a field here'] }],
  ])('%o is 400, says why, and nothing is asked of anybody', async (body, fields) => {
    const id = await signedUp()
    const { result, requests } = await counted(() => checkout(id, body))
    expect([result.status, result.body]).toEqual([400, { error: 'invalid_request', fields }])
    expect(requests).toBe(0)
    expect(await customersMade(id)).toEqual([])
  })

  it('sells nothing to a deleted user', async () => {
    const id = await signedUp()
    await leave(id)
    for (const body of [{ pack: 'starter' }, { plan: 'pro' }]) {
      const refused = await checkout(id, body)
      expect([refused.status, refused.body]).toEqual([403, { error: 'user_deactivated' }])
    }
    expect(await customersMade(id)).toEqual([])
  })

  it('stores no customer for a user who is deleted while Stripe makes it', async () => {
    const id = await signedUp()
    await failStripe('held')
    const click = checkout(id)
    await expect.poll(() => received(id, CUSTOMERS), patiently).toHaveLength(1)
    await leave(id)
    await releaseStripe()
    expect(await click).toMatchObject({ status: 403, body: { error: 'user_deactivated' } })
    expect(await customerOf(id)).toBeNull()
    expect(await received(id, SESSIONS)).toEqual([])
  })

  it('says misconfigured, before anything is made, without APP_URL, with a key that is not Stripe’s, and with a price that is not there', async () => {
    const log = vi.spyOn(console, 'log')
    const id = await signedUp()
    const misconfigured = { status: 500, body: { error: 'misconfigured' } }
    for (const [env, body, name] of [
      [{ APP_URL: '' }, { pack: 'starter' }, 'APP_URL'],
      [{ STRIPE_SECRET_KEY: 'sk_test_of_somebody_else' }, { pack: 'starter' }, 'STRIPE_SECRET_KEY'],
      [{}, { plan: 'lost' }, 'PLANS'],
    ] as const) {
      expect(await checkout(id, body, env)).toMatchObject(misconfigured)
      expect(JSON.parse(String(log.mock.lastCall?.[0]))).toEqual({
        message: 'misconfigured',
        level: 'error',
        settings: [name],
        reasons: [expect.stringMatching(`^${name}: .+`)],
      })
    }
  })
})

describe('two clicks at once', () => {
  it('make one customer and two sessions', async () => {
    const id = await signedUp()
    const clicks = await Promise.all([checkout(id), checkout(id)])
    expect(clicks).toMatchObject([{ status: 200 }, { status: 200 }])
    expect(new Set(clicks.map(({ body }) => body.id)).size).toBe(2)
    expect(await customersMade(id)).toEqual([await customerOf(id)])
  })

  it('also when the second finds the key of the first in use', async () => {
    const id = await signedUp()
    const statuses = async () => (await received(id, CUSTOMERS)).map(({ status }) => status)
    await failStripe('held')
    const first = checkout(id)
    await expect.poll(statuses, patiently).toEqual([null])
    const second = checkout(id)
    await expect.poll(statuses, patiently).toContain(409)
    await releaseStripe()
    expect(await Promise.all([first, second])).toMatchObject([{ status: 200 }, { status: 200 }])
    expect(await customersMade(id)).toEqual([await customerOf(id)])
  })

  it('with another customer stored meanwhile: that one buys', async () => {
    const id = await signedUp()
    const stored: Statement = ['update users set stripe_customer_id = $2 where id = $1', [id, `cus_${id}`]]
    const [click] = await during([stored], () => [checkout(id)])
    // The stand-in does not know that customer and replaces it, but that customer was requested first.
    expect(click).toMatchObject({ status: 200 })
    expect((await received(id, SESSIONS)).map(({ params }) => params.customer)).toEqual([
      `cus_${id}`,
      await customerOf(id),
    ])
  })
})

describe('GET /api/checkout/:id', () => {
  const opened = async (id: string, body?: object) => String((await checkout(id, body)).body.id)

  it('settles a paid session; the webhook that follows finds it done', async () => {
    const id = await signedUp()
    const session = await opened(id)
    const { events } = await atStripe(`sessions/${session}/pay`)
    const { result, requests, statements } = await counted(() => comeBack(id, session))
    expect(result).toMatchObject({
      status: 200,
      body: {
        id: session,
        status: 'complete',
        payment_status: 'paid',
        outcome: 'applied',
        reason: null,
        balance: 540,
      },
    })
    expect([requests, statements]).toEqual([1, 1])
    expect((await ledger(id)).at(-1)).toMatchObject({ kind: 'purchase', amount: '500', event_id: null })

    expect(await deliver('stripe', events[0] ?? {})).toMatchObject({
      outcome: 'duplicate',
      reason: 'payment_already_credited',
    })
    expect(await eventRow(events[0]?.id ?? '')).toMatchObject({ outcome: 'duplicate', user_id: id })
    expect(await balance(id)).toBe(540)
  })

  it('after the webhook says that it is credited, and how much there is', async () => {
    const id = await signedUp()
    const session = await opened(id)
    const { events } = await atStripe(`sessions/${session}/pay`)
    expect(await deliver('stripe', events[0] ?? {})).toMatchObject({ outcome: 'applied' })
    for (let again = 0; again < 2; again++) {
      expect((await comeBack(id, session)).body).toMatchObject({
        outcome: 'duplicate',
        reason: 'payment_already_credited',
        balance: 540,
      })
    }
  })

  it('crossing with the webhook, ten times each, credits once', async () => {
    const id = await signedUp()
    const session = await opened(id)
    const { events } = await atStripe(`sessions/${session}/pay`)
    const [returns, deliveries] = await Promise.all([
      Promise.all(Array.from({ length: 10 }, () => comeBack(id, session))),
      Promise.all(Array.from({ length: 10 }, () => deliver('stripe', events[0] ?? {}))),
    ])
    const outcomes = [...returns.map(({ body }) => body.outcome), ...deliveries.map(({ outcome }) => outcome)]
    expect(outcomes.filter((outcome) => outcome === 'applied')).toHaveLength(1)
    expect(outcomes.filter((outcome) => outcome === 'duplicate')).toHaveLength(19)
    for (const { body } of returns) expect(body.balance).toBe(540)
    expect(await balance(id)).toBe(540)
  })

  it('waits for the webhook’s open transaction, and the webhook for its own', async () => {
    const id = await signedUp()
    const session = await opened(id)
    const { events } = await atStripe(`sessions/${session}/pay`)
    const [returned, delivered] = await during([["select lock_subjects('user:' || $1)", [id]]], () => [
      comeBack(id, session),
      deliver('stripe', events[0] ?? {}),
    ])
    expect([returned.body.outcome, delivered.outcome].sort()).toEqual(['applied', 'duplicate'])
    expect(await balance(id)).toBe(540)
  })

  it('before the money is there credits nothing, and credits it afterwards', async () => {
    const id = await signedUp()
    const session = await opened(id)
    const pending = { outcome: 'ignored', reason: 'payment_pending', balance: 40 }
    expect((await comeBack(id, session)).body).toMatchObject({ status: 'open', ...pending })
    await atStripe(`sessions/${session}/pay-later`)
    expect((await comeBack(id, session)).body).toMatchObject({
      status: 'complete',
      payment_status: 'unpaid',
      ...pending,
    })
    await atStripe(`sessions/${session}/bank-paid`)
    expect((await comeBack(id, session)).body).toMatchObject({
      payment_status: 'paid',
      outcome: 'applied',
      balance: 540,
    })
  })

  it('of a bank debit that failed credits nothing', async () => {
    const id = await signedUp()
    const session = await opened(id)
    await atStripe(`sessions/${session}/pay-later`)
    await atStripe(`sessions/${session}/bank-failed`)
    expect((await comeBack(id, session)).body).toMatchObject({
      outcome: 'ignored',
      reason: 'payment_pending',
      balance: 40,
    })
  })

  it('of a free pack credits it, under the session id', async () => {
    const id = await signedUp()
    const session = await opened(id, { pack: 'free' })
    await atStripe(`sessions/${session}/pay`)
    expect((await comeBack(id, session)).body).toMatchObject({
      payment_status: 'no_payment_required',
      outcome: 'applied',
      balance: 45,
    })
    expect((await ledger(id)).at(-1)).toMatchObject({ stripe_payment_id: session })
  })

  it('of a plan links the customer and credits nothing by itself', async () => {
    const id = await signedUp()
    const session = await opened(id, { plan: 'pro' })
    expect((await comeBack(id, session)).body).toMatchObject({ status: 'open', outcome: 'ignored' })
    await atStripe(`sessions/${session}/pay`)
    expect((await comeBack(id, session)).body).toMatchObject({
      status: 'complete',
      outcome: 'applied',
      balance: 40,
    })
  })

  it('is 404 for another user’s session, for none, and for what is no session id', async () => {
    const [id, other] = [await signedUp(), await signedUp()]
    const session = await opened(id)
    await atStripe(`sessions/${session}/pay`)
    const { result, requests } = await counted(() => comeBack(other, session))
    expect([result.status, result.body]).toEqual([404, { error: 'not_found' }])
    expect(requests).toBe(0)
    for (const none of ['cs_test_none', '..%2Fcustomers', 'x'.repeat(300)]) {
      expect(await comeBack(id, none)).toMatchObject({ status: 404 })
    }
    expect([await balance(id), await balance(other)]).toEqual([40, 40])
  })

  it('for a user deleted meanwhile is 403; the webhook keeps the payment with its reason', async () => {
    const id = await signedUp()
    const session = await opened(id)
    const { events } = await atStripe(`sessions/${session}/pay`)
    await leave(id)
    expect(await comeBack(id, session)).toMatchObject({ status: 403, body: { error: 'user_deactivated' } })
    expect(await deliver('stripe', events[0] ?? {})).toMatchObject({
      outcome: 'rejected',
      reason: 'user_deactivated',
    })
  })
})

describe('POST /api/billing-portal', () => {
  it('is for whoever is a customer', async () => {
    const id = await signedUp()
    expect(await portal(id)).toMatchObject({ status: 409, body: { error: 'no_customer' } })
    await checkout(id)
    const { result, requests } = await counted(() => portal(id))
    expect([result.status, result.body, requests]).toEqual([
      200,
      { url: expect.stringContaining('/portal/') },
      1,
    ])
    const [call] = await received(String(await customerOf(id)), '/v1/billing_portal/sessions')
    expect(call?.params).toEqual({
      customer: await customerOf(id),
      return_url: 'https://app.example/billing',
    })
  })

  it('of a deleted user is closed', async () => {
    const id = await signedUp()
    await checkout(id)
    await leave(id)
    expect(await portal(id)).toMatchObject({ status: 403 })
  })
})

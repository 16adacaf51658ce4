import { describe, expect, it } from 'vitest'
import { checkoutEvent, randomId } from '../../local/events.ts'
import { customerOf, leave, signedUp, signUp } from './people.ts'
import { balance, deliver, eventRow, ledger, query, runScheduled, send } from './support.ts'

const COMPLETED = 'checkout.session.completed'
const SUCCEEDED = 'checkout.session.async_payment_succeeded'

const topUp = (user: string, session?: Record<string, unknown>) => checkoutEvent(COMPLETED, { user, session })
const payment = async (id: string) =>
  (await query('select * from payments where stripe_payment_id = $1', [id]))[0]

describe('a paid top-up', () => {
  it('credits the wallet once, and keeps what was paid', async () => {
    const id = await signedUp()
    const event = checkoutEvent(COMPLETED, { user: id, credits: 500, payment: `pi_${id}` })
    const answer = await deliver('stripe', event)

    expect(answer).toEqual({
      status: 200,
      event: event.id,
      type: COMPLETED,
      outcome: 'applied',
      reason: null,
    })
    expect(await balance(id)).toBe(540)
    expect((await ledger(id))[1]).toMatchObject({
      kind: 'purchase',
      amount: '500',
      idempotency_key: `purchase:pi_${id}`,
      stripe_payment_id: `pi_${id}`,
      event_id: event.id,
    })
    expect(await payment(`pi_${id}`)).toMatchObject({
      user_id: id,
      credits: '500',
      amount: '500',
      currency: 'usd',
      stripe_checkout_session_id: `cs_test_pi_${id}`,
    })
    expect(await eventRow(event.id)).toMatchObject({
      outcome: 'applied',
      user_id: id,
      payload: { id: event.id },
    })
  })

  it('is a duplicate when the same event comes again', async () => {
    const id = await signedUp()
    const event = topUp(id)
    await deliver('stripe', event)
    expect(await deliver('stripe', event)).toMatchObject({
      outcome: 'duplicate',
      reason: 'already_processed',
    })
    expect(await balance(id)).toBe(540)
  })

  it('is a duplicate when a second event reports the same payment', async () => {
    const id = await signedUp()
    await deliver('stripe', checkoutEvent(COMPLETED, { user: id, payment: `pi_${id}` }))
    const second = checkoutEvent(SUCCEEDED, { user: id, payment: `pi_${id}` })
    expect(await deliver('stripe', second)).toMatchObject({
      outcome: 'duplicate',
      reason: 'payment_already_credited',
    })
    expect(await eventRow(second.id)).toMatchObject({
      outcome: 'duplicate',
      reason: 'payment_already_credited',
    })
    expect(await balance(id)).toBe(540)
  })

  it('is kept or refused where its payment and its session are of two that were credited', async () => {
    const [id, other] = [await signedUp(), await signedUp()]
    const paidBy = (user: string, n: number) => ({
      payment: `pi_${n}_${user}`,
      session: { id: `cs_${n}_${user}` },
    })
    const settle = (user: string, paid: ReturnType<typeof paidBy>) =>
      deliver('stripe', checkoutEvent(COMPLETED, { user, ...paid }))
    for (const n of [1, 2]) await settle(id, paidBy(id, n))
    await settle(other, paidBy(other, 1))

    const crossed = { ...paidBy(id, 1), session: paidBy(id, 2).session }
    expect(await settle(id, crossed)).toMatchObject({
      status: 200,
      outcome: 'duplicate',
      reason: 'payment_already_credited',
    })
    const ofTwoUsers = { ...paidBy(id, 1), session: paidBy(other, 1).session }
    for (const user of [id, other])
      expect(await settle(user, ofTwoUsers)).toMatchObject({
        status: 200,
        outcome: 'rejected',
        reason: 'payment_mismatch',
      })
    expect([await balance(id), await balance(other)]).toEqual([1040, 540])
  })

  it('is not credited again under another Checkout Session, nor to another user', async () => {
    const [id, other] = [await signedUp(), await signedUp()]
    const paid = { payment: `pi_${id}` }
    await deliver('stripe', checkoutEvent(COMPLETED, { user: id, ...paid }))
    const session = { id: 'cs_test_another' }
    expect(await deliver('stripe', checkoutEvent(COMPLETED, { user: id, ...paid, session }))).toMatchObject({
      outcome: 'duplicate',
      reason: 'payment_already_credited',
    })
    expect(
      await deliver('stripe', checkoutEvent(COMPLETED, { user: other, ...paid, session })),
    ).toMatchObject({
      outcome: 'rejected',
      reason: 'payment_mismatch',
    })
    expect([await balance(id), await balance(other)]).toEqual([540, 40])
  })

  it('keeps amounts in the minor units that Stripe counts in, which for yen are yen', async () => {
    const id = await signedUp()
    await deliver(
      'stripe',
      checkoutEvent(COMPLETED, {
        user: id,
        payment: `pi_${id}`,
        session: { currency: 'jpy', amount_total: 1200 },
      }),
    )
    expect(await payment(`pi_${id}`)).toMatchObject({ amount: '1200', currency: 'jpy' })
  })
})

describe('payment status', () => {
  it('waits while unpaid, and credits when the bank debit succeeds', async () => {
    const id = await signedUp()
    const options = { user: id, payment: `pi_${id}` }
    const waiting = await deliver(
      'stripe',
      checkoutEvent(COMPLETED, { ...options, session: { payment_status: 'unpaid' } }),
    )
    expect(waiting).toMatchObject({ status: 200, outcome: 'ignored', reason: 'payment_pending' })
    expect(await balance(id)).toBe(40)
    expect(await deliver('stripe', checkoutEvent(SUCCEEDED, options))).toMatchObject({ outcome: 'applied' })
    expect(await balance(id)).toBe(540)
  })

  it('credits once when the success overtakes the completion', async () => {
    const id = await signedUp()
    const options = { user: id, payment: `pi_${id}` }
    await deliver('stripe', checkoutEvent(SUCCEEDED, options))
    await deliver('stripe', checkoutEvent(COMPLETED, { ...options, session: { payment_status: 'unpaid' } }))
    expect(await balance(id)).toBe(540)
  })

  it('credits a session that a 100 % discount made free, under the session id', async () => {
    const id = await signedUp()
    const free = {
      payment_status: 'no_payment_required',
      amount_total: 0,
      payment_intent: null,
      id: `cs_${id}`,
    }
    const event = topUp(id, free)
    expect(await deliver('stripe', event)).toMatchObject({ outcome: 'applied' })
    expect(await payment(`cs_${id}`)).toMatchObject({ amount: '0', stripe_checkout_session_id: `cs_${id}` })
    expect(await deliver('stripe', topUp(id, free))).toMatchObject({ reason: 'payment_already_credited' })
    expect(await balance(id)).toBe(540)
  })

  it('waits when no payment is required yet although an amount is due', async () => {
    const id = await signedUp()
    const event = topUp(id, { payment_status: 'no_payment_required', amount_total: 500 })
    expect(await deliver('stripe', event)).toMatchObject({ outcome: 'ignored', reason: 'payment_pending' })
  })

  it('credits under the session id when a paid session has no PaymentIntent, and once when one appears later', async () => {
    const id = await signedUp()
    await deliver('stripe', topUp(id, { id: `cs_${id}`, payment_intent: null }))
    const later = await deliver('stripe', topUp(id, { id: `cs_${id}`, payment_intent: `pi_${id}` }))
    expect(later).toMatchObject({ outcome: 'duplicate', reason: 'payment_already_credited' })
    expect(await balance(id)).toBe(540)
  })

  it.each([
    ['checkout.session.async_payment_failed', {}],
    ['checkout.session.expired', {}],
    [
      COMPLETED,
      { mode: 'setup', payment_status: 'no_payment_required', amount_total: null, payment_intent: null },
    ],
  ] as const)('only records %s %o', async (type, session) => {
    const id = await signedUp()
    const event = checkoutEvent(type, { user: id, session })
    expect(await deliver('stripe', event)).toMatchObject({ outcome: 'ignored', reason: 'no_effect' })
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'ignored', user_id: id })
    expect(await balance(id)).toBe(40)
  })
})

describe('metadata', () => {
  it.each([
    ['none at all', {}],
    ['null', null],
    ['of another product', { order: '7' }],
  ])('%s is not ours', async (_name, metadata) => {
    const id = await signedUp()
    expect(await deliver('stripe', topUp(id, { metadata }))).toMatchObject({
      outcome: 'ignored',
      reason: 'not_ours',
    })
  })

  const malformed = [
    undefined,
    '',
    '0',
    '-5',
    '1.5',
    '1e3',
    ' 5',
    '5 ',
    '0x10',
    '٣',
    'NaN',
    '1000000000001',
    '9'.repeat(40),
    5,
    null,
  ]
  it.each(malformed)('refuses credits of %o', async (credits) => {
    const id = await signedUp()
    const event = topUp(id, { metadata: { user_id: id, credits } })
    expect(await deliver('stripe', event)).toMatchObject({ outcome: 'rejected', reason: 'invalid_metadata' })
    expect(await balance(id)).toBe(40)
  })

  it('takes the largest credits that are allowed', async () => {
    const id = await signedUp()
    await deliver('stripe', topUp(id, { metadata: { user_id: id, credits: '1000000000000' } }))
    expect(await balance(id)).toBe(1_000_000_000_040)
  })

  it.each(['', ' ', 'user with spaces', 'u\u0000ser', 'x'.repeat(300), 7])(
    'refuses a user id of %o',
    async (user_id) => {
      const event = topUp('user_x', { client_reference_id: null, metadata: { user_id, credits: '5' } })
      expect(await deliver('stripe', event)).toMatchObject({
        outcome: 'rejected',
        reason: 'invalid_metadata',
      })
    },
  )

  it('ignores a client_reference_id that is no user’s, such as a referral tool’s', async () => {
    const id = await signedUp()
    const session = { client_reference_id: '6f1c0a52-8d3b-4a57-9a53-0f3f3c1f5d2e' }
    expect(await deliver('stripe', topUp(id, session))).toMatchObject({ outcome: 'applied' })
  })

  it('refuses a client_reference_id that names somebody else, and accepts none', async () => {
    const id = await signedUp()
    const other = await deliver('stripe', topUp(id, { client_reference_id: 'user_other' }))
    expect(other).toMatchObject({ outcome: 'rejected', reason: 'reference_mismatch' })
    expect(await deliver('stripe', topUp(id, { client_reference_id: null }))).toMatchObject({
      outcome: 'applied',
    })
  })

  it('is looked at again when the same event comes with repaired data', async () => {
    const id = await signedUp()
    const event = topUp(id, { metadata: { user_id: id, credits: 'many' } })
    await deliver('stripe', event)
    event.data.object.metadata = { user_id: id, credits: '7' }
    expect(await deliver('stripe', event)).toMatchObject({ outcome: 'applied' })
    expect(await balance(id)).toBe(47)
  })
})

describe('where an event comes from', () => {
  it('ignores the other mode, and applies the resent event once the key is repaired', async () => {
    const id = await signedUp()
    const event = checkoutEvent(COMPLETED, { user: id, livemode: true })
    expect(await deliver('stripe', event)).toMatchObject({ outcome: 'ignored', reason: 'mode_mismatch' })
    for (const key of ['sk_live_0123456789abcdef', 'rk_live_0123456789abcdef']) {
      await deliver('stripe', event, { env: { STRIPE_SECRET_KEY: key } })
    }
    expect(await balance(id)).toBe(540)
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'applied', attempts: 3 })
  })

  it('ignores events of connected accounts, before it looks at their mode', async () => {
    const id = await signedUp()
    const event = { ...checkoutEvent(COMPLETED, { user: id, livemode: true }), account: 'acct_1' }
    expect(await deliver('stripe', event)).toMatchObject({ outcome: 'ignored', reason: 'connected_account' })
  })
})

describe('the Stripe customer', () => {
  const withCustomer = (user: string, customer: string | null) => deliver('stripe', topUp(user, { customer }))

  it('is linked to a user that has none, and stays linked beside a second one, by which is paid as well', async () => {
    const id = await signedUp()
    expect(await withCustomer(id, `cus_${id}`)).toMatchObject({ outcome: 'applied' })
    expect(await customerOf(id)).toBe(`cus_${id}`)
    expect(await withCustomer(id, `cus_${id}`)).toMatchObject({ outcome: 'applied' })
    expect(await withCustomer(id, `cus_2_${id}`)).toMatchObject({ outcome: 'applied' })
    expect(await customerOf(id)).toBe(`cus_${id}`)
    expect(await balance(id)).toBe(1540)
  })

  it('may be absent: a guest session is credited and links nothing', async () => {
    const id = await signedUp()
    expect(await withCustomer(id, null)).toMatchObject({ outcome: 'applied' })
    expect(await customerOf(id)).toBeNull()
  })

  it('is never shared: the customer of another user is refused', async () => {
    const [first, second] = [await signedUp(), await signedUp()]
    await withCustomer(first, `cus_${first}`)
    expect(await withCustomer(second, `cus_${first}`)).toMatchObject({
      outcome: 'rejected',
      reason: 'customer_mismatch',
    })
    expect(await customerOf(second)).toBeNull()
    expect(await balance(second)).toBe(40)
  })

  it('stays with a deactivated user, and a new account of the person may pay by it', async () => {
    const [former, next] = [await signedUp(), await signedUp()]
    await withCustomer(former, `cus_${former}`)
    await leave(former)
    expect(await withCustomer(next, `cus_${former}`)).toMatchObject({ outcome: 'applied' })
    expect([await balance(next), await customerOf(next)]).toEqual([540, null])
    expect(await customerOf(former)).toBe(`cus_${former}`)
  })

  it('is linked by a completed subscription session, which credits nothing', async () => {
    const id = await signedUp()
    const session = {
      mode: 'subscription',
      customer: `cus_${id}`,
      payment_intent: null,
      metadata: { user_id: id },
    }
    expect(await deliver('stripe', topUp(id, session))).toMatchObject({ outcome: 'applied' })
    expect(await customerOf(id)).toBe(`cus_${id}`)
    expect(await balance(id)).toBe(40)
  })

  it('of a subscription session waits for its user', async () => {
    const id = randomId('user')
    const event = topUp(id, { mode: 'subscription', customer: `cus_${id}`, metadata: { user_id: id } })
    expect(await deliver('stripe', event)).toMatchObject({ outcome: 'parked', reason: 'unknown_user' })
    await signUp(id)
    expect(await customerOf(id)).toBe(`cus_${id}`)
  })
})

describe('a payment before its user', () => {
  it('is parked, and credited in the commit that brings the user', async () => {
    const id = randomId('user')
    const events = [topUp(id), topUp(id)]
    for (const event of events) {
      expect(await deliver('stripe', event)).toMatchObject({
        status: 200,
        outcome: 'parked',
        reason: 'unknown_user',
      })
    }
    expect(await balance(id)).toBeNull()
    expect(await signUp(id)).toMatchObject({
      outcome: 'applied',
    })

    expect(await balance(id)).toBe(1040)
    for (const event of events) {
      expect(await eventRow(event.id)).toMatchObject({
        outcome: 'applied',
        via: 'release',
        attempts: 2,
        effect: null,
      })
    }
  })

  it('stays parked while Stripe redelivers, and is credited once', async () => {
    const id = randomId('user')
    const event = topUp(id)
    await deliver('stripe', event)
    expect(await deliver('stripe', event)).toMatchObject({ outcome: 'parked', reason: 'unknown_user' })
    await signUp(id)
    expect(await deliver('stripe', event)).toMatchObject({
      outcome: 'duplicate',
      reason: 'already_processed',
    })
    expect(await balance(id)).toBe(540)
  })

  it('stays parked when it comes again while a setting is wrong', async () => {
    const id = randomId('user')
    const event = topUp(id)
    await deliver('stripe', event)
    const wrong = await deliver('stripe', event, { env: { STRIPE_SECRET_KEY: 'sk_live_0123456789abcdef' } })
    expect(wrong).toMatchObject({ outcome: 'ignored', reason: 'mode_mismatch' })
    await signUp(id)
    expect(await balance(id)).toBe(540)
  })

  it('is credited also when jsonb could not keep its payload', async () => {
    const id = randomId('user')
    const event = topUp(id, { customer_details: { name: 'A\u0000da' } })
    await deliver('stripe', event)
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'parked', payload: null })
    await signUp(id)
    expect(await balance(id)).toBe(540)
  })

  it('is released by the scheduled run when the two crossed', async () => {
    const id = randomId('user')
    const event = topUp(id)
    await deliver('stripe', event)
    await query('insert into wallets (user_id) values ($1)', [id])
    await query('insert into users (id) values ($1)', [id])
    await runScheduled()
    expect(await balance(id)).toBe(500)
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'applied', via: 'release' })
  })

  it('is released by the scheduled run although unreadable rows are many and large', async () => {
    await query(
      `insert into webhook_events (provider, event_id, type, outcome, reason, payload)
       select 'stripe', 'evt_large_' || n, $1, 'parked', 'unreadable', jsonb_build_object('padding', repeat(md5(n::text), 30000))
       from generate_series(1, 12) n`,
      [COMPLETED],
    )
    await query(
      `insert into waiting (subject, provider, event_id, occurred_at, retry_at)
       select 'event:evt_large_' || n, 'stripe', 'evt_large_' || n, now(), now() from generate_series(1, 12) n`,
    )
    const id = randomId('user')
    await deliver('stripe', topUp(id))
    await query('insert into wallets (user_id) values ($1)', [id])
    await query('insert into users (id) values ($1)', [id])
    await runScheduled()
    expect(await balance(id)).toBe(500)
    await query(`delete from waiting where event_id like 'evt_large_%'`)
    await query(`delete from webhook_events where event_id like 'evt_large_%'`)
  })

  it('that could not be read is read again by the scheduled run', async () => {
    const id = await signedUp()
    const event = topUp(id)
    await query(
      `insert into webhook_events (provider, event_id, type, outcome, reason, user_id, payload, occurred_at)
       values ('stripe', $1, $2, 'parked', 'unreadable', $3, $4, now())`,
      [event.id, event.type, id, JSON.stringify(event)],
    )
    await query(
      `insert into waiting (subject, provider, event_id, occurred_at, retry_at)
       values ('event:' || $1, 'stripe', $1, now(), now())`,
      [event.id],
    )
    await runScheduled()
    expect(await balance(id)).toBe(540)
  })

  it('that fails to be released holds up neither its user nor the others', async () => {
    const id = randomId('user')
    const [broken, sound] = [topUp(id), topUp(id)]
    await deliver('stripe', broken)
    await deliver('stripe', sound)
    await query(
      `update webhook_events set effect = jsonb_set(effect, '{facts,credits}', '-1') where event_id = $1`,
      [broken.id],
    )
    expect(await signUp(id)).toMatchObject({
      outcome: 'applied',
    })
    expect(await balance(id)).toBe(540)
    expect(await eventRow(broken.id)).toMatchObject({ outcome: 'parked', reason: 'unknown_user' })
    await runScheduled()
    expect(await balance(id)).toBe(540)
  })
})

describe('the old Dashboard test events', () => {
  it('share one event id, so each body is its own event', async () => {
    const first = { ...topUp('user_a', { metadata: {} }), id: 'evt_00000000000000' }
    const second = { ...topUp('user_b', { metadata: {} }), id: 'evt_00000000000000' }
    const answers = [await deliver('stripe', first), await deliver('stripe', second)]
    expect(answers).toMatchObject([{ reason: 'not_ours' }, { reason: 'not_ours' }])
    expect(new Set(answers.map((answer) => answer.event)).size).toBe(2)
    for (const answer of answers) expect(answer.event).toMatch(/^sha256:[0-9a-f]{64}$/)
    const again = await send('stripe', JSON.stringify(first))
    expect(await eventRow(((await again.json()) as { event: string }).event)).toMatchObject({ attempts: 2 })
  })
})

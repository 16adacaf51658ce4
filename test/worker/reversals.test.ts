import { describe, expect, it } from 'vitest'
import { checkoutEvent, randomId } from '../../local/events.ts'
import { type ReversalOptions, type ReversalType, reversalEvent } from '../../local/reversal-events.ts'
import { spend } from './account-support.ts'
import { during, heldEvent } from './held.ts'
import { leave, signUp } from './people.ts'
import { balance, deliver, eventRow, ledger, query, runScheduled, said } from './support.ts'

type About = Omit<ReversalOptions, 'payment'> & { payment?: string | null }

/** A user with 1000 credits that cost 999 minor units, so that no share of it is a whole number. */
function buyer() {
  const id = randomId('user')
  const payment = `pi_${id}`
  const session = { amount_total: 999 }
  const tell = async (type: ReversalType, about: About = {}) => {
    const answer = await deliver('stripe', reversalEvent(type, { payment, ...about }))
    expect(answer.status).toBe(200)
    return said(answer)
  }
  const refund = (amount: number, name = '1', about: About = {}) =>
    tell('refund.created', { id: `re_${name}_${payment}`, amount, ...about })
  return {
    id,
    payment,
    tell,
    refund,
    fail: (amount: number, name = '1') => tell('refund.failed', { id: `re_${name}_${payment}`, amount }),
    dispute: (event: string, about: About = {}) =>
      tell(`charge.dispute.${event}` as ReversalType, { amount: 999, ...about }),
    signUp: () => signUp(id),
    pay: (about: object = {}) =>
      deliver(
        'stripe',
        checkoutEvent('checkout.session.completed', { user: id, credits: 1000, payment, session, ...about }),
      ),
    /** The credits that are left of this payment, without the 40 of the signup. */
    left: async () => Number(await balance(id)) - 40,
    moves: async () => (await ledger(id)).slice(2).map(({ kind, amount }) => `${kind} ${amount}`),
  }
}

async function paid(about: object = {}) {
  const made = buyer()
  await made.signUp()
  expect(await made.pay(about)).toMatchObject({ outcome: 'applied' })
  return made
}

describe('a refund', () => {
  it('takes the share of the credits that it is of the money, rounded down, and all with the last of it', async () => {
    const { refund, left, moves } = await paid()
    expect(await refund(333, '1')).toBe('applied')
    expect(await left()).toBe(1000 - 333)
    expect(await refund(333, '2')).toBe('applied')
    expect(await left()).toBe(1000 - 666)
    expect(await refund(333, '3')).toBe('applied')
    expect(await left()).toBe(0)
    expect(await moves()).toEqual(['refund -333', 'refund -333', 'refund -334'])
  })

  it('takes once, whatever the number of its events; an update that moves no money is kept and has no effect', async () => {
    const { tell, refund, left, payment } = await paid()
    const event = randomId('evt')
    expect(await refund(500, '1', { event })).toBe('applied')
    expect(await refund(500, '1', { event })).toBe('duplicate already_processed')
    expect(await refund(500, '1')).toBe('ignored no_effect')
    const arn = { event: randomId('evt'), id: `re_1_${payment}`, amount: 500 }
    expect(await tell('refund.updated', arn)).toBe('ignored no_effect')
    expect(await eventRow(arn.event)).toMatchObject({ outcome: 'ignored', reason: 'no_effect', effect: null })
    expect(await tell('charge.refunded', { amount: 500 })).toBe('ignored no_effect')
    expect(await left()).toBe(500)
  })

  it.each(['pending', 'requires_action', 'succeeded'])('that is %s takes', async (status) => {
    const { refund, left } = await paid()
    expect(await refund(999, '1', { status })).toBe('applied')
    expect(await left()).toBe(0)
  })

  it('that fails or is cancelled gives back, for good, also when that is reported first', async () => {
    const { tell, refund, fail, left, moves, payment } = await paid()
    await refund(999, '1', { status: 'pending' })
    expect(await fail(999, '1')).toBe('applied')
    expect(await refund(999, '1')).toBe('ignored no_effect')
    expect(await fail(100, '2')).toBe('ignored no_effect')
    expect(await refund(100, '2')).toBe('ignored no_effect')
    await refund(200, '3', { status: 'requires_action' })
    expect(await tell('refund.updated', { id: `re_3_${payment}`, amount: 200, status: 'canceled' })).toBe(
      'applied',
    )
    expect(await left()).toBe(1000)
    expect(await moves()).toEqual([
      'refund -1000',
      'refund_reversal 1000',
      'refund -200',
      'refund_reversal 200',
    ])
  })

  it('is known by its charge’s total alone, of which the highest counts', async () => {
    const { tell, left } = await paid()
    expect(await tell('charge.refunded', { amount: 600 })).toBe('applied')
    expect(await tell('charge.refunded', { amount: 300 })).toBe('ignored no_effect')
    expect(await left()).toBe(1000 - 600)
  })

  it('takes what was spent already: the balance goes below zero, and nothing is spent until it is positive', async () => {
    const { id, refund, left, pay } = await paid()
    const take = async (amount: number) =>
      (await spend({ user_id: id, amount, idempotency_key: randomId('key') })).status
    expect(await take(900)).toBe(200)
    await refund(999)
    expect(await balance(id)).toBe(40 - 900)
    expect(await take(1)).toBe(402)
    await pay({ payment: randomId('pi') })
    expect(await take(1)).toBe(200)
    expect(await left()).toBe(99)
  })

  it('takes from a closed wallet all the same', async () => {
    const { id, refund } = await paid()
    await leave(id)
    expect(await refund(999)).toBe('applied')
    expect(await balance(id)).toBe(40)
  })

  it('of another currency is for a person, one of a payment of nothing takes nothing', async () => {
    const { refund, left } = await paid()
    expect(await refund(100, '1', { set: { currency: 'jpy' } })).toBe('rejected currency_mismatch')
    expect(await left()).toBe(1000)
    const free = await paid({ session: { amount_total: 0 } })
    expect(await free.refund(100)).toBe('ignored no_effect')
  })

  it('is not what was never captured of an authorization, which Stripe counts as refunded', async () => {
    const { tell, left } = await paid()
    const captured = { set: { amount: 1500, amount_captured: 999 } }
    expect(await tell('charge.refunded', { amount: 501, ...captured })).toBe('ignored no_effect')
    expect(await left()).toBe(1000)
    expect(await tell('charge.refunded', { amount: 501 + 333, ...captured })).toBe('applied')
    expect(await left()).toBe(1000 - 333)
  })

  it('that names its charge alone finds the payment once the charge is known', async () => {
    const { tell, refund, left, payment } = await paid()
    expect(await refund(100, '1', { payment: null, charge: `ch_${payment}` })).toBe('parked unknown_payment')
    expect(await tell('charge.refunded', { amount: 100 })).toBe('applied')
    expect(await refund(99, '2', { payment: null, charge: `ch_${payment}` })).toBe('applied')
    expect(await left()).toBe(1000 - 199)
  })

  it('of the largest amounts there are is exact', async () => {
    const most = Number.MAX_SAFE_INTEGER
    const { refund, left } = await paid({ credits: 1_000_000_000_000, session: { amount_total: most } })
    await refund(most - 1)
    expect(await left()).toBe(1)
    await refund(1, '2')
    expect(await left()).toBe(0)
  })
})

describe('a dispute', () => {
  it('takes when its funds are withdrawn, once, and gives back when it is won, however often that is said', async () => {
    const { dispute, left, moves } = await paid()
    expect(await dispute('created')).toBe('ignored no_effect')
    expect(await dispute('funds_withdrawn')).toBe('applied')
    expect(await left()).toBe(0)
    expect(await dispute('updated')).toBe('ignored no_effect')
    expect(await dispute('closed', { status: 'won' })).toBe('applied')
    expect(await dispute('funds_reinstated')).toBe('ignored no_effect')
    expect(await left()).toBe(1000)
    expect(await moves()).toEqual(['dispute -1000', 'dispute_reversal 1000'])
  })

  it('that was won stays won when earlier events come later', async () => {
    const { dispute, left } = await paid()
    expect(await dispute('funds_reinstated')).toBe('ignored no_effect')
    expect(await dispute('funds_withdrawn')).toBe('ignored no_effect')
    expect(await dispute('closed', { status: 'lost' })).toBe('ignored no_effect')
    expect(await left()).toBe(1000)
  })

  it('that was lost can be won later', async () => {
    const { dispute, left } = await paid()
    expect(await dispute('closed', { status: 'lost' })).toBe('applied')
    expect(await left()).toBe(0)
    expect(await dispute('updated', { status: 'won' })).toBe('applied')
    expect(await left()).toBe(1000)
  })

  it.each([
    'warning_needs_response',
    'warning_under_review',
    'warning_closed',
    'prevented',
    'appeal_under_review',
  ])('of status %s moves nothing, and is kept under its user', async (status) => {
    const { id, dispute, left } = await paid()
    const event = randomId('evt')
    expect(await dispute('created', { status, event })).toBe('ignored no_effect')
    expect(await dispute('closed', { status })).toBe('ignored no_effect')
    expect(await eventRow(event)).toMatchObject({ user_id: id })
    expect(await left()).toBe(1000)
  })

  it('beyond the charge, beside a refund, and beside another takes no more than there was', async () => {
    const { dispute, refund, left } = await paid()
    await refund(400)
    expect(await dispute('funds_withdrawn', { amount: 5000 })).toBe('applied')
    expect(await left()).toBe(0)
    expect(await dispute('funds_withdrawn', { id: randomId('dp') })).toBe('ignored no_effect')
    expect(await dispute('closed', { status: 'won', amount: 5000 })).toBe('ignored no_effect')
    expect(await left()).toBe(0)
  })
})

describe('before the purchase', () => {
  it('a refund and a dispute wait for the settlement, and take in its commit', async () => {
    const { id, refund, dispute, signUp, pay } = buyer()
    const event = randomId('evt')
    await signUp()
    expect(await refund(333, '1', { event })).toBe('parked unknown_payment')
    expect(await dispute('funds_withdrawn', { amount: 333 })).toBe('parked unknown_payment')
    expect(await dispute('created', { status: 'warning_needs_response' })).toBe('ignored no_effect')
    await pay()
    expect(await balance(id)).toBe(40 + 1000 - 666)
    expect(await eventRow(event)).toMatchObject({
      outcome: 'applied',
      via: 'release',
      effect: null,
      user_id: id,
    })
  })

  it('what turns out to have no effect is settled too', async () => {
    const { refund, tell, signUp, pay, left } = buyer()
    const [first, second] = [randomId('evt'), randomId('evt')]
    await refund(333, '1', { event: first })
    await tell('charge.refunded', { amount: 333, event: second })
    await signUp()
    await pay()
    expect(await left()).toBe(1000 - 333)
    const outcomes = [await eventRow(first), await eventRow(second)].map((row) => row?.outcome)
    expect(outcomes.sort()).toEqual(['applied', 'ignored'])
    expect(await eventRow(second)).toMatchObject({ effect: null })
  })

  it('of a payment that is itself parked for its user, all follow when the user comes', async () => {
    const { id, refund, fail, signUp, pay } = buyer()
    await refund(999)
    await refund(333, '2')
    expect((await pay()).outcome).toBe('parked')
    await fail(999)
    await signUp()
    expect(await balance(id)).toBe(40 + 1000 - 333)
  })

  it('that crosses with the settlement is corrected by whichever is second', async () => {
    const { id, refund, signUp, payment } = buyer()
    await signUp()
    const about = { user: id, credits: 1000, payment, session: { amount_total: 999 } }
    const purchase = checkoutEvent('checkout.session.completed', about)
    const [refunded] = await during([heldEvent(purchase, {}, Date.now())], () => [refund(999)])
    expect(refunded).toBe('applied')
    expect(await balance(id)).toBe(40)
  })

  it('that was still open when the settlement came is released by it', async () => {
    const { id, payment, signUp, pay } = buyer()
    await signUp()
    const refund = reversalEvent('refund.created', { payment, amount: 999 })
    const [settled] = await during([heldEvent(refund, {}, Date.now())], () => [pay()])
    expect(settled.outcome).toBe('applied')
    expect(await balance(id)).toBe(40)
  })

  it('is released by the scheduled run where another program stored the payment', async () => {
    const { id, payment, refund, signUp } = buyer()
    await signUp()
    expect(await refund(999)).toBe('parked unknown_payment')
    await query(
      `insert into payments (stripe_payment_id, user_id, credits, amount, currency) values ($1, $2, 1000, 999, 'usd')`,
      [payment, id],
    )
    await runScheduled()
    expect(await balance(id)).toBe(40 - 1000)
  })

  it('is given up as not ours after seven days, without its personal data where that is erased; a settlement still releases it', async () => {
    const { id, tell, signUp, pay } = buyer()
    const event = randomId('evt')
    await tell('charge.refunded', { amount: 999, event })
    const age = (days: number) =>
      query(`update webhook_events set received_at = now() - make_interval(days => $2) where event_id = $1`, [
        event,
        days,
      ])
    await age(6)
    await runScheduled()
    expect(await eventRow(event)).toMatchObject({ outcome: 'parked', reason: 'unknown_payment' })
    await age(8)
    await runScheduled({ USER_DELETION: 'delete' })
    expect(await eventRow(event)).toMatchObject({ outcome: 'ignored', reason: 'not_ours' })
    expect(JSON.stringify((await eventRow(event))?.payload)).not.toContain('Ada')
    await signUp()
    await pay()
    expect(await balance(id)).toBe(40)
    expect(await eventRow(event)).toMatchObject({ outcome: 'applied', via: 'release' })
  })
})

describe('at once', () => {
  it('two partial refunds take what both are, one after the other', async () => {
    const { payment, refund, left, moves } = await paid()
    const held = reversalEvent('refund.created', { payment, id: `re_1_${payment}`, amount: 500 })
    const [second] = await during(
      [heldEvent(held, {}, Date.now())],
      () => [refund(499, '2')],
      async () => expect(await left()).toBe(1000),
    )
    expect(second).toBe('applied')
    expect(await left()).toBe(0)
    expect(await moves()).toEqual(['refund -500', 'refund -500'])
  })

  it('20 refunds, each reported three times, with a dispute and its end, take what the rule says', async () => {
    const { refund, dispute, tell, left } = await paid()
    await Promise.all([
      ...Array.from({ length: 60 }, (_, i) => refund(20, String(i % 20))),
      dispute('funds_withdrawn'),
      dispute('closed', { status: 'won' }),
      tell('charge.refunded', { amount: 400 }),
    ])
    expect(await left()).toBe(1000 - Math.floor((1000 * 400) / 999))
  })
})

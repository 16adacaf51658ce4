import { describe, expect, it } from 'vitest'
import { checkoutEvent, randomId } from '../../local/events.ts'
import { type ReversalType, reversalEvent } from '../../local/reversal-events.ts'
import { atStripe, checkout, stripeList, stripeSession, type Told } from './checkout-support.ts'
import { logged } from './engine-support.ts'
import { signedUp, signUp } from './people.ts'
import {
  balance,
  deliver,
  eventRow,
  runScheduled,
  said,
  stripeAnswers,
  stripeCalls,
  stripeUrl,
} from './support.ts'

/** What the charge of 10.00 USD brought, in euro cents: the account is settled in euros. */
const BROUGHT = 920

/** A top-up of 10.00 USD for 500 credits, by a user who has 40, disputed in pounds. */
async function buyer({ brought = BROUGHT, currency = 'eur', amount = 1000 } = {}) {
  const id = randomId('user')
  const payment = `pi_${id}`
  await signUp(id)
  const session = { amount_total: amount, currency: 'usd' }
  await deliver(
    'stripe',
    checkoutEvent('checkout.session.completed', { user: id, credits: 500, payment, session }),
  )
  const scripted = {
    [`GET /v1/charges/ch_${payment}`]: {
      body: {
        id: `ch_${payment}`,
        object: 'charge',
        amount,
        currency: 'usd',
        balance_transaction: { id: 'txn_1', object: 'balance_transaction', amount: brought, currency },
      },
    },
  }
  const dispute = (type: ReversalType, status: string, moves: number[], event = randomId('evt')) =>
    reversalEvent(type, {
      event,
      payment,
      amount: 790,
      status,
      set: { currency: 'gbp', balance_transactions: moves.map((amount) => ({ amount, currency: 'eur' })) },
    })
  return {
    id,
    payment,
    dispute,
    stripeIsThere: () => stripeAnswers(scripted),
    refunded: (amount: number) =>
      deliver('stripe', reversalEvent('refund.created', { payment, amount, set: { currency: 'usd' } })),
    tell: async (type: ReversalType, status: string, moves: number[]) =>
      said(await deliver('stripe', dispute(type, status, moves))),
    left: async () => Number(await balance(id)) - 40,
  }
}

const WITHDRAWN = 'charge.dispute.funds_withdrawn'
const REINSTATED = 'charge.dispute.funds_reinstated'
const CLOSED = 'charge.dispute.closed'

describe('a dispute in another currency than its payment', () => {
  it.each<[string, number, number]>([
    ['takes its share of what the charge brought', -460, 250],
    ['takes all of it from 0.95 on, since rates move', -874, 0],
    ['takes all of it where the rate went the other way', -1010, 0],
    ['takes less than that below', -828, 50],
  ])('%s', async (_says, withdrawn, expected) => {
    const { tell, left, stripeIsThere, payment } = await buyer()
    await stripeIsThere()
    expect(await tell(WITHDRAWN, 'needs_response', [withdrawn])).toBe('applied')
    expect(await left()).toBe(expected)
    expect(await stripeCalls(`ch_${payment}`)).toEqual([`GET /v1/charges/ch_${payment}`])
  })

  it('waits while Stripe does not say what the charge brought, and follows by itself', async () => {
    const { dispute, left, stripeIsThere } = await buyer()
    const event = randomId('evt')
    const answer = await deliver('stripe', dispute(WITHDRAWN, 'needs_response', [-460], event))
    expect([said(answer), await left()]).toEqual(['parked currency_mismatch', 500])
    await stripeIsThere()
    await runScheduled()
    expect([await left(), (await eventRow(event))?.outcome]).toEqual([250, 'applied'])
  })

  it('stays for a person where the account was settled in another currency then', async () => {
    const { tell, left, stripeIsThere } = await buyer({ currency: 'chf' })
    await stripeIsThere()
    expect(await tell(WITHDRAWN, 'needs_response', [-460])).toBe('parked currency_mismatch')
    const lines = await logged(() => runScheduled({}, 'attention'))
    expect(lines).toContainEqual(expect.objectContaining({ outcome: 'parked', reason: 'currency_mismatch' }))
    expect(await left()).toBe(500)
  })

  it('asks nothing where it holds nothing', async () => {
    const { tell, left, payment } = await buyer()
    expect(await tell(CLOSED, 'won', [-920, 920])).toBe('ignored no_effect')
    expect(await tell('charge.dispute.created', 'warning_needs_response', [])).toBe('ignored no_effect')
    expect([await left(), await stripeCalls(payment)]).toEqual([500, []])
  })

  it('that is won gives back', async () => {
    const { tell, left, stripeIsThere } = await buyer()
    await stripeIsThere()
    await tell(WITHDRAWN, 'needs_response', [-960])
    expect(await left()).toBe(0)
    expect(await tell(CLOSED, 'won', [-960, 931])).toBe('applied')
    expect(await left()).toBe(500)
  })
})

describe('a charge that was partly refunded, disputed in full in another currency and lost', () => {
  it.each<[string, number]>([
    ['at the rate of the charge', 368],
    ['at the rate of the withdrawal', 404],
    ['at a rate 4 % below', 354],
    ['at a rate 4 % above', 382],
  ])('frees the refunded part that is reinstated %s, in every order', async (_rate, back) => {
    for (const order of [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ]) {
      const { tell, refunded, left, stripeIsThere } = await buyer()
      await stripeIsThere()
      const events = [
        () => refunded(400),
        () => tell(WITHDRAWN, 'needs_response', [-1010]),
        () => tell(REINSTATED, 'lost', [-1010, back]),
      ]
      for (const number of order) await events[number]?.()
      // 400 are refunded and 600 held: nothing is left, and nothing is taken twice.
      expect([order, await left()]).toEqual([order, 0])
    }
  })

  it('frees another part by its share', async () => {
    const { tell, refunded, left, stripeIsThere } = await buyer()
    await stripeIsThere()
    await refunded(400)
    // Half of it came back: 500 are held besides 400 that were refunded.
    await tell(REINSTATED, 'lost', [-920, 460])
    expect(await left()).toBe(50)
  })
})

it('all of it happens at the local Stripe: bought, settled in euros, disputed in pounds', async () => {
  const id = await signedUp()
  const { body } = await checkout(id)
  const tellAll = async ({ events }: Told) => {
    for (const event of events) await deliver('stripe', event, { env: { STRIPE_API_BASE: stripeUrl } })
  }
  await tellAll(await atStripe(`sessions/${body.id}/pay`))
  const { payment_intent } = await stripeSession(body.id)
  expect(await balance(id)).toBe(540)
  const charges = await stripeList<{ id: string; payment_intent: string }>('charges')
  const charge = charges.find((one) => one.payment_intent === payment_intent)?.id
  await atStripe(`charges/${charge}/settle`, { amount: 600, currency: 'eur' })
  const opened = await atStripe(`charges/${charge}/dispute`, { currency: 'gbp', amount: 260, withdrawn: 300 })
  await tellAll(opened)
  expect(await balance(id)).toBe(290)
  await tellAll(await atStripe(`disputes/${opened.object.id}/win`))
  expect(await balance(id)).toBe(540)
})

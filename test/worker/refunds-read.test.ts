import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkoutEvent, randomId } from '../../local/events.ts'
import { type ReversalOptions, type ReversalType, reversalEvent } from '../../local/reversal-events.ts'
import { logged } from './engine-support.ts'
import { signUp } from './people.ts'
import { HISTORIES, playing } from './random-histories.ts'
import { balance, deliver, eventRow, ledger, runScheduled, said, stripeAnswers } from './support.ts'

interface AtStripe {
  id: string
  amount: number
  status: string
}

/** A payment of 10.00 for 1000 credits, and its refunds as Stripe has them. */
async function paid(...refunds: [string, number, string][]) {
  const id = randomId('user')
  const payment = `pi_${id}`
  await signUp(id)
  await deliver(
    'stripe',
    checkoutEvent('checkout.session.completed', {
      user: id,
      credits: 1000,
      payment,
      session: { amount_total: 1000 },
    }),
  )
  const tell = async (type: ReversalType, about: Omit<ReversalOptions, 'payment'>) =>
    said(await deliver('stripe', reversalEvent(type, { payment, ...about })))
  const named = (name: string) => `re_${name}_${payment}`
  return {
    id,
    payment,
    named,
    stripeIsThere: () =>
      script(
        payment,
        refunds.map(([name, amount, status]) => ({ id: named(name), amount, status })),
      ),
    total: (amount: number, event = randomId('evt')) => tell('charge.refunded', { amount, event }),
    made: (name: string, amount: number) => tell('refund.created', { id: named(name), amount }),
    fail: (name: string, amount: number, event = randomId('evt')) =>
      tell('refund.failed', { id: named(name), amount, event }),
    left: async () => Number(await balance(id)) - 40,
    moves: async () => (await ledger(id)).slice(2).map(({ kind, amount }) => `${kind} ${amount}`),
  }
}

const script = (payment: string, refunds: AtStripe[]) =>
  stripeAnswers({
    [`GET /v1/refunds?payment_intent=${payment}`]: {
      body: {
        object: 'list',
        url: '/v1/refunds',
        has_more: false,
        data: refunds.map((refund) => ({ ...refund, object: 'refund', currency: 'usd' })),
      },
    },
  })
describe('a refund that only its charge has reported, and another that fails', () => {
  it('gives nothing back but what failed', async () => {
    const { total, fail, left, stripeIsThere } = await paid(['a', 300, 'succeeded'], ['b', 400, 'failed'])
    await stripeIsThere()
    expect(await total(300)).toBe('applied')
    expect(await fail('b', 400)).toBe('ignored no_effect')
    expect(await left()).toBe(700)
  })

  it('of the same amount is not taken for it', async () => {
    const { total, fail, left, stripeIsThere } = await paid(['a', 300, 'succeeded'], ['b', 300, 'failed'])
    await stripeIsThere()
    await total(300)
    await fail('b', 300)
    expect(await left()).toBe(700)
  })

  it('that is made after the failure takes, though its charge’s total is what failed', async () => {
    const { total, fail, left, stripeIsThere } = await paid(['a', 500, 'failed'], ['b', 500, 'succeeded'])
    await stripeIsThere()
    await fail('a', 500)
    expect(await total(500)).toBe('applied')
    expect(await left()).toBe(500)
  })

  it('waits while Stripe is away, keeps what is certain, and follows by itself', async () => {
    const { total, fail, left, stripeIsThere } = await paid(['a', 200, 'succeeded'], ['b', 400, 'failed'])
    const event = randomId('evt')
    await total(600)
    expect(await fail('b', 400, event)).toBe('parked incomplete_refunds')
    expect(await left()).toBe(400)
    const lines = await logged(() => runScheduled({}, 'attention'))
    expect(lines).toContainEqual(expect.objectContaining({ outcome: 'parked', reason: 'incomplete_refunds' }))
    await stripeIsThere()
    await runScheduled()
    expect([await left(), (await eventRow(event))?.outcome]).toEqual([800, 'applied'])
  })
})

describe('a refund of which everything is reported', () => {
  it('fails, and is read, so that nothing is guessed', async () => {
    const { made, total, fail, left, moves, stripeIsThere } = await paid(['a', 400, 'failed'])
    await stripeIsThere()
    await made('a', 400)
    expect(await total(400)).toBe('ignored no_effect')
    expect(await fail('a', 400)).toBe('applied')
    expect(await moves()).toEqual(['refund -400', 'refund_reversal 400'])
    expect(await left()).toBe(1000)
  })

  it('fails while Stripe is away: a total that the known refunds add up to is theirs', async () => {
    const { made, total, fail, left } = await paid()
    await made('a', 400)
    await made('b', 100)
    await total(400)
    await total(500)
    expect(await fail('a', 400)).toBe('applied')
    expect(await left()).toBe(900)
    expect(await total(400)).toBe('ignored no_effect')
    expect(await left()).toBe(900)
  })
})

/** A refund as it really was, and whether its own event reported it before it failed. */
interface Refund {
  amount: number
  fails: boolean
  isTold: boolean
}
const truth = fc.record({
  refunds: fc.array(
    fc.record({ amount: fc.integer({ min: 1, max: 200 }), fails: fc.boolean(), isTold: fc.boolean() }),
    { minLength: 1, maxLength: 5 },
  ),
  order: fc.array(fc.nat(), { minLength: 20, maxLength: 20 }),
})

/** The events of such refunds: for some only their charge's total, and each failure. */
function eventsOf(refunds: Refund[], payment: string): object[] {
  let total = 0
  return refunds.flatMap(({ amount, fails, isTold }, number) => {
    const id = `re_${number}_${payment}`
    total += amount
    const told = [
      reversalEvent('charge.refunded', { payment, amount: total }),
      ...(isTold ? [reversalEvent('refund.created', { payment, id, amount })] : []),
      ...(fails ? [reversalEvent('refund.failed', { payment, id, amount })] : []),
    ]
    // Stripe removes a failed refund from the total, which the next event reports.
    if (fails) total -= amount
    return told
  })
}

it('whichever of its events come, and in whatever order, the credits follow the refunds that stand', {
  timeout: 3_600_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(truth, async ({ refunds, order }) => {
      const { payment, left } = await paid()
      await script(
        payment,
        refunds.map(({ amount, fails }, number) => ({
          id: `re_${number}_${payment}`,
          amount,
          status: fails ? 'failed' : 'succeeded',
        })),
      )
      const events = eventsOf(refunds, payment)
        .map((event, number) => ({ event, rank: order[number] ?? 0 }))
        .sort((a, b) => a.rank - b.rank)
      for (const { event } of events) expect((await deliver('stripe', event)).status).toBe(200)
      const standing = refunds.filter(({ fails }) => !fails).reduce((sum, { amount }) => sum + amount, 0)
      expect(await left()).toBe(1000 - standing)
    }),
    playing(Math.ceil(HISTORIES / 4)),
  )
})

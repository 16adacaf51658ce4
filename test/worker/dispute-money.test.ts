import { describe, expect, it } from 'vitest'
import { checkoutEvent, randomId } from '../../local/events.ts'
import { type ReversalType, reversalEvent } from '../../local/reversal-events.ts'
import { signUp } from './people.ts'
import { balance, deliver, settleDown } from './support.ts'

/** A top-up of 10.00 for 500 credits, by a user who has 40. */
function buyer() {
  const id = randomId('user')
  const payment = `pi_${id}`
  const session = { amount_total: 1000 }
  const dispute = (type: ReversalType, status: string, ...moves: number[]) =>
    reversalEvent(type, {
      payment,
      amount: 1000,
      status,
      set: { balance_transactions: moves.map((amount) => ({ amount })) },
    })
  return {
    id,
    signUp: () => signUp(id),
    bought: checkoutEvent('checkout.session.completed', { user: id, credits: 500, payment, session }),
    refunded: (amount: number) => reversalEvent('refund.created', { payment, amount }),
    dispute,
  }
}

/** People at a time. With more, deliveries time out on a busy machine. */
const TOGETHER = 12

function* orders<T>(of: T[]): Generator<T[]> {
  if (of.length < 2) yield of
  for (const [i, first] of of.entries()) {
    for (const rest of of.length < 2 ? [] : orders([...of.slice(0, i), ...of.slice(i + 1)]))
      yield [first, ...rest]
  }
}

describe('a charge that was partly refunded, disputed in full and lost', () => {
  it('frees only the part that Stripe reinstates, whatever the order of the events', async () => {
    const lostThenReinstated = ({ bought, refunded, dispute }: ReturnType<typeof buyer>) => [
      bought,
      refunded(400),
      dispute('charge.dispute.funds_withdrawn', 'needs_response', -1000),
      dispute('charge.dispute.closed', 'lost', -1000),
      dispute('charge.dispute.funds_reinstated', 'lost', -1000, 400),
    ]
    const numbers = [...orders([0, 1, 2, 3, 4])]
    expect(numbers).toHaveLength(120)
    const played: { order: number[]; id: string }[] = []
    const play = async (order: number[]) => {
      const person = buyer()
      await person.signUp()
      const events = lostThenReinstated(person)
      for (const number of order)
        expect(await deliver('stripe', events[number] ?? {})).toMatchObject({ status: 200 })
      played.push({ order, id: person.id })
    }
    for (let at = 0; at < numbers.length; at += TOGETHER)
      await Promise.all(numbers.slice(at, at + TOGETHER).map(play))
    await settleDown()
    expect(played).toHaveLength(120)
    for (const { order, id } of played) expect([order, await balance(id)]).toEqual([order, 40])
  })
})

describe('two reports of a dispute that rank the same', () => {
  it.each([
    [400, 1000],
    [1000, 400],
  ])('end at what holds more, in either order: %i, %i', async (...amounts) => {
    const { id, signUp, bought } = buyer()
    await signUp()
    await deliver('stripe', bought)
    for (const amount of amounts) {
      const told = { payment: `pi_${id}`, amount, status: 'needs_response' }
      await deliver('stripe', reversalEvent('charge.dispute.funds_withdrawn', told))
    }
    expect(await balance(id)).toBe(40)
  })
})

describe('a dispute', () => {
  it.each<[string, [ReversalType, string, number[]][], number]>([
    ['holds all that was withdrawn', [['charge.dispute.funds_withdrawn', 'needs_response', [-1000]]], 40],
    [
      'holds nothing once everything is reinstated, though it is lost',
      [['charge.dispute.funds_reinstated', 'lost', [-1000, 1000]]],
      540,
    ],
    [
      'holds all again when it is withdrawn again',
      [['charge.dispute.updated', 'under_review', [-1000, 1000, -1000]]],
      40,
    ],
    [
      'holds a part in another settlement currency',
      [['charge.dispute.closed', 'lost', [-1840, 460]]],
      40 + 125,
    ],
    ['holds nothing once it is won', [['charge.dispute.closed', 'won', [-1000]]], 540],
    [
      'that is won is not lost by an event that is older',
      [
        ['charge.dispute.closed', 'won', [-1000, 1000]],
        ['charge.dispute.closed', 'lost', [-1000]],
      ],
      540,
    ],
    ['that is an inquiry holds nothing', [['charge.dispute.created', 'warning_needs_response', []]], 540],
  ])('%s', async (_says, events, expected) => {
    const { id, bought, dispute, signUp } = buyer()
    await signUp()
    await deliver('stripe', bought)
    for (const [type, status, moves] of events) await deliver('stripe', dispute(type, status, ...moves))
    expect(await balance(id)).toBe(expected)
  })
})

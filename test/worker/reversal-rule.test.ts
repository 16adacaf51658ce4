import fc from 'fast-check'
import { expect, it } from 'vitest'
import { checkoutEvent, randomId } from '../../local/events.ts'
import { reversalEvent } from '../../local/reversal-events.ts'
import { signUp } from './people.ts'
import { HISTORIES, playing } from './random-histories.ts'
import { deliver, ledger, query, runScheduled, settleDown } from './support.ts'

const DISPUTE_EVENTS = {
  withdrawn: ['charge.dispute.funds_withdrawn', 'needs_response'],
  lost: ['charge.dispute.closed', 'lost'],
  reinstated: ['charge.dispute.funds_reinstated', 'under_review'],
  won: ['charge.dispute.closed', 'won'],
  inquiry: ['charge.dispute.created', 'warning_needs_response'],
  open: ['charge.dispute.updated', 'under_review'],
} as const

/** One event about a payment. Refunds and disputes are numbers. An amount may exceed the payment's. */
type Told =
  | { of: 'refund'; number: number; status: 'pending' | 'succeeded' | 'canceled' | 'failed' }
  | { of: 'charge'; total: number }
  /** `moves`: how many of its balance transactions the event has. Older events have none of them. */
  | { of: 'dispute'; number: number; did: keyof typeof DISPUTE_EVENTS; moves: number }

interface Case {
  credits: number
  amount: number
  /** Of each refund and dispute. */
  refunds: number[]
  disputes: number[]
  /** The percentage of each dispute that is reinstated, and then withdrawn again. */
  reinstated: number[]
  told: Told[]
  /** The order of the events (including the purchase), how often each arrives, and how many at once. */
  order: number[]
  repeat: number[]
  together: number[]
}

const told: fc.Arbitrary<Told> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      of: fc.constant('refund' as const),
      number: fc.nat(3),
      status: fc.constantFrom('pending' as const, 'succeeded', 'succeeded', 'canceled', 'failed'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ of: fc.constant('charge' as const), total: fc.nat(1200) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      of: fc.constant('dispute' as const),
      number: fc.nat(1),
      did: fc.constantFrom('withdrawn' as const, 'withdrawn', 'lost', 'reinstated', 'won', 'inquiry', 'open'),
      moves: fc.constantFrom(0, 0, 1, 2, 3),
    }),
  },
)
const world: fc.Arbitrary<Case> = fc.record({
  credits: fc.integer({ min: 1, max: 5000 }),
  amount: fc.integer({ min: 0, max: 1000 }),
  refunds: fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 4, maxLength: 4 }),
  disputes: fc.array(fc.integer({ min: 1, max: 1500 }), { minLength: 2, maxLength: 2 }),
  reinstated: fc.array(fc.nat(100), { minLength: 2, maxLength: 2 }),
  told: fc.array(told, { minLength: 1, maxLength: 12 }),
  order: fc.array(fc.nat(), { minLength: 40, maxLength: 40 }),
  repeat: fc.array(fc.nat(2), { minLength: 13, maxLength: 13 }),
  together: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 40, maxLength: 40 }),
})

/** Returns the first of a dispute's balance transactions, in the settlement currency: twice the amount. */
function movesOf({ disputes, reinstated }: Case, number: number, count: number): { amount: number }[] {
  const withdrawn = (disputes[number] ?? 0) * 2
  const back = Math.floor((withdrawn * (reinstated[number] ?? 0)) / 100)
  return [-withdrawn, back, -back].slice(0, count).map((amount) => ({ amount }))
}

/**
 * Returns the amount that a dispute holds: what its newest known transactions leave withdrawn. Nothing once it is won.
 */
function heldBy(number: number, of: Case): number {
  const reports = of.told.flatMap((one) =>
    one.of === 'dispute' && one.number === number && one.did !== 'inquiry' ? [one] : [],
  )
  const newest = Math.max(0, ...reports.map(({ moves }) => moves))
  const did = reports.filter(({ moves }) => moves === newest).map((report) => report.did)
  if (did.includes('won')) return 0
  const amount = of.disputes[number] ?? 0
  if (newest > 0) {
    const left = -movesOf(of, number, newest).reduce((sum, move) => sum + move.amount, 0)
    return Math.round((left / (2 * amount)) * amount)
  }
  return !did.includes('reinstated') && (did.includes('withdrawn') || did.includes('lost')) ? amount : 0
}

/** Returns the possible sums of some or all of these refunds: no other refund reports such a total. */
function sumsOf(refunds: number[]): Set<number> {
  const sums = new Set([0])
  for (const refund of refunds) for (const sum of [...sums]) sums.add(sum + refund)
  return sums
}

/** The rule in another implementation: from all events, regardless of their order. */
function creditsGone(of: Case): number {
  const { credits, amount, refunds, disputes, told } = of
  const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0)
  const statuses = refunds.map((_, number) =>
    told.flatMap((one) => (one.of === 'refund' && one.number === number ? [one.status] : [])),
  )
  const ended = (number: number) =>
    statuses[number]?.some((status) => status === 'failed' || status === 'canceled') ?? false
  const known = refunds.filter((_, number) => statuses[number]?.length && !ended(number))
  const failed = refunds.filter((_, number) => ended(number))
  const sums = sumsOf([...known, ...failed])
  const totals = told.flatMap((one) => (one.of === 'charge' && !sums.has(one.total) ? [one.total] : []))
  const held = disputes.map((_, number) => heldBy(number, of))
  const refunded = Math.max(sum(known), ...totals)
  const gone = Math.min(amount, refunded + sum(held))
  if (amount === 0) return 0
  return gone === amount ? credits : Math.floor((credits * gone) / amount)
}

function eventOf(one: Told, of: Case, payment: string): object {
  const { refunds, disputes } = of
  if (one.of === 'charge') return reversalEvent('charge.refunded', { payment, amount: one.total })
  const id = `${one.of}_${one.number}_${payment}`
  if (one.of === 'refund') {
    const type = ({ failed: 'refund.failed', pending: 'refund.created' } as const)[String(one.status)]
    return reversalEvent(type ?? 'refund.updated', {
      payment,
      id,
      amount: refunds[one.number] ?? 0,
      status: one.status,
    })
  }
  const [type, status] = DISPUTE_EVENTS[one.did]
  return reversalEvent(type, {
    payment,
    id,
    amount: disputes[one.number] ?? 0,
    status,
    set: { balance_transactions: movesOf(of, one.number, one.did === 'inquiry' ? 0 : one.moves) },
  })
}

/** Every event at least once, in some order, in groups that are each delivered at once. */
async function tell(events: object[], { order, repeat, together }: Case): Promise<void> {
  const waiting = events
    .flatMap((event, i) => Array.from({ length: 1 + (repeat[i] ?? 0) }, () => event))
    .map((event, i) => ({ event, rank: order[i] ?? 0 }))
    .sort((a, b) => a.rank - b.rank)
  for (let group = 0; waiting.length > 0; group++) {
    const answers = await Promise.all(
      waiting.splice(0, together[group] ?? 1).map(({ event }) => deliver('stripe', event)),
    )
    for (const { status } of answers) expect(status).toBe(200)
  }
}

/** The scheduled run retries what could not be read from Stripe, which is away here. Afterwards nothing waits. */
async function tryAgain(): Promise<void> {
  for (let run = 0; run < 20; run++) {
    const untried = await query(`select from waiting where tries = 0 and retry_at is not null limit 1`)
    if (untried.length === 0) break
    await query(`update waiting set retry_at = null where tries > 0`)
    await runScheduled({}, 'retry_due')
  }
  await query('delete from waiting')
}

const RUNS = Math.ceil(HISTORIES * 1.5)

it(`the credits taken are those of the rule, after each of ${RUNS} random histories`, {
  timeout: 3_600_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(world, async (of) => {
      const user = randomId('user')
      const payment = `pi_${user}`
      await signUp(user)
      const session = { amount_total: of.amount }
      const { credits } = of
      const purchase = checkoutEvent('checkout.session.completed', { user, credits, payment, session })
      await tell([purchase, ...of.told.map((one) => eventOf(one, of, payment))], of)
      await settleDown()
      await tryAgain()

      const entries = (await ledger(user)).filter(({ stripe_payment_id }) => stripe_payment_id === payment)
      let left = 0
      for (const { amount } of entries) {
        left += Number(amount)
        expect(left).toBeGreaterThanOrEqual(0)
        expect(left).toBeLessThanOrEqual(credits)
      }
      expect(left).toBe(credits - creditsGone(of))
    }),
    playing(RUNS),
  )
  expect(
    await query(
      `select event_id from webhook_events where outcome = 'parked' and reason <> 'incomplete_refunds'`,
    ),
  ).toEqual([])
})

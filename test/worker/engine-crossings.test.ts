import { describe, expect, it } from 'vitest'
import { billingEvent, invoiceEvent, subscriptionEvent } from '../../local/billing-events.ts'
import { checkoutEvent, clerkEvent } from '../../local/events.ts'
import { reversalEvent } from '../../local/reversal-events.ts'
import { atOnce, count, deadlocks, makeDue, makeOnlyDue, scheduled, wrongBalances } from './engine-support.ts'
import { deliver, query, stripeAnswers } from './support.ts'

const DELIVERIES = 3_000
const AT_A_TIME = 60
const T = Date.parse('2026-05-01T12:00:00Z')
const PLANS = JSON.stringify({ price_pro: { key: 'pro', credits: 100 } })

/** Numbers that look random, the same in every run. */
function dice(seed: number) {
  let state = seed
  return (sides: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * sides)
  }
}

type Delivery = ['clerk' | 'stripe', object]

/** Few names for many events, so that everything meets everything. */
function world(prefix: string, roll: (sides: number) => number) {
  const one = (kind: string, of: number) => `${kind}_${prefix}_${roll(of)}`
  const user = () => one('user', 60)
  const maybeUser = () => (roll(2) ? user() : null)
  const customer = () => one('cus', 40)
  const payment = () => one('pi', 150)
  const moment = () => ({ at: T + roll(40) * 1000 })
  const stamped = (object: object): Delivery => ['stripe', object]

  const signUp = (type: 'user.created' | 'user.updated'): Delivery => {
    const email = `${one('address', 15)}@example.com`
    return ['clerk', clerkEvent(type, { user: user(), email, verified: roll(5) > 0, ...moment() })]
  }
  const topUp = (): Delivery => {
    const who = user()
    const named = { user: who, payment: payment(), session: { customer: roll(3) ? customer() : null } }
    return stamped(checkoutEvent('checkout.session.completed', { ...named, ...moment() }))
  }
  const link = (): Delivery => {
    const session = { mode: 'subscription', customer: customer(), payment_intent: null }
    return stamped(checkoutEvent('checkout.session.completed', { user: user(), session, ...moment() }))
  }
  const subscription = (): Delivery => {
    const type = roll(3) ? 'customer.subscription.updated' : 'customer.subscription.created'
    const status = ['active', 'past_due', 'trialing'][roll(3)]
    const names = { subscription: one('sub', 50), customer: customer(), user: maybeUser() }
    return stamped(subscriptionEvent(type, { ...names, ...moment(), set: { status } }))
  }
  const invoice = (): Delivery => {
    const names = { subscription: one('sub', 50), customer: customer(), user: maybeUser() }
    const period = { price: 'price_pro', periodStart: T / 1000 + roll(6) * 86_400 }
    const set = roll(2) ? { payment_intent: payment() } : {}
    const made = { invoice: one('in', 150), ...names, ...period, set, ...moment() }
    return stamped(invoiceEvent('invoice.paid', made))
  }
  const paidBy = (): Delivery =>
    stamped(
      billingEvent('invoice_payment.paid', {
        invoice: one('in', 150),
        payment: { payment_intent: payment() },
      }),
    )
  const reversal = (): Delivery => {
    const type = (['refund.created', 'charge.refunded', 'charge.dispute.funds_withdrawn'] as const)[roll(3)]
    const made = { payment: payment(), amount: 100 * (1 + roll(5)), ...moment() }
    return stamped(reversalEvent(type ?? 'refund.created', made))
  }

  return (): Delivery => {
    const kind = roll(100)
    if (kind < 14) return signUp('user.created')
    if (kind < 26) return signUp('user.updated')
    if (kind < 42) return topUp()
    if (kind < 52) return link()
    if (kind < 66) return subscription()
    if (kind < 78) return invoice()
    if (kind < 84) return paidBy()
    if (kind < 95) return reversal()
    if (kind < 98) return ['clerk', clerkEvent('user.deleted', { user: user() })]
    return stamped(billingEvent('customer.deleted', { id: customer() }))
  }
}

/** Scheduled runs of these tasks, one after the other, until the work beside them is done. Returns how many. */
async function runBeside(env: object, isOver: () => boolean, ...names: string[]): Promise<number> {
  let runs = 0
  for (; !isOver(); runs++) {
    await makeDue(...names)
    await scheduled(env)
  }
  return runs
}

describe('deliveries whose customers and users cross, with scheduled runs beside', () => {
  it.each(['deactivate', 'delete'])(
    '3,000 of them, 60 at a time, end without a 503 and without a deadlock: USER_DELETION="%s"',
    async (USER_DELETION) => {
      // What failed is tried again while they come, not a minute later.
      await query(`create or replace function next_try(tries integer) returns timestamptz language sql stable
        as $$ select pg_catalog.now() + interval '300 milliseconds' $$`)
      const ended = { status: 200, body: { status: 'canceled' } }
      const ids = Array.from({ length: 50 }, (_, i) => `sub_${USER_DELETION}_${i}`)
      await stripeAnswers(Object.fromEntries(ids.map((id) => [`DELETE /v1/subscriptions/${id}`, ended])))
      const before = await deadlocks()

      const env = { USER_DELETION, PLANS }
      const next = world(USER_DELETION, dice(USER_DELETION.length))
      const events = Array.from({ length: DELIVERIES }, next)
      let isOver = false
      const work = atOnce(
        AT_A_TIME,
        events.map(
          ([provider, event]) =>
            () =>
              deliver(provider, event, { env }),
        ),
      ).finally(() => {
        isOver = true
      })
      const runs = ['release_arrived', 'retry_due', 'erase_payloads', 'mark_orphans', 'cancel_orphans'].map(
        (name) => runBeside(env, () => isOver, name),
      )
      const answers = await work
      for (const number of await Promise.all(runs)) expect(number).toBeGreaterThan(5)
      expect(answers.filter(({ status }) => status !== 200)).toEqual([])
      expect(await deadlocks(), 'deadlocks').toBe(before)
      expect(await wrongBalances()).toEqual([])

      // Every kind has met its like, else this proves nothing.
      for (const table of ['payments', 'reversals', 'subscriptions', 'invoice_payments', 'stripe_customers'])
        expect(await count(table), table).toBeGreaterThan(20)
      for (let run = 0; run < 10; run++) {
        // What a lock has kept away would have its turn half a minute later.
        await query('update arrived set due_at = now()')
        await makeOnlyDue('release_arrived', 'erase_payloads')
        await scheduled(env)
      }
      expect(await query('select * from arrived'), 'left to be released').toEqual([])
      const [slice] = await query<{ found: { overlooked: number } }>(
        `select find_overlooked('{"most": 100000}') as found`,
      )
      expect(slice?.found.overlooked, 'overlooked').toBe(0)
    },
    120_000,
  )
})

import { describe, expect, it } from 'vitest'
import { atOnce, count, deadlocks, makeDue, makeOnlyDue, scheduled, wrongBalances } from './engine-support.ts'
import { deliver, query, stripeAnswers } from './support.ts'
import { dice, PLANS, world } from './world.ts'

const DELIVERIES = 3_000
const AT_A_TIME = 60
/**
 * Starts scheduled runs of these tasks, one after the other, until the concurrent work is done. Returns their number.
 */
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
      // A failed delivery is retried during the test, not a minute later.
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

      // Every kind has met every other, or this would prove nothing.
      for (const table of ['payments', 'reversals', 'subscriptions', 'invoice_payments', 'stripe_customers'])
        expect(await count(table), table).toBeGreaterThan(20)
      for (let run = 0; run < 10; run++) {
        // A task that a lock kept away would be due half a minute later.
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

import { expect, inject, it } from 'vitest'
import { atOnce, count, deadlocks, makeOnlyDue, scheduled, wrongBalances } from './engine-support.ts'
import { consume, type Message, messageOf } from './queue-support.ts'
import { deliver, query } from './support.ts'
import { type Delivery, dice, PLANS, world } from './world.ts'

const DELIVERIES = inject('deliveries')
const SINGLE_AT_ONCE = 16
/** The most consumers that run at once. */
const BATCHES_AT_ONCE = 4

const roll = dice(7)

function queued([provider, event]: Delivery, number: number): Message {
  const event_id = provider === 'stripe' ? (event as { id: string }).id : `msg_${number}_crossing`
  const body = {
    v: 1,
    provider,
    event_id,
    body: JSON.stringify(event),
    received_at: new Date().toISOString(),
  }
  return messageOf(body, number)
}

/** Adds a copy of every tenth message, in the same batch or in one of the next, as a queue that delivers twice may. */
function withCopies(messages: Message[]): Message[] {
  const copied = [...messages]
  for (const [number, message] of messages.entries()) {
    if (number % 10 !== 0) continue
    const place = copied.indexOf(message) + 1 + roll(150)
    copied.splice(place, 0, { ...message, id: `${message.id}_again` })
  }
  return copied
}

it(`${DELIVERIES} random deliveries, single ones and batches at the same time, end without a 503 and without a deadlock`, {
  timeout: 120_000 + DELIVERIES * 100,
}, async () => {
  // A failed delivery is retried during the test, not a minute later.
  await query(`create or replace function next_try(tries integer) returns timestamptz language sql stable
    as $$ select pg_catalog.now() + interval '300 milliseconds' $$`)
  const env = { PLANS }
  const before = await deadlocks()
  const events = Array.from({ length: DELIVERIES }, world('batches', roll))
  const waiting = withCopies(events.filter((_, number) => number % 2 === 0).map(queued))
  const single = events.filter((_, number) => number % 2 === 1)
  let batches = 0

  const consumer = async () => {
    for (;;) {
      const batch = waiting.splice(0, 50)
      if (batch.length === 0) return
      const { retried } = await consume(batch, env)
      batches++
      for (const { id } of retried) waiting.push(...batch.filter((one) => one.id === id))
    }
  }
  const [answers] = await Promise.all([
    atOnce(
      SINGLE_AT_ONCE,
      single.map(
        ([provider, event]) =>
          () =>
            deliver(provider, event, { env }),
      ),
    ),
    ...Array.from({ length: BATCHES_AT_ONCE }, consumer),
  ])
  expect(answers.filter(({ status }) => status !== 200)).toEqual([])
  expect(waiting).toEqual([])
  expect(await deadlocks(), 'deadlocks').toBe(before)
  expect(await wrongBalances()).toEqual([])
  expect(batches).toBeGreaterThan(10)
  for (const table of ['payments', 'reversals', 'subscriptions', 'stripe_customers'])
    expect(await count(table), table).toBeGreaterThan(20)
  expect(await count('stripe_prices')).toBeGreaterThan(10)
  for (let run = 0; run < 10; run++) {
    await query('update arrived set due_at = now()')
    await makeOnlyDue('release_arrived')
    await scheduled(env)
  }
  expect(await query('select * from arrived'), 'left to be released').toEqual([])
  const [slice] = await query<{ found: { overlooked: number } }>(
    `select find_overlooked('{"most": 100000}') as found`,
  )
  expect(slice?.found.overlooked, 'overlooked').toBe(0)
})

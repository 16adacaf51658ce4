import { describe, expect, it } from 'vitest'
import { invoiceEventOf2020 } from '../../local/billing-events.ts'
import { randomId } from '../../local/events.ts'
import { deadlocks } from './engine-support.ts'
import { linked } from './people.ts'
import { consume, type Message, messageOf } from './queue-support.ts'
import { deliver, holdOpen, query, said } from './support.ts'
import { withoutUser } from './world.ts'

// Rows that belong to no user, customer or payment: deliveries that have nothing else in common meet on them.

const ROUNDS = 10

/** Returns as many new prices, with a setting that knows them. */
function newPrices(count: number) {
  const prices = Array.from({ length: count }, () => randomId('price'))
  const plans = Object.fromEntries(prices.map((price) => [price, { key: price, credits: 100 }]))
  return { prices, env: { PLANS: JSON.stringify(plans) } }
}

/** Returns an invoice with the price on its line, of a customer who is in no other one. */
async function invoiceOf(price: string) {
  const { customer } = await linked({ id: randomId('user'), customer: randomId('cus') })
  const names = { invoice: randomId('in'), subscription: randomId('sub'), customer, payment: null }
  return invoiceEventOf2020({ ...names, price })
}

const invoicesOf = async (prices: string[]) => await Promise.all(prices.map(invoiceOf))

const queued = (events: { id: string }[]): Message[] =>
  events.map((event, number) => {
    const received_at = new Date().toISOString()
    return messageOf(
      { v: 1, provider: 'stripe', event_id: event.id, body: JSON.stringify(event), received_at },
      number,
    )
  })

/** Returns a statement that stores this price, as an invoice with it on a line does. */
const storing = (id: string | undefined): [string, string[]] => [
  'select keep_prices($1::jsonb)',
  [JSON.stringify([{ id, currency: 'usd', unit_amount: 2000, lookup_key: '' }])],
]

describe('the price on the line of an invoice', () => {
  it('holds up no other invoice once it is stored', async () => {
    const { prices, env } = newPrices(1)
    const [first, second] = await invoicesOf([...prices, ...prices])
    expect(said(await deliver('stripe', first as object, { env }))).toBe('applied')
    const commit = await holdOpen(storing(prices[0]))
    const beside = await deliver('stripe', second as object, { env })
    await commit()
    expect(said(beside)).toBe('applied')
  })

  it('is only tried by a batch while another transaction stores it: that invoice is left for later', async () => {
    const { prices, env } = newPrices(3)
    const batch = queued(await invoicesOf(prices))
    const commit = await holdOpen(storing(prices[1]))
    const { acked, retried } = await consume(batch, env)
    await commit()
    expect([acked, retried.map(({ id }) => id)]).toEqual([['message_0', 'message_2'], ['message_1']])
    expect((await consume(batch.slice(1, 2), env)).retried).toEqual([])
  })

  it('gets the lookup key that was read later, and keeps it', async () => {
    const id = randomId('price')
    const keys = [null, 'first', 'second', '']
    for (const lookup_key of keys) {
      await query('select keep_prices($1::jsonb)', [
        JSON.stringify([
          { id, currency: 'usd', lookup_key },
          { id, currency: 'eur', lookup_key },
        ]),
      ])
    }
    const rows = await query('select currency, lookup_key from stripe_prices where id = $1 order by 1', [id])
    expect(rows).toEqual([
      { currency: 'eur', lookup_key: 'first' },
      { currency: 'usd', lookup_key: 'first' },
    ])
  })
})

describe('two batches at once do not deadlock', () => {
  it('over new prices that they name in the opposite order', async () => {
    const before = await deadlocks()
    for (let round = 0; round < ROUNDS; round++) {
      const { prices, env } = newPrices(10)
      const one = queued(await invoicesOf(prices))
      const other = queued(await invoicesOf(prices.toReversed()))
      await Promise.all([consume(one, env), consume(other, env)])
      for (const batch of [one, other]) expect((await consume(batch, env)).retried).toEqual([])
    }
    expect(await deadlocks()).toBe(before)
  })

  it('over events without a subject that both hold, in the opposite order', async () => {
    const before = await deadlocks()
    for (let round = 0; round < ROUNDS; round++) {
      const events = Array.from({ length: 20 }, () => withoutUser({ at: 1_780_000_000_000 }))
      const [one, other] = await Promise.all([consume(queued(events)), consume(queued(events.toReversed()))])
      expect([one.retried, other.retried]).toEqual([[], []])
    }
    expect(await deadlocks()).toBe(before)
  })
})

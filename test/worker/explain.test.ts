import { describe, expect, it } from 'vitest'
import { checkoutEvent, randomId } from '../../local/events.ts'
import { reversalEvent } from '../../local/reversal-events.ts'
import type { Explanation } from '../../src/ops/explain.ts'
import { BUILD } from '../../src/ops/functions.gen.ts'
import { giveBack, grant, spend } from './account-support.ts'
import { signedUp, signUp } from './people.ts'
import { balance, counted, deliver, ledger, query, request, settings } from './support.ts'

type Told = Omit<Explanation, 'entries'> & { entries: (Explanation['entries'][number] & { says: string })[] }

async function explain(id: string, token = settings.OPS_TOKEN) {
  const headers = { authorization: `Bearer ${token}` }
  const response = await request(`/api/ops/explain/${encodeURIComponent(id)}`, { headers })
  return { status: response.status, body: (await response.json()) as Told & { error?: string } }
}

async function history() {
  const id = randomId('user')
  const payment = `pi_${id}`
  const [purchase, refund] = [randomId('evt'), randomId('evt')]
  await signUp(id)
  const session = { amount_total: 1000 }
  await deliver('stripe', reversalEvent('refund.created', { payment, amount: 400, event: refund }))
  await deliver(
    'stripe',
    checkoutEvent('checkout.session.completed', { user: id, payment, event: purchase, session }),
  )
  await spend({ user_id: id, amount: 10, idempotency_key: `order-${id}`, note: 'Three images' })
  const dispute = { payment, amount: 1000 }
  await deliver('stripe', reversalEvent('charge.dispute.funds_withdrawn', dispute))
  await deliver('stripe', reversalEvent('charge.dispute.closed', { ...dispute, status: 'won' }))
  const bad = checkoutEvent('checkout.session.completed', {
    user: id,
    session: { metadata: { user_id: id } },
  })
  await deliver('stripe', bad)
  return { id, payment, purchase, refund, bad: bad.id }
}

describe('GET /api/ops/explain/{id}', () => {
  it('returns each entry of a user in plain words, what caused it, what waits, and the sum', async () => {
    const { id, payment, refund, purchase, bad } = await history()
    const { result, requests } = await counted(() => explain(id))
    expect([result.status, requests]).toEqual([200, 1])
    const { entries, sum, balance: now, waiting, about } = result.body
    expect(about).toBe('user')
    expect(entries.map(({ says }) => says)).toEqual([
      '40 credits given as signup bonus',
      `500 credits bought with payment ${payment}`,
      `200 credits taken back: money of ${payment} was refunded`,
      `10 credits spent, as order-${id}: Three images`,
      `300 credits taken back: a dispute holds money of ${payment}`,
      `300 credits returned: money of ${payment} came back from a dispute`,
    ])
    expect(entries[1]?.delivery).toMatchObject({ event: purchase, outcome: 'applied', via: 'webhook' })
    expect(entries[2]?.delivery).toMatchObject({ event: refund, outcome: 'applied', via: 'release' })
    // A released delivery was decided when it arrived.
    const decided = { build: BUILD, settings_hash: expect.stringMatching(/^[0-9a-f]{12}$/) }
    for (const entry of [0, 1, 2]) expect(entries[entry]?.delivery).toMatchObject(decided)
    expect(entries[3]?.delivery).toBeNull()
    expect([sum, now]).toEqual([330, 330])
    expect(waiting).toMatchObject([{ event: bad, outcome: 'rejected', reason: 'invalid_metadata' }])
    expect(JSON.stringify(result.body)).not.toContain('example.com')
  })

  it('explains a payment by any of its names', async () => {
    const { payment, id } = await history()
    for (const name of [payment, `ch_${payment}`, `cs_test_${payment}`, `re_${payment}`, `dp_${payment}`]) {
      const { body } = await explain(name)
      expect(body).toMatchObject({ about: 'payment', user_id: id, payment, sum: 300, balance: 330 })
      expect(body.entries).toHaveLength(4)
    }
  })

  it('explains an event, also one that moved nothing', async () => {
    const { refund, bad, id } = await history()
    const { body } = await explain(refund)
    expect(body).toMatchObject({ about: 'event', user_id: id, sum: -200, event: { outcome: 'applied' } })
    expect(body.entries).toHaveLength(1)
    expect((await explain(bad)).body).toMatchObject({
      event: { outcome: 'rejected', reason: 'invalid_metadata', is_final: false, waits_for: [] },
      entries: [],
      waiting: [],
    })
  })

  it('lists what waits for an unknown payment, before and after it was given up', async () => {
    const payment = randomId('pi')
    const event = randomId('evt')
    await deliver('stripe', reversalEvent('refund.created', { payment, event }))
    expect((await explain(payment)).body).toMatchObject({
      user_id: null,
      entries: [],
      waiting: [
        {
          event,
          outcome: 'parked',
          reason: 'unknown_payment',
          waits_for: [{ subject: `payment:ch_${payment}` }, { subject: `payment:${payment}` }],
        },
      ],
    })
    expect((await explain(event)).body).toMatchObject({
      about: 'event',
      user_id: null,
      event: { outcome: 'parked', reason: 'unknown_payment' },
      waiting: [],
    })
    await query(`update webhook_events set outcome = 'ignored', reason = 'not_ours' where event_id = $1`, [
      event,
    ])
    expect((await explain(`ch_${payment}`)).body.waiting).toMatchObject([{ event, reason: 'not_ours' }])
  })

  it('shows a spend and what was given back of it as a pair, also by their reference', async () => {
    const id = await signedUp()
    const reference = `job-${id}`
    await spend({ user_id: id, amount: 10, idempotency_key: `order-${id}`, note: 'Three images', reference })
    const back = {
      user_id: id,
      spend_key: `order-${id}`,
      amount: 4,
      idempotency_key: `back-${id}`,
      note: 'One failed',
    }
    await giveBack(back)
    const gift = { user_id: id, amount: 5, idempotency_key: `gift-${id}`, note: 'Sorry', campaign: 'open' }
    expect((await grant(gift)).status).toBe(200)

    const { entries } = (await explain(id)).body
    expect(entries.map(({ says }) => says).slice(1)).toEqual([
      `10 credits spent, as order-${id}: Three images; 4 of them given back`,
      `4 credits given back, of the spend order-${id}: One failed`,
      '5 credits granted, of the campaign open: Sorry',
    ])
    const { result, requests } = await counted(() => explain(reference))
    expect(requests).toBe(1)
    expect(result.body).toMatchObject({
      about: 'reference',
      user_id: id,
      payment: null,
      sum: -6,
      balance: 39,
    })
    const [spent, returned] = result.body.entries
    expect(result.body.entries).toHaveLength(2)
    expect(spent).toMatchObject({ kind: 'spend', reference, given_back: 4, reverses: null })
    expect(returned).toMatchObject({
      kind: 'spend_reversal',
      reference,
      given_back: null,
      reverses: { id: spent?.id, key: `spend:order-${id}`, amount: -10 },
    })
  })

  it('keeps the sum of a long history, and the newest of its entries', async () => {
    const id = await signedUp()
    await query(
      `insert into credit_ledger (user_id, kind, amount, idempotency_key)
       select $1, 'adjustment', 1, $1 || n from generate_series(1, 600) n`,
      [id],
    )
    const { body } = await explain(id)
    expect([body.sum, body.balance, body.entries.length]).toEqual([640, 640, 500])
    expect(body.entries.at(-1)?.balance_after).toBe(640)
  })

  it('is for operators, and says what it does not know', async () => {
    expect((await explain('user_x', 'another-token')).status).toBe(401)
    expect(await explain('user_nobody')).toEqual({ status: 404, body: { error: 'not_found' } })
    expect((await explain('two words')).status).toBe(400)
  })
})

describe('an adjustment', () => {
  const adjust = async (facts: object) =>
    (
      await query<{ answer: Record<string, unknown> }>('select adjust($1::jsonb) as answer', [
        JSON.stringify(facts),
      ])
    )[0]?.answer

  it('moves a balance once per key, with its note, and refuses without either', async () => {
    const id = await signedUp()
    const facts = { user_id: id, amount: -50, idempotency_key: `ticket-${id}`, note: 'Given twice' }
    const twice = await Promise.all([adjust(facts), adjust(facts)])
    expect(twice).toMatchObject([{ balance: -10 }, { balance: -10 }])
    expect(await adjust({ ...facts, amount: 50 })).toEqual({ refused: 'idempotency_key_reused' })
    expect(await adjust({ ...facts, note: ' ' })).toEqual({ refused: 'missing_note' })
    expect(await adjust({ ...facts, idempotency_key: undefined })).toEqual({ refused: 'missing_key' })
    expect(await adjust({ ...facts, idempotency_key: 'x', amount: 0 })).toEqual({ refused: 'no_amount' })
    const nobody = { ...facts, user_id: randomId('user'), idempotency_key: randomId('key') }
    expect(await adjust(nobody)).toEqual({ refused: 'unknown_user' })
    expect(await balance(id)).toBe(-10)
    expect((await ledger(id)).at(-1)).toMatchObject({
      kind: 'adjustment',
      idempotency_key: `adjustment:ticket-${id}`,
    })
    expect((await explain(id)).body.entries.at(-1)?.says).toBe('50 credits taken by a person: Given twice')
  })
})

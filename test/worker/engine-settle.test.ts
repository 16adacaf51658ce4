import { describe, expect, it } from 'vitest'
import { billingEvent, invoiceEvent } from '../../local/billing-events.ts'
import { checkoutEvent, randomId } from '../../local/events.ts'
import { reversalEvent } from '../../local/reversal-events.ts'
import { as, leave, link, linked, signedUp, signUp } from './people.ts'
import {
  balance,
  deliver,
  type Env,
  eventRow,
  ledger,
  query,
  runScheduled,
  said,
  stripeAnswers,
} from './support.ts'

const COMPLETED = 'checkout.session.completed'
const SUCCEEDED = 'checkout.session.async_payment_succeeded'
const env: Env = { PLANS: JSON.stringify({ price_pro: { key: 'pro', credits: 100 } }) }

/** Does what an operator does: `npm run adjust` and `npm run settle`, as the owner of the database. */
async function owner<Answer>(name: 'adjust' | 'settle_event', facts: object): Promise<Answer> {
  const [row] = await query<{ answer: Answer }>(`select ${name}($1) as answer`, [JSON.stringify(facts)])
  return row?.answer as Answer
}
const settle = (event_id: string) =>
  owner<{ settled?: true; refused?: string; subjects?: string[] }>('settle_event', {
    event_id,
    note: 'by adjust',
  })
const correct = (user_id: string, amount: number) =>
  owner('adjust', { user_id, amount, idempotency_key: randomId('key'), note: 'a payment that was refused' })
const tell = async (event: object) => said(await deliver('stripe', event, { env }))

const FINAL = 'ignored settled_by_hand'

/** A payment of this user by another user's customer, which an operator has corrected and closed. */
async function closed() {
  const [holder, id] = [await signedUp(), await signedUp()]
  const customer = `cus_${holder}`
  await link(holder, customer)
  const payment = `pi_${id}`
  const session = { id: `cs_test_${id.slice(5)}`, customer, currency: 'usd' }
  const event = checkoutEvent(COMPLETED, { user: id, payment, session })
  expect(await tell(event)).toBe('rejected customer_mismatch')
  await correct(id, 500)
  expect(await settle(event.id)).toMatchObject({ settled: true })
  return { holder, id, customer, payment, session, event }
}

describe('a payment that a person has corrected and closed', () => {
  it('is credited by no resend, and by no other event of it', async () => {
    const { id, payment, session, event } = await closed()
    expect(await tell(event)).toBe(FINAL)
    for (const type of [COMPLETED, SUCCEEDED] as const) {
      expect(await tell(checkoutEvent(type, { user: id, payment, session }))).toBe(FINAL)
      // By any of its ids.
      expect(
        await tell(checkoutEvent(type, { user: id, payment, session: { ...session, id: `cs_new_${id}` } })),
      ).toBe(FINAL)
      const renamed = checkoutEvent(type, {
        user: id,
        payment: `pi_new_${id}`,
        session: { ...session, customer: null },
      })
      expect(await tell(renamed)).toBe(FINAL)
    }
    expect(await balance(id)).toBe(540)
    expect((await ledger(id)).map(({ kind }) => kind)).toEqual(['signup_bonus', 'adjustment'])
  })

  it('is credited by no success page', async () => {
    const { id, session, event } = await closed()
    await stripeAnswers({ [`GET /v1/checkout/sessions/${session.id}`]: { body: event.data.object } })
    const { status, body } = await as(id, `/api/checkout/${session.id}`)
    expect([status, body]).toMatchObject([
      200,
      { outcome: 'ignored', reason: 'settled_by_hand', balance: 540 },
    ])
    expect(await balance(id)).toBe(540)
  })

  it('is credited by no deletion of the customer, nor by the other events of it that waited for that', async () => {
    const { id, customer, payment, session, event } = await closed()
    const other = checkoutEvent(SUCCEEDED, { user: id, payment, session })
    await query(`delete from settled_facts where event_id = $1`, [event.id])
    expect(await tell(other)).toBe('rejected customer_mismatch')
    await query(
      `update webhook_events set outcome = 'rejected', reason = 'customer_mismatch' where event_id = $1`,
      [event.id],
    )
    expect(await settle(event.id)).toMatchObject({ settled: true })
    expect(await tell(billingEvent('customer.deleted', { id: customer }))).toBe('applied')
    await runScheduled(env)
    expect(await balance(id)).toBe(540)
    expect(await eventRow(other.id)).toMatchObject({ outcome: 'ignored', reason: 'settled_by_hand' })
    expect(await query('select from waiting where event_id = any ($1)', [[event.id, other.id]])).toEqual([])
  })

  it('moves nothing when its money comes back: that is for a person as well', async () => {
    const { id, payment } = await closed()
    for (const type of ['refund.created', 'charge.refunded', 'charge.dispute.funds_withdrawn'] as const)
      expect(await tell(reversalEvent(type, { payment, amount: 500 }))).toBe(FINAL)
    await runScheduled(env)
    expect(await balance(id)).toBe(540)
  })

  it('leaves every other payment of that user and that customer as it is', async () => {
    const { id, holder, customer } = await closed()
    expect(await tell(checkoutEvent(COMPLETED, { user: id }))).toBe('applied')
    expect(await tell(checkoutEvent(COMPLETED, { user: holder, session: { customer } }))).toBe('applied')
    expect([await balance(id), await balance(holder)]).toEqual([1040, 540])
  })
})

describe('what waits, and is closed by a person', () => {
  it('a payment whose user comes afterwards', async () => {
    const id = randomId('user')
    const [event, twin] = [COMPLETED, SUCCEEDED].map((type) =>
      checkoutEvent(type as typeof COMPLETED, { user: id, payment: `pi_${id}` }),
    )
    for (const one of [event, twin]) expect(await tell(one as object)).toBe('parked unknown_user')
    expect(await settle(event?.id as string)).toMatchObject({ settled: true })
    await signUp(id)
    expect(await balance(id)).toBe(40)
    expect(await eventRow(twin?.id as string)).toMatchObject({
      outcome: 'ignored',
      reason: 'settled_by_hand',
    })
  })

  it('a plan’s invoice, whose customer is linked afterwards', async () => {
    const id = randomId('user')
    const names = { subscription: `sub_${id}`, customer: `cus_${id}`, price: 'price_pro' }
    const event = invoiceEvent('invoice.paid', { ...names, invoice: `in_${id}` })
    expect(await tell(event)).toBe('parked unknown_customer')
    expect(await settle(event.id)).toMatchObject({ settled: true })
    await linked({ id, customer: `cus_${id}` })
    expect(await tell(invoiceEvent('invoice.paid', { ...names, invoice: `in_${id}` }))).toBe(FINAL)
    expect(await balance(id)).toBe(40)
    // The next one is another fact.
    expect(
      await tell(invoiceEvent('invoice.paid', { ...names, invoice: `in_2_${id}`, periodStart: 1.8e9 })),
    ).toBe('applied')
  })

  it('a refund whose payment comes afterwards, and no other refund of that payment', async () => {
    const id = await signedUp()
    const refund = (n: number) =>
      reversalEvent('refund.created', { payment: `pi_${id}`, id: `re_${n}_${id}`, amount: 100 })
    const [first, second] = [refund(1), refund(2)]
    for (const event of [first, second]) expect(await tell(event)).toBe('parked unknown_payment')
    expect(await settle(first.id)).toMatchObject({ settled: true, subjects: [`reversal:re_1_${id}`] })
    await tell(checkoutEvent(COMPLETED, { user: id, payment: `pi_${id}`, session: { currency: 'usd' } }))
    expect(await balance(id)).toBe(40 + 500 - 100)
    expect(await tell(first)).toBe(FINAL)
  })

  it('what was given up, and what could not be read', async () => {
    const id = await signedUp()
    const unread = checkoutEvent(COMPLETED, { user: id, payment: `pi_${id}`, session: { mode: 'barter' } })
    expect(await tell(unread)).toBe('parked unreadable')
    expect(await settle(unread.id)).toMatchObject({ settled: true })
    expect(await tell(checkoutEvent(COMPLETED, { user: id, payment: `pi_${id}` }))).toBe(FINAL)
    expect(await balance(id)).toBe(40)
  })

  it('the payment of a deleted user stays closed', async () => {
    const id = await signedUp()
    await leave(id)
    const event = checkoutEvent(COMPLETED, { user: id })
    expect(await tell(event)).toBe('rejected user_deactivated')
    expect(await settle(event.id)).toMatchObject({ settled: true })
    expect(await tell(event)).toBe(FINAL)
  })
})

describe('refunds and disputes that wait when a person closes their payment', () => {
  /** Reports that this payment's money came back, before anything was credited. Returns the events. */
  async function returned(payment: string) {
    const types = ['refund.created', 'charge.refunded', 'charge.dispute.funds_withdrawn'] as const
    const events = types.map((type) => reversalEvent(type, { payment, amount: 500 }))
    for (const event of events) expect(await tell(event)).toBe('parked unknown_payment')
    return events
  }
  async function areClosed(events: { id: string }[]) {
    await runScheduled(env)
    for (const { id } of events)
      expect(await eventRow(id)).toMatchObject({ outcome: 'ignored', reason: 'settled_by_hand' })
    expect(
      await query('select from waiting where event_id = any ($1)', [events.map(({ id }) => id)]),
    ).toEqual([])
    expect(await query('select from arrived')).toEqual([])
  }

  it('are closed with it: of a deleted user', async () => {
    const id = await signedUp()
    const event = checkoutEvent(COMPLETED, { user: id, payment: `pi_${id}` })
    await leave(id)
    expect(await tell(event)).toBe('rejected user_deactivated')
    const events = await returned(`pi_${id}`)
    await runScheduled(env)
    expect(await eventRow(events[0]?.id as string)).toMatchObject({ outcome: 'parked' })
    expect(await settle(event.id)).toMatchObject({ settled: true })
    await areClosed(events)
  })

  it('are closed with it: of a session without a user, and of another user’s customer', async () => {
    const [id, holder] = [await signedUp(), await signedUp()]
    await link(holder, `cus_${holder}`)
    const sessions = [
      { metadata: { user_id: id } },
      { metadata: { user_id: id, credits: 'many' } },
      { customer: `cus_${holder}` },
    ]
    for (const [n, session] of sessions.entries()) {
      const payment = `pi_${n}_${id}`
      const event = checkoutEvent(COMPLETED, {
        user: id,
        payment,
        session: { id: `cs_${n}_${id}`, ...session },
      })
      expect(await tell(event)).toMatch(/^rejected/)
      const events = await returned(payment)
      expect(await settle(event.id)).toMatchObject({ settled: true })
      await areClosed(events)
    }
    expect(await balance(id)).toBe(40)
  })

  it('are closed with it: of an invoice, whichever is known first, what has paid it or that it is closed', async () => {
    for (const isLinkedBefore of [true, false]) {
      const id = await signedUp()
      await link(id, `cus_${id}`)
      await leave(id)
      const [invoice, payment] = [`in_${id}`, `pi_${id}`]
      const event = invoiceEvent('invoice.paid', {
        invoice,
        subscription: `sub_${id}`,
        customer: `cus_${id}`,
        price: 'price_pro',
      })
      expect(await tell(event)).toBe('rejected user_deactivated')
      const linked = async () =>
        expect(
          await tell(billingEvent('invoice_payment.paid', { invoice, payment: { payment_intent: payment } })),
        ).toBe('applied')
      const events = await returned(payment)
      if (isLinkedBefore) await linked()
      expect(await settle(event.id)).toMatchObject({ settled: true })
      if (!isLinkedBefore) await linked()
      await areClosed(events)
      expect(await tell(reversalEvent('refund.created', { payment, id: `re_later_${id}`, amount: 1 }))).toBe(
        FINAL,
      )
    }
  })

  it('are closed with it on /ops, one by one and many at once', async () => {
    const people = [await signedUp(), await signedUp(), await signedUp()]
    const told = []
    for (const id of people) {
      await leave(id)
      const event = checkoutEvent(COMPLETED, { user: id, payment: `pi_${id}` })
      expect(await tell(event)).toBe('rejected user_deactivated')
      told.push({ event, events: await returned(`pi_${id}`) })
    }
    const [one, ...others] = told
    await query(`select settle_for_operator($1)`, [
      JSON.stringify({ operator: 'ada', provider: 'stripe', event_id: one?.event.id, note: 'refunded' }),
    ])
    await areClosed(one?.events ?? [])
    const [many] = await query<{ settled: { settled: number } }>(
      `select settle_many_for_operator($1) as settled`,
      [
        JSON.stringify({
          operator: 'ada',
          outcome: 'rejected',
          reason: 'user_deactivated',
          until: new Date(Date.now() + 60_000).toISOString(),
          most: 200,
          note: 'refunded',
        }),
      ],
    )
    expect(many?.settled.settled).toBeGreaterThanOrEqual(2)
    for (const { events } of others) await areClosed(events)
  })
})

describe('closing', () => {
  it('is refused for what is applied, closed or not there, and without a note', async () => {
    const { event } = await closed()
    const applied = checkoutEvent(COMPLETED, { user: await signedUp() })
    await tell(applied)
    expect(await settle(event.id)).toEqual({ refused: 'already_final' })
    expect(await settle(applied.id)).toEqual({ refused: 'is_applied' })
    expect(await settle('evt_nowhere')).toEqual({ refused: 'not_found' })
    expect(await owner('settle_event', { event_id: event.id, note: ' ' })).toEqual({
      refused: 'missing_note',
    })
  })
})

import { describe, expect, it } from 'vitest'
import { invoiceEvent } from '../../local/billing-events.ts'
import { checkoutEvent } from '../../local/events.ts'
import { reversalEvent } from '../../local/reversal-events.ts'
import { as, link, signedUp } from './people.ts'
import { balance, deliver, eventRow, query, said } from './support.ts'

const COMPLETED = 'checkout.session.completed'
const PLANS = '{"price_pro": {"key": "pro", "credits": 100}}'

async function settle(event_id: string, note = 'Corrected by hand') {
  const facts = JSON.stringify({ event_id, note })
  const [row] = await query<{ result: Record<string, unknown> }>('select settle_event($1::jsonb) as result', [
    facts,
  ])
  return row?.result
}

describe('a delivery that a person settles', () => {
  it('stays settled when it is resent, and when another event reports its payment', async () => {
    const user = await signedUp()
    const payment = `pi_${user}`
    const session = { metadata: { user_id: user, credits: 'many' } }
    const rejected = checkoutEvent(COMPLETED, { user, payment, session })
    await deliver('stripe', rejected)
    expect(await settle(rejected.id)).toMatchObject({ settled: true })
    const settled = { outcome: 'ignored', reason: 'settled_by_hand' }
    expect(await deliver('stripe', rejected)).toMatchObject(settled)
    const asynchronous = 'checkout.session.async_payment_succeeded'
    expect(await deliver('stripe', checkoutEvent(asynchronous, { user, payment }))).toMatchObject(settled)
    expect(await deliver('stripe', reversalEvent('refund.created', { payment, amount: 1 }))).toMatchObject(
      settled,
    )
    expect(await balance(user)).toBe(40)
  })

  it('closes nothing of a payment that is credited', async () => {
    const [buyer, other] = [await signedUp(), await signedUp()]
    const payment = `pi_${buyer}`
    const session = { amount_total: 500 }
    await deliver('stripe', checkoutEvent(COMPLETED, { user: buyer, payment, session }))
    const noise = checkoutEvent(COMPLETED, { user: other, payment, session: { id: `cs_${other}` } })
    expect(said(await deliver('stripe', noise))).toBe('rejected payment_mismatch')
    expect(await settle(noise.id)).toMatchObject({ settled: true })
    await deliver('stripe', reversalEvent('refund.created', { payment, amount: 500 }))
    expect(await balance(buyer)).toBe(40)
  })

  it('closes no invoice of the subscription whose session it was', async () => {
    const [holder, user] = [await signedUp(), await signedUp()]
    await link(holder, `cus_${holder}`)
    const names = { invoice: `in_${user}`, subscription: `sub_${user}` }
    const session = { mode: 'subscription', customer: `cus_${holder}`, payment_intent: null, ...names }
    const rejected = checkoutEvent(COMPLETED, { user, session: { ...session, metadata: { user_id: user } } })
    expect(said(await deliver('stripe', rejected))).toBe('rejected customer_mismatch')
    expect(await settle(rejected.id)).toMatchObject({ settled: true })
    await link(user, `cus_${user}`)
    const paid = invoiceEvent('invoice.paid', { ...names, customer: `cus_${user}`, price: 'price_pro' })
    expect(said(await deliver('stripe', paid, { env: { PLANS } }))).toBe('applied')
    expect(await balance(user)).toBe(140)
  })

  it('is refused without a note, where it is not known, applied, or settled already', async () => {
    const user = await signedUp()
    const applied = checkoutEvent(COMPLETED, { user })
    await deliver('stripe', applied)
    const rejected = checkoutEvent(COMPLETED, { user, session: { metadata: { user_id: user } } })
    await deliver('stripe', rejected)
    expect(await settle(rejected.id, ' ')).toEqual({ refused: 'missing_note' })
    expect(await settle('evt_nobody')).toEqual({ refused: 'not_found' })
    expect(await settle(applied.id)).toEqual({ refused: 'is_applied' })
    await settle(rejected.id)
    expect(await settle(rejected.id)).toEqual({ refused: 'already_final' })
    expect((await as(user, '/api/me')).body).toMatchObject({ balance: 540 })
  })
})

describe('an invoice that waits', () => {
  it('loses nothing when it comes again while PLANS lacks the price of one of its items', async () => {
    const user = await signedUp()
    const names = { invoice: `in_${user}`, subscription: `sub_${user}`, customer: `cus_${user}` }
    const both = '{"price_pro": {"key": "pro", "credits": 100}, "price_seat": {"key": "seat", "credits": 50}}'
    const event = invoiceEvent('invoice.paid', { ...names, price: 'price_pro' })
    const lines = (
      event.data.object as unknown as { lines: { data: { pricing: { price_details: object } }[] } }
    ).lines
    const seat = structuredClone(lines.data[0])
    if (seat) Object.assign(seat.pricing.price_details, { price: 'price_seat' })
    if (seat) lines.data.push(seat)
    await deliver('stripe', event, { env: { PLANS: both } })
    await deliver('stripe', event, { env: { PLANS } })
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'parked', reason: 'unknown_customer' })
    await link(user, `cus_${user}`)
    expect(await balance(user)).toBe(190)
  })
})

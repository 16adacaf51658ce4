import { describe, expect, it } from 'vitest'
import { billingEvent, invoiceEvent } from '../../local/billing-events.ts'
import { randomId } from '../../local/events.ts'
import { type ReversalType, reversalEvent } from '../../local/reversal-events.ts'
import { during, heldEvent } from './held.ts'
import { linked } from './people.ts'
import { balance, deliver, eventRow, ledger, said } from './support.ts'

const env = { PLANS: JSON.stringify({ price_pro: { key: 'pro', credits: 100 } }) }

/** A user whose invoice of 2000 brings 100 credits and may have several payments. */
async function subscriber() {
  const id = randomId('user')
  const [invoice, customer] = [`in_${id}`, `cus_${id}`]
  const pi = (name: string) => `pi_${name}_${id}`
  const paidEvent = invoiceEvent('invoice.paid', {
    invoice,
    subscription: `sub_${id}`,
    customer,
    price: 'price_pro',
  })
  const linkEvent = (name = '1') => {
    const payment = { type: 'payment_intent', payment_intent: pi(name) }
    return billingEvent('invoice_payment.paid', { invoice, payment })
  }
  const told = async (event: object) => said(await deliver('stripe', event, { env }))
  await linked({ id, customer })
  return {
    id,
    invoice,
    paidEvent,
    linkEvent,
    told,
    reversed: (type: ReversalType, amount: number, name = '1', about: object = {}) =>
      reversalEvent(type, { payment: pi(name), amount, ...about }),
    left: async () => Number(await balance(id)) - 40,
  }
}

describe('plan credits', () => {
  it('are taken back with the money of their invoice’s payment', async () => {
    const { id, invoice, paidEvent, linkEvent, told, reversed, left } = await subscriber()
    await told(paidEvent)
    await told(linkEvent())
    expect(await told(reversed('refund.created', 500))).toBe('applied')
    expect(await left()).toBe(75)
    expect(await told(reversed('charge.dispute.funds_withdrawn', 2000))).toBe('applied')
    expect(await left()).toBe(0)
    expect(await told(reversed('charge.dispute.closed', 2000, '1', { status: 'won' }))).toBe('applied')
    expect(await left()).toBe(75)
    expect((await ledger(id)).at(-1)).toMatchObject({ stripe_payment_id: invoice })
  })

  it('are taken back in any order of the invoice, its link and the refund', async () => {
    for (const order of ['ilr', 'irl', 'lir', 'lri', 'ril', 'rli']) {
      const { paidEvent, linkEvent, told, reversed, left } = await subscriber()
      const refund = { event: randomId('evt') }
      const events: Record<string, object> = {
        i: paidEvent,
        l: linkEvent(),
        r: reversed('refund.created', 500, '1', refund),
      }
      for (const name of order) await told(events[name] ?? {})
      expect([order, await left()]).toEqual([order, 75])
      expect(await eventRow(refund.event)).toMatchObject({ outcome: 'applied', effect: null })
    }
  })

  it('of an invoice with two payments follow the sum of what comes back of each', async () => {
    const { paidEvent, linkEvent, told, reversed, left } = await subscriber()
    for (const event of [linkEvent('2'), paidEvent, linkEvent('1')]) await told(event)
    await told(reversed('refund.created', 400, '1'))
    await told(reversed('charge.refunded', 400, '1'))
    await told(reversed('charge.refunded', 600, '2'))
    expect(await left()).toBe(50)
    await told(reversed('refund.created', 400, '2'))
    await told(reversed('refund.failed', 400, '1'))
    expect(await left()).toBe(70)
  })

  it.each(['link', 'invoice'])('follow a refund that was still open when the %s came', async (last) => {
    const { paidEvent, linkEvent, told, reversed, left } = await subscriber()
    const [first, second] = last === 'link' ? [paidEvent, linkEvent()] : [linkEvent(), paidEvent]
    await told(first)
    const refund = heldEvent(reversed('refund.created', 500), env, Date.now())
    expect(await during([refund], () => [told(second)])).toEqual(['applied'])
    expect(await left()).toBe(75)
  })

  it.each(['link', 'invoice'])('follow a refund that came while the %s was still open', async (last) => {
    const { paidEvent, linkEvent, told, reversed, left } = await subscriber()
    const [first, second] = last === 'link' ? [paidEvent, linkEvent()] : [linkEvent(), paidEvent]
    await told(first)
    const held = heldEvent(second, env, Date.now())
    expect(await during([held], () => [told(reversed('refund.created', 500))])).toEqual(['applied'])
    expect(await left()).toBe(75)
  })
})

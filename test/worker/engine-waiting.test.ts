import { describe, expect, it } from 'vitest'
import { billingEvent, invoiceEvent, subscriptionEvent } from '../../local/billing-events.ts'
import { checkoutEvent, randomId } from '../../local/events.ts'
import { reversalEvent } from '../../local/reversal-events.ts'
import { verb } from './held.ts'
import { leave, link, linked, signedUp, signUp } from './people.ts'
import { balance, deliver, eventRow, holdOpen, ledger, query, runScheduled, said } from './support.ts'

const COMPLETED = 'checkout.session.completed'
const PLANS = JSON.stringify({ price_pro: { key: 'pro', credits: 100 } })

/** Returns the subjects for which a delivery waits. */
const waitsFor = async (event: string) =>
  (
    await query<{ subject: string }>('select subject from waiting where event_id = $1 order by 1', [event])
  ).map(({ subject }) => subject)

function person() {
  const id = randomId('user')
  const names = { subscription: `sub_${id}`, customer: `cus_${id}` }
  const subscribed = (user: string | null, event = randomId('evt')) =>
    subscriptionEvent('customer.subscription.created', { ...names, user, event })
  const tell = async (event: object) => said(await deliver('stripe', event))
  return { id, ...names, subscribed, tell }
}

describe('rows of waiting', () => {
  it('are written by record_delivery alone', async () => {
    const sources = await query<{ name: string; source: string }>(
      `select proname as name, prosrc as source from pg_proc where pronamespace = 'ledgerhook'::regnamespace`,
    )
    const with_ = (text: string) =>
      sources.filter(({ source }) => source.includes(text)).map(({ name }) => name)
    expect(with_('insert into waiting')).toEqual(['wait_for'])
    expect(with_('wait_for(')).toEqual(['record_delivery'])
  })

  it('are replaced when the delivery waits for something else', async () => {
    const { id, customer, subscribed, tell } = person()
    const event = randomId('evt')
    expect(await tell(subscribed(id, event))).toBe('parked unknown_user')
    expect(await waitsFor(event)).toEqual([`customer:${customer}`, `user:${id}`])
    expect(await tell(subscribed(`${id}_other`, event))).toBe('parked unknown_user')
    expect(await waitsFor(event)).toEqual([`customer:${customer}`, `user:${id}_other`])
    expect(await tell(subscribed(null, event))).toBe('parked unknown_customer')
    expect(await waitsFor(event)).toEqual([`customer:${customer}`])
    await signUp(id)
    await link(id, customer)
    expect(await eventRow(event)).toMatchObject({ outcome: 'applied', via: 'release', user_id: id })
  })

  it('are deleted by every final outcome, of a release and of a delivery', async () => {
    const [late, gone] = [randomId('user'), randomId('user')]
    const [first, second] = [late, gone].map((user) => checkoutEvent(COMPLETED, { user }))
    for (const event of [first, second]) await deliver('stripe', event as object)
    await signUp(late)
    await leave(gone)
    expect(await eventRow(first?.id as string)).toMatchObject({ outcome: 'applied' })
    expect(await eventRow(second?.id as string)).toMatchObject({
      outcome: 'rejected',
      reason: 'user_deactivated',
    })
    expect([await waitsFor(first?.id as string), await waitsFor(second?.id as string)]).toEqual([[], []])

    const stranger = randomId('user')
    const event = checkoutEvent(COMPLETED, { user: stranger })
    await deliver('stripe', event)
    const contradicted = { ...event.data.object, client_reference_id: 'user_else' }
    expect(said(await deliver('stripe', { ...event, data: { object: contradicted } }))).toBe(
      'rejected reference_mismatch',
    )
    expect(await waitsFor(event.id)).toEqual([])
  })

  it('are kept where a payment is refused for a customer that may go, and where it is given up', async () => {
    const [{ customer }, { id, tell }] = [await linked(person()), person()]
    await signUp(id)
    const topUp = checkoutEvent(COMPLETED, { user: id, session: { customer } })
    expect(await tell(topUp)).toBe('rejected customer_mismatch')
    expect(await waitsFor(topUp.id)).toEqual([`customer:${customer}`])

    const refund = reversalEvent('refund.created', { payment: `pi_${id}` })
    expect(await tell(refund)).toBe('parked unknown_payment')
    const subjects = await waitsFor(refund.id)
    expect(subjects).toEqual([`payment:ch_pi_${id}`, `payment:pi_${id}`])
    await query(`update webhook_events set received_at = now() - interval '8 days' where event_id = $1`, [
      refund.id,
    ])
    await runScheduled()
    expect(await eventRow(refund.id)).toMatchObject({ outcome: 'ignored', reason: 'not_ours' })
    expect(await waitsFor(refund.id)).toEqual(subjects)
    expect(await tell(refund)).toBe('parked unknown_payment')
    expect(await waitsFor(refund.id)).toEqual(subjects)
  })

  it('are refused for a subject that is not locked, with everything of the delivery', async () => {
    const id = randomId('user')
    const [statement, params] = verb('record_delivery', COMPLETED, {
      outcome: 'parked',
      reason: 'unknown_customer',
      user_id: id,
      effect: { verb: 'settle_payment', facts: {} },
      waits_for: [`user:${id}`, `customer:cus_${id}`],
    })
    const { event_id } = JSON.parse(String(params[0]))
    await expect(query(statement, params)).rejects.toMatchObject({ code: 'P0001' })
    expect(await eventRow(event_id)).toBeUndefined()
    const locking = `with locked as materialized (select lock_subjects($3)) ${statement} from locked`
    await query(locking, [...params, `customer:cus_${id}`])
    expect(await waitsFor(event_id)).toEqual([`customer:cus_${id}`, `user:${id}`])
  })
})

describe('deliveries of a customer whom nobody knew', () => {
  it('500 that were given up are all released: 25 in the commit of the link, the rest by scheduled runs', async () => {
    const id = await signedUp()
    const customer = `cus_${id}`
    const invoices = Array.from({ length: 500 }, (_, i) =>
      invoiceEvent('invoice.paid', {
        invoice: `in_${i}_${id}`,
        subscription: `sub_${i}_${id}`,
        customer,
        price: 'price_pro',
        at: Date.UTC(2026, 3, 1) + i * 1000,
      }),
    )
    for (let from = 0; from < 500; from += 20) {
      await Promise.all(
        invoices.slice(from, from + 20).map((event) => deliver('stripe', event, { env: { PLANS } })),
      )
    }
    await query(
      `update webhook_events set received_at = now() - interval '8 days' where reason = 'unknown_customer'`,
    )
    await runScheduled({ PLANS }, 'give_up')
    const outcomes = `select outcome, reason, count(*)::integer as number from webhook_events
      where event_id = any ($1) group by 1, 2`
    const ids = [invoices.map(({ id }) => id)]
    expect(await query(outcomes, ids)).toEqual([{ outcome: 'ignored', reason: 'not_ours', number: 500 }])

    expect(said(await link(id, customer))).toBe('applied')
    expect(await balance(id)).toBe(40 + 25 * 100)
    expect(await query('select subject from arrived')).toEqual([{ subject: `customer:${customer}` }])
    // In the order in which they happened.
    const granted = (await ledger(id)).slice(1).map(({ stripe_payment_id }) => stripe_payment_id)
    expect(granted).toEqual(Array.from({ length: 25 }, (_, i) => `in_${i}_${id}`))

    for (let run = 0; run < 3; run++) await runScheduled({ PLANS }, 'release_arrived')
    expect(await balance(id)).toBe(40 + 500 * 100)
    expect(await query(outcomes, ids)).toEqual([{ outcome: 'applied', reason: null, number: 500 }])
    expect(await query('select * from arrived')).toEqual([])
    expect(await query(`select from waiting where subject = $1`, [`customer:${customer}`])).toEqual([])
  })

  it('are released by whatever tells whose the customer is, without a session that links', async () => {
    const { id, customer, subscribed, tell } = person()
    await signUp(id)
    const invoice = invoiceEvent('invoice.paid', {
      invoice: `in_${id}`,
      subscription: `sub_${id}`,
      customer,
      price: 'price_pro',
    })
    expect(said(await deliver('stripe', invoice, { env: { PLANS } }))).toBe('parked unknown_customer')
    expect(await tell(subscribed(id))).toBe('applied')
    expect(await balance(id)).toBe(140)
    expect(await tell(billingEvent('customer.deleted', { id: customer }))).toBe('applied')
  })
})

describe('a lock that somebody has', () => {
  it('keeps its own row alone: the scheduled run after it releases that', async () => {
    const { id, customer } = person()
    await signUp(id)
    // An id that the app chose, whose lock a release would take out of order.
    const named = '0-own-id'
    const stuck = subscriptionEvent('customer.subscription.created', {
      subscription: 'sub_stuck',
      customer,
      user: named,
      at: Date.UTC(2026, 3, 1),
    })
    const free = subscriptionEvent('customer.subscription.created', {
      subscription: 'sub_free',
      customer,
      at: Date.UTC(2026, 3, 2),
    })
    for (const event of [stuck, free]) await deliver('stripe', event)
    const letGo = await holdOpen(['select lock_subjects($1)', [`user:${named}`]])
    expect(said(await link(id, customer))).toBe('applied')
    const outcomeOf = async (event: string) => (await eventRow(event))?.outcome
    expect([await outcomeOf(stuck.id), await outcomeOf(free.id)]).toEqual(['parked', 'applied'])
    await runScheduled({}, 'release_arrived')
    expect(await outcomeOf(stuck.id)).toBe('parked')
    await letGo()
    await query(`update arrived set due_at = now()`)
    await runScheduled({}, 'release_arrived')
    expect(await outcomeOf(stuck.id)).toBe('applied')
    expect(await query('select * from arrived')).toEqual([])
  })
})

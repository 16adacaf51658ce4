import { describe, expect, it } from 'vitest'
import { billingEvent, invoiceEvent, subscriptionEvent } from '../../local/billing-events.ts'
import { checkoutEvent, randomId } from '../../local/events.ts'
import { during, heldCreate, heldDelete, heldEvent, heldPayment, verb } from './held.ts'
import { leave, link, linked, signUp } from './people.ts'
import { allSaid, balance, deliver, ledger, query, subscription, user } from './support.ts'

const T = Date.parse('2026-05-01T12:00:00Z')
const PLANS = JSON.stringify({ price_pro: { key: 'pro', credits: 100 } })

function world() {
  const id = randomId('user')
  const names = { subscription: `sub_${id}`, customer: `cus_${id}` }
  const event = (type: Parameters<typeof subscriptionEvent>[0], set = {}, named: string | null = null) =>
    subscriptionEvent(type, { ...names, user: named, at: T, set })
  const invoice = (invoice: string, named: string | null = null) =>
    invoiceEvent('invoice.paid', { ...names, invoice, user: named, price: 'price_pro', at: T })
  return {
    id,
    ...names,
    event,
    invoice,
    signUp: () => signUp(id),
    link: () => link(id, names.customer),
    pay: (invoiceId: string) => deliver('stripe', invoice(invoiceId), { env: { PLANS } }),
    heldLink: () =>
      verb('link_customer', 'checkout.session.completed', {
        user_id: id,
        stripe_customer_id: names.customer,
      }),
    held: (event: object, at = T) => heldEvent(event, { PLANS }, at),
  }
}

describe('a subscription beside the link of its customer', () => {
  it('follows when the link was still open', async () => {
    const { id, subscription: sub, event, signUp, heldLink } = world()
    await signUp()
    const created = event('customer.subscription.created')
    expect(allSaid(await during([heldLink()], () => [deliver('stripe', created)]))).toEqual(['applied'])
    expect(await subscription(sub)).toMatchObject({ user_id: id })
  })

  it('is released when its parking was still open', async () => {
    const { id, subscription: sub, event, signUp, link, held } = world()
    await signUp()
    const parking = held(event('customer.subscription.created'))
    expect(allSaid(await during([parking], () => [link()]))).toEqual(['applied'])
    expect(await subscription(sub)).toMatchObject({ user_id: id })
  })

  it('is released by a top-up that links, when its parking was still open, and the other way round', async () => {
    const [first, second] = [world(), world()]
    await first.signUp()
    await second.signUp()
    const topUp = checkoutEvent('checkout.session.completed', {
      user: first.id,
      session: { customer: first.customer },
    })
    await during([first.held(first.event('customer.subscription.created'))], () => [deliver('stripe', topUp)])
    await during([heldPayment(second.id, second.customer)], () => [
      deliver('stripe', second.event('customer.subscription.created')),
    ])
    for (const { id, subscription: sub } of [first, second]) {
      expect(await subscription(sub)).toMatchObject({ user_id: id })
    }
  })
})

describe('a subscription beside its user', () => {
  it('follows when the creation was still open, and is released when its parking was', async () => {
    const [first, second] = [world(), world()]
    const event = (made: typeof first) => made.event('customer.subscription.created', {}, made.id)
    expect(allSaid(await during([heldCreate(first.id)], () => [deliver('stripe', event(first))]))).toEqual([
      'applied',
    ])
    await during([second.held(event(second))], () => [second.signUp()])
    for (const { id, subscription: sub } of [first, second]) {
      expect(await subscription(sub)).toMatchObject({ user_id: id })
    }
  })

  it('is there to be cancelled when the deletion was still open, and when its own commit or parking was', async () => {
    const [first, second, third] = [world(), world(), world()]
    await second.signUp()
    const event = (made: typeof first) => made.event('customer.subscription.created', {}, made.id)
    await during([heldDelete(first.id)], () => [deliver('stripe', event(first))])
    await during([second.held(event(second))], () => [leave(second.id)])
    await during([third.held(event(third))], () => [leave(third.id)])
    for (const { id, subscription: sub } of [first, second, third]) {
      expect(await subscription(sub)).toMatchObject({ user_id: id })
      const [wallet] = await query('select closed_at from wallets where user_id = $1', [id])
      expect(wallet?.closed_at).toBeInstanceOf(Date)
    }
  })
})

describe('two events of one subscription', () => {
  it('end with the newer, whichever was open', async () => {
    for (const [open, late, expected] of [
      [0, 1, 'applied'],
      [1, 0, 'stale older_than_stored'],
    ] as const) {
      const { event, subscription: sub, held } = await linked(world())
      const at = (second: number) => ({
        ...event('customer.subscription.updated', { status: second === 1 ? 'past_due' : 'active' }),
        created: T / 1000 + second,
      })
      const answers = await during([held(at(open), T + open * 1000)], () => [deliver('stripe', at(late))])
      expect(allSaid(answers)).toEqual([expected])
      expect(await subscription(sub)).toMatchObject({ status: 'past_due' })
    }
  })

  it('of one second end with the one that changed, whichever was open', async () => {
    const [first, second] = [world(), world()]
    for (const made of [first, second]) {
      await linked(made)
      const created = made.event('customer.subscription.created', { status: 'incomplete' })
      const updated = made.event('customer.subscription.updated')
      const [open, late] = made === first ? [created, updated] : [updated, created]
      await during([made.held(open)], () => [deliver('stripe', late)])
      expect(await subscription(made.subscription)).toMatchObject({ status: 'active' })
    }
  })

  it('20 of one creation leave one row', async () => {
    const { event, subscription: sub } = await linked(world())
    const events = Array.from({ length: 20 }, () => event('customer.subscription.created'))
    const answers = await Promise.all(events.map((event) => deliver('stripe', event)))
    expect(answers.filter(({ outcome }) => outcome === 'applied')).toHaveLength(1)
    expect(await subscription(sub)).toMatchObject({ status: 'active' })
  })
})

describe('a paid invoice', () => {
  it('grants once, beside another invoice of the period that was still open', async () => {
    const { id, pay, held, invoice } = await linked(world())
    const answers = await during([held(invoice(`in_1_${id}`))], () => [pay(`in_1_${id}`), pay(`in_2_${id}`)])
    expect(allSaid(answers)).toEqual(['duplicate period_already_granted', 'duplicate period_already_granted'])
    expect(await balance(id)).toBe(140)
  })

  it('is refused when the deletion was still open', async () => {
    const { id, pay } = await linked(world())
    expect(allSaid(await during([heldDelete(id)], () => [pay(`in_${id}`)]))).toEqual([
      'rejected user_deactivated',
    ])
    expect((await ledger(id)).map(({ kind }) => kind)).toEqual(['signup_bonus'])
  })

  it('is named by what paid it, whichever was open', async () => {
    for (const linkFirst of [true, false]) {
      const { id, pay, held, invoice } = await linked(world())
      const facts = { stripe_invoice_id: `in_${id}`, paid_by: `pi_${id}` }
      const paidBy = billingEvent('invoice_payment.paid', {
        invoice: `in_${id}`,
        payment: { payment_intent: `pi_${id}` },
      })
      await (linkFirst
        ? during([verb('link_invoice_payment', 'invoice_payment.paid', facts)], () => [pay(`in_${id}`)])
        : during([held(invoice(`in_${id}`))], () => [deliver('stripe', paidBy)]))
      const paid = await query(
        'select stripe_payment_id, stripe_payment_intent_id from payments where user_id = $1',
        [id],
      )
      expect(paid).toEqual([{ stripe_payment_id: `in_${id}`, stripe_payment_intent_id: `pi_${id}` }])
    }
  })
})

describe('customer.deleted beside a link', () => {
  it('leaves the customer unlinked, whichever was open', async () => {
    const [first, second] = [world(), world()]
    const gone = (customer: string) => deliver('stripe', billingEvent('customer.deleted', { id: customer }))
    for (const { id, customer, signUp, heldLink, link } of [first, second]) {
      await signUp()
      const heldGone = verb('unlink_customer', 'customer.deleted', { stripe_customer_id: customer })
      const answers =
        id === first.id
          ? await during([heldLink()], () => [gone(customer)])
          : await during([heldGone], () => [link()])
      expect(allSaid(answers)).toEqual(['applied'])
      expect(await user(id)).toMatchObject({ stripe_customer_id: null })
    }
  })
})

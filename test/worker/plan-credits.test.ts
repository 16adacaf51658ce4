import { beforeAll, describe, expect, it } from 'vitest'
import {
  billingEvent,
  type InvoiceOptions,
  invoiceEvent,
  invoiceEventOf2020,
  invoiceLine,
  subscriptionEvent,
} from '../../local/billing-events.ts'
import { randomId } from '../../local/events.ts'
import { leave, link, linkEvent, linked, signUp } from './people.ts'
import { price, sells } from './plan-support.ts'
import {
  balance,
  deliver,
  eventRow,
  ledger,
  query,
  runScheduled,
  said,
  stripeAnswers,
  stripeCalls,
} from './support.ts'

const PLANS = JSON.stringify({
  price_pro: { key: 'pro', credits: 100 },
  price_seat: { key: 'seat', credits: 10 },
  price_trial: { key: 'trial', credits: 100, trial_credits: true },
  price_free: { key: 'free' },
})
const env = { PLANS }

beforeAll(async () => {
  // Lines that are read after their period could be metered, so their prices are read too.
  await sells(price('price_pro', 2000), price('price_new', 2000))
})

const MAY = Date.parse('2026-05-01T12:00:00Z') / 1000
const JUNE = Date.parse('2026-06-01T12:00:00Z') / 1000

function world() {
  const id = randomId('user')
  const names = { invoice: `in_${id}`, subscription: `sub_${id}`, customer: `cus_${id}` }
  const options: InvoiceOptions = { ...names, price: 'price_pro', periodStart: MAY }
  return {
    id,
    ...names,
    signUp: () => signUp(id),
    link: () => link(id, names.customer),
    paid: async (set: Partial<InvoiceOptions> = {}) =>
      said(await deliver('stripe', invoiceEvent('invoice.paid', { ...options, ...set }), { env })),
    paidBy: async (payment: string, invoice = names.invoice) =>
      said(
        await deliver(
          'stripe',
          billingEvent('invoice_payment.paid', {
            invoice,
            payment: { type: 'payment_intent', payment_intent: payment },
          }),
        ),
      ),
    payments: () => query('select * from payments where user_id = $1 order by stripe_payment_id', [id]),
  }
}

describe('a paid invoice', () => {
  it('grants the plan’s credits, and keeps what was paid', async () => {
    const { id, invoice, subscription, paid, payments } = await linked(world())
    expect(await paid({ reason: 'subscription_create' })).toBe('applied')
    expect(await balance(id)).toBe(140)
    expect((await ledger(id))[1]).toMatchObject({
      kind: 'plan_grant',
      amount: '100',
      idempotency_key: `plan_grant:${subscription}:${MAY}`,
      stripe_payment_id: invoice,
    })
    expect(await payments()).toMatchObject([
      { stripe_payment_id: invoice, credits: '100', amount: '2000', currency: 'usd' },
    ])
  })

  it('grants once per subscription and period, whatever the number of events and invoices', async () => {
    const { id, paid, payments } = await linked(world())
    await paid()
    expect(await paid()).toBe('duplicate period_already_granted')
    expect(await paid({ invoice: `in_2_${id}` })).toBe('duplicate period_already_granted')
    expect(await balance(id)).toBe(140)
    expect((await payments()).map(({ credits }) => credits)).toEqual(['0', '100'])
    expect(await paid({ invoice: `in_3_${id}`, periodStart: JUNE })).toBe('applied')
    expect(await paid({ invoice: `in_4_${id}`, subscription: `sub_2_${id}` })).toBe('applied')
    expect(await balance(id)).toBe(340)
  })

  it('grants once when 30 events of it come at once, and 10 invoices of one period', async () => {
    const { id, paid } = await linked(world())
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) => paid(i < 30 ? {} : { invoice: `in_${i}_${id}` })),
    )
    expect(answers.filter((answer) => answer === 'applied')).toHaveLength(1)
    expect(await balance(id)).toBe(140)
  })

  it('grants times quantity, and the sum of what one period has of several items', async () => {
    const { id, paid } = await linked(world())
    const lines = [
      invoiceLine({ price: 'price_pro', periodStart: MAY, quantity: 2 }),
      invoiceLine({ price: 'price_seat', periodStart: MAY, quantity: 3 }),
      invoiceLine({ price: 'price_seat', periodStart: JUNE, quantity: 1 }),
      invoiceLine({ price: 'price_unknown', periodStart: MAY }),
    ]
    expect(await paid({ set: { lines: { data: lines, has_more: false } } })).toBe('applied')
    const granted = (await ledger(id)).slice(1).map(({ amount }) => amount)
    expect(granted).toEqual(['230', '10'])
  })

  it('grants nothing for one-off items', async () => {
    const { id, paid } = await linked(world())
    const parent = { type: 'invoice_item_details', invoice_item_details: { proration: false } }
    expect(await paid({ line: { parent } })).toBe('ignored no_effect')
    expect(await balance(id)).toBe(40)
  })

  it('of nothing grants only where the plan says so; one that a coupon paid grants', async () => {
    const { id, paid } = await linked(world())
    expect(await paid({ amount: 0 })).toBe('ignored no_effect')
    expect(await paid({ amount: 0, price: 'price_trial' })).toBe('applied')
    const coupon = { total: 0, amount_paid: 0 }
    expect(await paid({ invoice: `in_2_${id}`, periodStart: JUNE, set: coupon })).toBe('applied')
    expect(await balance(id)).toBe(240)
  })

  it('of a plan without credits has no effect, but is kept under its user; of no plan of ours it waits', async () => {
    const { id, paid } = await linked(world())
    expect(await paid({ price: 'price_free' })).toBe('ignored no_effect')
    expect(await paid({ price: 'constructor' })).toBe('parked unknown_price')
    const rows = await query(`select 1 from webhook_events where user_id = $1 and type = 'invoice.paid'`, [
      id,
    ])
    expect(rows).toHaveLength(2)
  })

  it('is read in Stripe’s form from before 2025-03-31, its payment with it', async () => {
    const { id, invoice, subscription, customer, payments } = await linked(world())
    const names = { invoice, subscription, customer, price: 'price_pro', payment: `pi_${id}` }
    expect(said(await deliver('stripe', invoiceEventOf2020(names), { env }))).toBe('applied')
    expect((await ledger(id))[1]).toMatchObject({ idempotency_key: `plan_grant:${subscription}:1642645280` })
    expect(await payments()).toMatchObject([
      { stripe_payment_id: invoice, stripe_payment_intent_id: `pi_${id}` },
    ])

    const proration = {
      ...names,
      invoice: `in_2_${id}`,
      payment: null,
      amount: 1000,
      line: { proration: true },
    }
    expect(said(await deliver('stripe', invoiceEventOf2020(proration), { env }))).toBe('applied')
    expect(await balance(id)).toBe(190)
  })

  it('whose event does not have all of its lines is read from Stripe, also later', async () => {
    const { id, invoice, paid } = await linked(world())
    const lines = { data: [invoiceLine({ line: { parent: null, type: 'invoiceitem' } })], has_more: true }
    const path = `GET /v1/invoices/${invoice}/lines`
    expect(await paid({ set: { lines } })).toBe('parked incomplete_invoice')
    const all = [...lines.data, invoiceLine({ price: 'price_pro', periodStart: MAY })]
    await stripeAnswers({ [path]: { body: { object: 'list', data: all, has_more: false } } })
    await runScheduled(env)
    expect(await balance(id)).toBe(140)
    expect(await paid({ set: { lines } })).toBe('duplicate period_already_granted')
    expect(await stripeCalls(invoice)).toEqual([path, path])
  })

  it('whose lines have a price that no setting knows now waits until one does', async () => {
    const { id, invoice, paid } = await linked(world())
    const line = invoiceLine({ price: 'price_pro', periodStart: MAY })
    const body = { object: 'list', data: [line], has_more: false }
    await stripeAnswers({ [`GET /v1/invoices/${invoice}/lines`]: { body } })
    const event = invoiceEvent('invoice.paid', {
      invoice,
      subscription: `sub_${id}`,
      customer: `cus_${id}`,
      price: 'price_pro',
      set: { lines: { data: [], has_more: true } },
    })
    const wrong = { PLANS: '{"price_other": {"key": "other"}}' }
    expect(said(await deliver('stripe', event, { env: wrong }))).toBe('parked unknown_price')
    await runScheduled(wrong)
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'parked', reason: 'unknown_price' })
    await runScheduled(env)
    expect(await balance(id)).toBe(140)
    expect(await paid()).toBe('duplicate period_already_granted')
  })

  it('that has nothing for us among all of its lines has no effect', async () => {
    const { id, invoice, paid } = await linked(world())
    const body = { object: 'list', data: [invoiceLine({ price: 'price_free' })], has_more: false }
    await stripeAnswers({ [`GET /v1/invoices/${invoice}/lines`]: { body } })
    expect(await paid({ set: { lines: { data: [], has_more: true } } })).toBe('ignored no_effect')
    expect(await balance(id)).toBe(40)
    const rows = await query(
      `select outcome from webhook_events where user_id = $1 and type = 'invoice.paid'`,
      [id],
    )
    expect(rows).toEqual([{ outcome: 'ignored' }])
  })
})

describe('a paid plan that no setting knows', () => {
  it('waits, and is granted once PLANS has its price', async () => {
    const { id, invoice, subscription, customer } = await linked(world())
    const line = invoiceLine({ price: 'price_new', periodStart: MAY })
    await stripeAnswers({
      [`GET /v1/invoices/${invoice}/lines`]: { body: { object: 'list', data: [line], has_more: false } },
    })
    const event = invoiceEvent('invoice.paid', { invoice, subscription, customer, price: 'price_new' })
    expect(said(await deliver('stripe', event, { env }))).toBe('parked unknown_price')
    expect(await stripeCalls(invoice)).toEqual([])
    await runScheduled(env)
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'parked', reason: 'unknown_price' })
    await runScheduled({ PLANS: '{"price_new": {"key": "new", "credits": 70}}' })
    expect(await balance(id)).toBe(110)
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'applied', via: 'release' })
  })

  it.each([
    ['known to bring nothing', '{"price_new": {"key": "new"}}'],
    ['no plan of yours, where PLANS is empty', '{}'],
  ])('has no effect where it is %s', async (_says, PLANS) => {
    const { invoice, subscription, customer } = await linked(world())
    const event = invoiceEvent('invoice.paid', { invoice, subscription, customer, price: 'price_new' })
    expect(said(await deliver('stripe', event, { env: { PLANS } }))).toBe('ignored no_effect')
  })

  it('waits for its customer first, and is given up with it', async () => {
    const { invoice, subscription, customer } = world()
    const event = invoiceEvent('invoice.paid', { invoice, subscription, customer, price: 'price_new' })
    expect(said(await deliver('stripe', event, { env }))).toBe('parked unknown_customer')
  })
})

describe('whose an invoice is', () => {
  it('is decided by its customer, else by its subscription’s metadata, in either form', async () => {
    const [named, old] = [world(), world()]
    await named.signUp()
    await old.signUp()
    expect(await named.paid({ user: named.id })).toBe('applied')
    const event = invoiceEventOf2020({ ...old, price: 'price_pro', payment: null })
    Object.assign(event.data.object, { subscription_details: { metadata: { user_id: old.id } } })
    expect(said(await deliver('stripe', event, { env }))).toBe('applied')
    expect([await balance(named.id), await balance(old.id)]).toEqual([140, 140])
  })

  it('waits for the user, and for the customer', async () => {
    const [user, customer] = [world(), world()]
    expect(await user.paid({ user: user.id })).toBe('parked unknown_user')
    await user.signUp()
    expect(await customer.paid()).toBe('parked unknown_customer')
    await customer.signUp()
    await customer.link()
    expect([await balance(user.id), await balance(customer.id)]).toEqual([140, 140])
  })

  it('follows once the subscription says whose it is', async () => {
    const { id, customer, subscription, signUp, paid } = world()
    await signUp()
    await paid()
    await deliver(
      'stripe',
      subscriptionEvent('customer.subscription.created', { subscription, customer, user: id }),
    )
    expect(await balance(id)).toBe(140)
  })

  it('is refused for a deleted user, also one deleted while it waited', async () => {
    const [late, waiting, granted] = [await linked(world()), world(), await linked(world())]
    await leave(late.id)
    expect(await late.paid()).toBe('rejected user_deactivated')
    const event = invoiceEvent('invoice.paid', { ...waiting, user: waiting.id, price: 'price_pro' })
    await deliver('stripe', event, { env })
    await leave(waiting.id)
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'rejected', reason: 'user_deactivated' })
    await granted.paid()
    await leave(granted.id)
    expect(await granted.paid()).toBe('duplicate period_already_granted')
    expect(await ledger(waiting.id)).toEqual([])
  })

  it('keeps no names and addresses of a deleted user, when she asked for it, however late it is known as hers', async () => {
    const { id, customer, subscription, invoice } = world()
    await leave(id, { env: { USER_DELETION: 'delete' } })
    const event = invoiceEvent('invoice.paid', { invoice, customer, subscription, price: 'price_pro' })
    await deliver('stripe', event, { env })
    expect(JSON.stringify((await eventRow(event.id))?.payload)).toContain('ada@example.com')
    await deliver('stripe', linkEvent(id, customer), { env: { USER_DELETION: 'delete' } })
    expect(await eventRow(event.id)).toMatchObject({
      outcome: 'rejected',
      reason: 'user_deactivated',
      user_id: id,
    })
    expect(JSON.stringify((await eventRow(event.id))?.payload)).not.toContain('ada@example.com')
  })
})

describe('invoice_payment.paid', () => {
  it('names what paid the invoice, whichever comes first, and once', async () => {
    const [first, second] = [await linked(world()), await linked(world())]
    await first.paid()
    expect(await first.paidBy(`pi_${first.id}`)).toBe('applied')
    expect(await first.paidBy(`pi_${first.id}`)).toBe('duplicate already_processed')
    expect(await second.paidBy(`pi_${second.id}`)).toBe('applied')
    await second.paid()
    for (const { id, invoice, payments } of [first, second]) {
      expect(await payments()).toMatchObject([
        { stripe_payment_id: invoice, stripe_payment_intent_id: `pi_${id}`, credits: '100' },
      ])
    }
  })

  it('keeps several payments of one invoice, and names it by the same one in any order', async () => {
    for (const order of [
      ['a', 'b'],
      ['b', 'a'],
    ]) {
      const { id, invoice, paid, paidBy, payments } = await linked(world())
      await paidBy(`pi_${order[0]}_${id}`)
      await paid()
      await paidBy(`pi_${order[1]}_${id}`)
      expect(await payments()).toMatchObject([
        { stripe_payment_id: invoice, stripe_payment_intent_id: `pi_a_${id}` },
      ])
      expect(
        await query('select * from invoice_payments where stripe_invoice_id = $1', [invoice]),
      ).toHaveLength(2)
    }
  })

  it('of money that did not come through Stripe has no effect', async () => {
    const event = billingEvent('invoice_payment.paid', { payment: { type: 'payment_record' } })
    expect(said(await deliver('stripe', event))).toBe('ignored no_effect')
  })
})

describe('invoice.payment_failed', () => {
  it('is recorded under its user', async () => {
    const { id, invoice, subscription, customer } = await linked(world())
    const event = invoiceEvent('invoice.payment_failed', { invoice, subscription, customer })
    expect(said(await deliver('stripe', event))).toBe('ignored no_effect')
    expect(await eventRow(event.id)).toMatchObject({ user_id: id })
    expect(await balance(id)).toBe(40)
  })
})

import { expect, it } from 'vitest'
import { invoiceLine } from '../../local/billing-events.ts'
import { checkoutEvent, randomId } from '../../local/events.ts'
import { link, signedUp } from './people.ts'
import { price, sells } from './plan-support.ts'
import { balance, deliver, eventRow, query, runScheduled, stripeAnswers } from './support.ts'

/** Runs a verb with the facts that an older Worker sends, or has parked, and returns its verdict. */
async function run(verb: string, facts: object) {
  const event_id = randomId('evt')
  const delivery = { provider: 'stripe', event_id, type: 'old', via: 'webhook', occurred_at: new Date() }
  const [row] = await query<{ verdict: { outcome: string; reason: string | null } }>(
    `select ${verb}($1, $2) as verdict`,
    [JSON.stringify(delivery), JSON.stringify(facts)],
  )
  return { event_id, ...row?.verdict }
}

async function paid() {
  const user = await signedUp()
  const payment = `pi_${user}`
  const session = { amount_total: 1000 }
  await deliver(
    'stripe',
    checkoutEvent('checkout.session.completed', { user, credits: 500, payment, session }),
  )
  const ids = {
    stripe_payment_intent_id: payment,
    stripe_charge_id: null,
    user_id: null,
    stripe_customer_id: null,
  }
  return { user, reversal: { ...ids, amount: 1000, currency: 'usd' } }
}

it('a refund without transactions takes its credits', async () => {
  const { user, reversal } = await paid()
  const refund = { ...reversal, kind: 'refund', id: `re_${user}`, state: 'succeeded' }
  expect(await run('reverse_payment', refund)).toMatchObject({ outcome: 'applied' })
  expect(await balance(user)).toBe(40)
})

it('a dispute that does not say what it holds holds all of its amount', async () => {
  const { user, reversal } = await paid()
  const dispute = { ...reversal, kind: 'dispute', id: `dp_${user}`, state: 'withdrawn' }
  expect(await run('reverse_payment', dispute)).toMatchObject({ outcome: 'applied' })
  expect(await balance(user)).toBe(40)
})

it('a subscription that does not say whether its collection is paused is stored', async () => {
  const user = await signedUp()
  await link(user)
  const state = { status: 'active', cancel_at_period_end: false, created_at: new Date() }
  const facts = { stripe_subscription_id: `sub_${user}`, stripe_customer_id: `cus_${user}`, user_id: null }
  expect(
    await run('sync_subscription', { ...facts, source: 'created', state, previous: null }),
  ).toMatchObject({
    outcome: 'applied',
  })
})

it('an invoice that does not say why its lines are unknown is asked about', async () => {
  const user = await signedUp()
  await link(user)
  const facts = { stripe_invoice_id: `in_${user}`, stripe_subscription_id: `sub_${user}`, user_id: null }
  const money = {
    stripe_customer_id: `cus_${user}`,
    amount: 1,
    currency: 'usd',
    paid_by: null,
    stripe_charge_id: null,
  }
  const { event_id } = await run('grant_plan', { ...facts, ...money, grants: null })
  expect(await eventRow(event_id)).toMatchObject({ outcome: 'parked', reason: 'incomplete_invoice' })
  expect(
    await query('select retry_at is not null as asks from waiting where event_id = $1', [event_id]),
  ).toEqual([{ asks: true }])
})

it('an invoice that an older Worker has parked for its lines is credited line by line', async () => {
  const user = await signedUp()
  await link(user)
  const invoice = `in_${user}`
  const facts = {
    stripe_invoice_id: invoice,
    stripe_subscription_id: `sub_${user}`,
    user_id: null,
    grants: null,
    stripe_customer_id: `cus_${user}`,
    amount: 2000,
    currency: 'usd',
    unknown: 'unknown_price',
    paid_by: null,
    stripe_charge_id: null,
  }
  const { event_id } = await run('grant_plan', facts)
  expect(await eventRow(event_id)).toMatchObject({ outcome: 'parked', reason: 'unknown_price' })
  const body = { object: 'list', data: [invoiceLine({ price: 'price_new' })], has_more: false }
  // Its period is over, so it could be metered.
  await sells(price('price_new', 2000))
  await stripeAnswers({ [`GET /v1/invoices/${invoice}/lines`]: { body } })
  await runScheduled({ PLANS: '{"price_new": {"key": "new", "credits": 70}}' })
  expect(await balance(user)).toBe(110)
  expect(
    await query('select credits, is_paid from plan_lines where stripe_invoice_id = $1', [invoice]),
  ).toEqual([{ credits: '70', is_paid: true }])
})

it('an invoice whose facts have no sums of its lines counts its total and its negative lines', async () => {
  const user = await signedUp()
  await link(user)
  const line = (id: string, amount: number, credits_lines: string[] | null) => ({
    id: `${id}_${user}`,
    stripe_subscription_id: `sub_${user}`,
    stripe_price_id: 'price_old',
    key: 'old',
    credits: 100,
    is_proration: true,
    quantity: 1,
    amount,
    net: amount,
    unit_amount: '1000',
    starts_at: 0,
    ends_at: 100,
    credits_invoice: credits_lines && `in_1_${user}`,
    credits_lines,
  })
  const invoice = (name: string, amount: number, noted: number, lines: object[]) =>
    run('credit_invoice', {
      stripe_invoice_id: `in_${name}_${user}`,
      stripe_subscription_id: `sub_${user}`,
      stripe_customer_id: `cus_${user}`,
      amount,
      noted,
      currency: 'usd',
      lines,
    })
  await invoice('1', 1000, 1000, [line('il_1', 2000, null)])
  expect(await balance(user)).toBe(140)
  await invoice('2', -500, 0, [line('il_2', -1000, [`il_1_${user}`]), line('il_3', 500, null)])
  expect(await balance(user)).toBe(140)
  const balanced = 'select to_balance from plan_lines where stripe_line_id = $1'
  expect(await query(balanced, [`il_2_${user}`])).toEqual([{ to_balance: '25' }])
})

import { describe, expect, it } from 'vitest'
import { billingEvent, invoiceEventOf2020, subscriptionEvent } from '../../local/billing-events.ts'
import { checkoutEvent, randomId } from '../../local/events.ts'
import { reversalEvent } from '../../local/reversal-events.ts'
import { as, link, linked, signedUp, signUp } from './people.ts'
import { type Answer, balance, deliver, query, said, user } from './support.ts'

const COMPLETED = 'checkout.session.completed'
const PLANS = JSON.stringify({ price_pro: { key: 'pro', credits: 100 } })
const env = { PLANS }

/** Returns the outcome of each delivery of a story. All have the status 200. */
async function told(...events: object[]): Promise<string[]> {
  const answers: Answer[] = []
  for (const event of events) answers.push(await deliver('stripe', event, { env }))
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
  return answers.map(said)
}
const topUp = (user: string, payment: string, session: object = {}) =>
  checkoutEvent(COMPLETED, { user, payment, session: { currency: 'usd', ...session } })

async function subscriber() {
  const id = randomId('user')
  await linked({ id, customer: `cus_${id}` })
  const names = { subscription: `sub_${id}`, customer: `cus_${id}`, price: 'price_pro' }
  const invoice = (number: number, payment: string | null) =>
    invoiceEventOf2020({
      ...names,
      invoice: `in_${number}_${id}`,
      payment,
      line: { period: { start: number, end: number + 1 } },
    })
  const paidBy = (number: number, payment: string) =>
    billingEvent('invoice_payment.paid', {
      invoice: `in_${number}_${id}`,
      payment: { payment_intent: payment },
    })
  return { id, ...names, invoice, paidBy, payment: `pi_${id}` }
}

/** For each constraint, deliveries that would violate it, and their outcomes. */
const stories: Record<string, () => Promise<[string[], string[]]>> = {
  async 'payments_pkey credit_ledger_one_purchase credit_ledger_idempotency_key_unique'() {
    const id = await signedUp()
    const events = [topUp(id, `pi_${id}`), topUp(id, `pi_${id}`, { id: `cs_other_${id}` })]
    return [await told(...events), ['applied', 'duplicate payment_already_credited']]
  },
  async payments_stripe_checkout_session_id_unique() {
    const [id, other] = [await signedUp(), await signedUp()]
    const session = { id: `cs_${id}` }
    const events = [
      topUp(id, `pi_1_${id}`, session),
      topUp(id, `pi_2_${id}`, session),
      topUp(other, `pi_3_${id}`, session),
    ]
    return [
      await told(...events),
      ['applied', 'duplicate payment_already_credited', 'rejected payment_mismatch'],
    ]
  },
  async 'payments_user_id_wallets_user_id_fk credit_ledger_user_id_wallets_user_id_fk'() {
    return [await told(topUp(randomId('user'), randomId('pi'))), ['parked unknown_user']]
  },
  async 'payments_sane credit_ledger_amount'() {
    const id = await signedUp()
    const metadata = (credits: string) => ({ metadata: { user_id: id, credits } })
    const events = [
      topUp(id, randomId('pi'), metadata('0')),
      topUp(id, randomId('pi'), metadata('-5')),
      topUp(id, randomId('pi'), { amount_total: -1 }),
      topUp(id, randomId('pi'), { amount_total: 1e20 }),
    ]
    const refused = [
      'rejected invalid_metadata',
      'rejected invalid_metadata',
      'parked unreadable',
      'parked unreadable',
    ]
    return [await told(...events), refused]
  },
  async 'invoice_payments_paid_by (two invoices of one payment)'() {
    const { id, invoice, payment } = await subscriber()
    const says = await told(invoice(1, payment), invoice(2, payment), invoice(2, null))
    expect(await balance(id)).toBe(240)
    return [says, ['applied', 'rejected payment_mismatch', 'applied']]
  },
  async 'invoice_payments_paid_by (told by the payment)'() {
    const { invoice, paidBy, payment } = await subscriber()
    const says = await told(paidBy(1, payment), paidBy(2, payment), invoice(1, null), invoice(2, payment))
    return [says, ['applied', 'rejected payment_mismatch', 'applied', 'rejected payment_mismatch']]
  },
  async 'invoice_payments_paid_by (told by a session)'() {
    const { id, paidBy, payment } = await subscriber()
    const says = await told(paidBy(1, payment), topUp(id, payment, { invoice: `in_2_${id}` }))
    return [says, ['applied', 'rejected payment_mismatch']]
  },
  async invoice_payments_stripe_invoice_id_paid_by_pk() {
    const { invoice, paidBy, payment } = await subscriber()
    const says = await told(paidBy(1, payment), paidBy(1, payment), invoice(1, payment))
    return [says, ['applied', 'duplicate already_processed', 'applied']]
  },
  async 'reversals_pkey credit_ledger_payment_fk'() {
    const id = await signedUp()
    const refund = () => reversalEvent('refund.created', { payment: `pi_${id}`, id: `re_${id}`, amount: 250 })
    return [
      await told(topUp(id, `pi_${id}`), refund(), refund()),
      ['applied', 'applied', 'ignored no_effect'],
    ]
  },
  async reversals_stripe_payment_id_payments_stripe_payment_id_fk() {
    return [
      await told(reversalEvent('refund.created', { payment: randomId('pi') })),
      ['parked unknown_payment'],
    ]
  },
  async 'reversals_sane (a dispute by the id of a refund)'() {
    const id = await signedUp()
    const [payment, same] = [`pi_${id}`, `re_${id}`]
    const says = await told(
      topUp(id, payment),
      reversalEvent('refund.created', { payment, id: same, amount: 250, status: 'pending' }),
      reversalEvent('charge.dispute.closed', { payment, id: same, amount: 250, status: 'lost' }),
    )
    expect(await balance(id)).toBe(290)
    return [says.slice(0, 2), ['applied', 'applied']]
  },
  async 'subscriptions_pkey stripe_customers_pkey users_stripe_customer_id_unique'() {
    const { id, subscription, customer } = await subscriber()
    const other = await signedUp()
    const created = (user: string) =>
      subscriptionEvent('customer.subscription.created', { subscription, customer, user, at: 1e12 })
    const says = await told(created(id), created(id), created(other))
    expect(said(await link(other, customer))).toBe('rejected customer_mismatch')
    return [says.slice(0, 2), ['applied', 'duplicate already_processed']]
  },
  async subscriptions_user_id_wallets_user_id_fk() {
    const names = { subscription: randomId('sub'), customer: randomId('cus') }
    const created = subscriptionEvent('customer.subscription.created', { ...names, user: randomId('user') })
    return [await told(created), ['parked unknown_user']]
  },
  async 'users_pkey wallets_pkey users_active_email'() {
    const [id, other] = [randomId('user'), randomId('user')]
    await as(id, '/api/me')
    const says = [await signUp(id), await signUp(other, { email: `${id}@EXAMPLE.com` }), await signUp(id)]
    expect(says.map(({ status }) => status)).toEqual([200, 200, 200])
    const held = [(await user(id))?.email, (await user(other))?.email].filter((email) => email !== null)
    expect(held).toHaveLength(1)
    return [says.slice(0, 2).map(said), ['applied', 'applied']]
  },
  async 'webhook_events_provider_event_id_pk waiting_provider_event_id_subject_pk'() {
    const [event, early] = [topUp(await signedUp(), randomId('pi')), topUp(randomId('user'), randomId('pi'))]
    const says = await told(event, event, early, early)
    return [says, ['applied', 'duplicate already_processed', 'parked unknown_user', 'parked unknown_user']]
  },
}

/** Constraints that no delivery can violate, whatever it contains, and why. */
const unreachable: Record<string, string> = {
  wallets_exact: 'every verb looks at the limit first: engine-limits.test.ts',
  'credit_ledger_pkey operator_actions_pkey': 'drawn from a sequence',
  credit_ledger_purchase: 'a purchase is written with its payment, by settle_payment alone',
  'users_provisioned_by webhook_events_outcome webhook_events_provider webhook_events_via': 'words of ours',
  waiting_provider_event_id_webhook_events_provider_event_id_fk: 'written after its row',
  'credit_ledger_reverses credit_ledger_reverses_credit_ledger_id_fk':
    'written with its spend, by give_back alone',
  'stripe_prices_id_currency_pk plan_lines_stripe_invoice_id_stripe_line_id_pk': 'written on conflict',
  plan_lines_taken: 'computed from what is left, under the lock of the invoice: take_for',
  'arrived_pkey erasures_pkey settled_facts_pkey sign_in_failures_pkey tasks_pkey grant_totals_pkey bonus_addresses_pkey differences_provider_object_pk':
    'written on conflict',
  'met_balances_pkey met_balances_user_id_wallets_user_id_fk':
    'written under the lock of its key, once its wallet is found: adjust',
  'rates_provider_at_source_type_outcome_reason_fallback_secret_pk query_times_at_upto_ms_pk parked_ages_pkey':
    'written on conflict',
  'alerts_name_about_pk alert_messages_pkey sightings_pkey': 'written on conflict',
  tallies_pkey: 'drawn from a sequence',
  bonus_key_pkey: 'its row is made by a migration',
  stripe_account_pkey: 'written on conflict',
  'outgoing_events_fact_unique outgoing_queues_pkey': 'written on conflict',
  'outgoing_events_pkey outgoing_events_order outgoing_events_open':
    'numbered by the row of its queue, which is locked',
  'outgoing_events_state operator_actions_action': 'words of ours',
  'verbs_pkey migrations_pkey function_sets_pkey function_sets_applied_at_key': 'written by migrate',
}

describe('a constraint', () => {
  it.each(Object.keys(stories))('%s is never met by a delivery', async (name) => {
    const [says, expected] = (await stories[name]?.()) ?? [[], ['a story']]
    expect(says).toEqual(expected)
  })

  it('on what pays an invoice holds for two invoices at once', async () => {
    const { id, invoice, paidBy, payment } = await subscriber()
    const says = await Promise.all([
      told(invoice(1, payment)),
      told(invoice(2, payment)),
      told(paidBy(3, payment)),
    ])
    expect(says.flat().filter((said) => said === 'applied')).toHaveLength(1)
    expect(says.flat().filter((said) => said === 'rejected payment_mismatch')).toHaveLength(2)
    expect(await balance(id)).toBeLessThanOrEqual(140)
  })

  it('that is new has a story here, or a reason why it needs none', async () => {
    const constraints = await query<{ name: string }>(
      `select conname as name from pg_constraint where connamespace = 'ledgerhook'::regnamespace and contype in ('c', 'f', 'p', 'u')
       union select relname from pg_index join pg_class on pg_class.oid = indexrelid
       where relnamespace = 'ledgerhook'::regnamespace and indisunique`,
    )
    const told = Object.keys({ ...stories, ...unreachable }).flatMap((names) => names.split(' '))
    const missing = constraints.map(({ name }) => name).filter((name) => !told.includes(name))
    expect(missing).toEqual([])
  })
})

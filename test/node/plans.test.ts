import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type Event, hotEvents, sign, signUp, topUp } from '../../bench/arena/deliveries.ts'
import { NO_VACUUM } from '../../bench/ground/bulk.ts'
import { fill, filledUsers } from '../../bench/ground/fill.ts'
import { billingEvent, invoiceEvent, invoiceLine } from '../../local/billing-events.ts'
import { checkoutEvent, clerkEvent } from '../../local/events.ts'
import { paymentIntentEventOf2020, soldInvoiceEvent } from '../../local/payment-events.ts'
import { query } from '../../local/postgres/query.ts'
import { reversalEvent } from '../../local/reversal-events.ts'
import { readEntitlements } from '../../src/api/read-entitlements.ts'
import { readMe } from '../../src/api/read-me.ts'
import { readWallet } from '../../src/api/read-wallet.ts'
import { call, type Effect, type OutgoingEvent } from '../../src/db.ts'
import { Budget } from '../../src/ops/budget.ts'
import { explain } from '../../src/ops/explain.ts'
import { TASK_NAMES, tasks } from '../../src/ops/tasks.ts'
import { telling } from '../../src/outgoing/telling.ts'
import { grantPlan } from '../../src/payments/plan-verbs.ts'
import { settleSession } from '../../src/payments/verbs.ts'
import { providers } from '../../src/providers.ts'
import { type Settings, settingsSchema } from '../../src/settings.ts'
import { adoptCustomer, readBuyer } from '../../src/users/customer.ts'
import { giveBack } from '../../src/wallet/give-back.ts'
import { grantCredits } from '../../src/wallet/grant-credits.ts'
import { spend } from '../../src/wallet/spend.ts'
import { unsettledReasons } from '../../src/webhook/outcome.ts'
import { receive } from '../../src/webhook/receive.ts'
import type { Stack } from '../support/control.ts'
import { openPlannedSession, type PlannedSession } from '../support/plans.ts'

/** Enough rows for the planner to prefer an index if there is one. */
const GROWN = { ledgerRows: 100_000, waitingRows: 20_000 }
/** Cached plans do not depend on the number of rows, and triggers run for each of these rows. */
const GROWN_LATER = { ledgerRows: 10_000, waitingRows: 5_000 }

const secrets = {
  CLERK_WEBHOOK_SECRET: `whsec_${'AAAA'.repeat(8)}`,
  STRIPE_WEBHOOK_SECRET: 'whsec_of_the_plans',
}

let session: PlannedSession
let settings: Settings
let users: string[]
const nextUser = () => users.shift() ?? ''

async function openStack(): Promise<string> {
  const response = await fetch(`${inject('control')}/stack`, { method: 'POST' })
  const { databaseUrl, stripeUrl } = (await response.json()) as Stack
  settings = settingsSchema().parse({
    ...secrets,
    DATABASE_URL: 'postgresql://nobody:nothing@localhost/nowhere',
    STRIPE_SECRET_KEY: 'sk_test_unused',
    STRIPE_API_BASE: stripeUrl,
    PLANS: '{"price_pro_monthly": {"key": "pro", "credits": 1000}}',
    SIGNUP_BONUS_SINCE: '2020-01-01T00:00:00Z',
    SIGNUP_BONUS_ONCE_PER: 'email',
    // There are no users.
    EVENTS_URL: 'http://127.0.0.1:9/hooks',
    EVENTS_SECRET: `whsec_${'AAAA'.repeat(8)}`,
    ALERT_WEBHOOK_URL: 'http://127.0.0.1:9/alerts',
    LOW_BALANCE: '1000000',
    PAYLOAD_RETENTION_DAYS: '30',
  })
  return databaseUrl
}

async function deliver(event: Event, more: Partial<Settings> = {}): Promise<string> {
  const { url, headers, body } = await sign(event, 'http://ledgerhook.test', secrets)
  const request = new Request(url, { method: 'POST', headers, body })
  const response = await receive(providers[event.provider], request, { ...settings, ...more }, session.db)
  return ((await response.json()) as { outcome: string }).outcome
}

const stripe = (body: Event['body']): Event => ({ provider: 'stripe', body })
const deletion = (user: string): Event => ({
  provider: 'clerk',
  messageId: `msg_gone_${user}`,
  body: clerkEvent('user.deleted', { user }),
})
const disputed = (payment: string | null, user: string) =>
  stripe(reversalEvent('charge.dispute.funds_withdrawn', { payment, charge: `ch_1_${user}`, amount: 5 }))
const paidInvoice = (user: string) =>
  stripe(
    invoiceEvent('invoice.paid', {
      invoice: `in_${user}`,
      subscription: `sub_${user}`,
      customer: `cus_${user}`,
      price: 'price_pro_monthly',
    }),
  )

/** Runs a verb as a delivery does, for facts that its event would not contain. */
async function run(user: string, { verb, facts }: Effect): Promise<string> {
  const about = {
    provider: 'stripe',
    event_id: `evt_${verb}_${user}`,
    type: verb,
    via: 'webhook',
    erase: false,
  }
  const delivery = { ...about, occurred_at: '2026-05-01T12:00:00Z', body: '{}' }
  return (await call<{ outcome: string }>(session.db, verb, [delivery, facts])).outcome
}

/** A change of plan. It credits the user's invoice, or the line that covers its start. */
const changed = (user: string, credited_items: object | null) => {
  const details = { proration: true, proration_details: { credited_items } }
  const parent = { type: 'subscription_item_details', subscription_item_details: details }
  const unused = invoiceLine({ price: 'price_pro_monthly', amount: -500, line: { id: 'il_2', parent } })
  const lines = { data: [unused, invoiceLine({ price: 'price_pro_monthly', amount: 300 })], has_more: false }
  const names = { subscription: `sub_${user}`, customer: `cus_${user}`, amount: -200, set: { lines } }
  return stripe(invoiceEvent('invoice.paid', { invoice: `in_2_${user}`, ...names }))
}

/** Returns the common facts of a sale, with ids of this name. */
const sold = (name: string) => ({
  amount: 500,
  currency: 'usd',
  stripe_payment_id: `pi_${name}`,
  stripe_payment_intent_id: `pi_${name}`,
  stripe_invoice_id: null,
  stripe_charge_id: `ch_${name}`,
  stripe_customer_id: `cus_${name}`,
})

/** Rare deliveries, for a user who has signed up and paid once, and whose customer is known. */
const rareEvents: { name: string; act(user: string): Promise<string> }[] = [
  { name: 'a refund before its payment', act: (user) => deliver(disputed(`pi_9_${user}`, `9_${user}`)) },
  { name: 'a dispute that names the charge', act: (user) => deliver(disputed(`pi_1_${user}`, user)) },
  { name: 'a paid invoice', act: (user) => deliver(paidInvoice(user)) },
  {
    name: 'an invoice without a tag, of a customer who is known and of one who is not',
    act: async (user) => {
      const tagged = { APP_TAG: 'shop' }
      await deliver(paidInvoice(`none_${user}`), tagged)
      return await deliver(paidInvoice(user), tagged)
    },
  },
  {
    name: 'a payment without Checkout, and the invoice that it has paid',
    act: async (user) => {
      const sale = { user, payment: `pi_own_${user}`, invoice: `in_own_${user}`, customer: `cus_${user}` }
      await deliver(stripe(paymentIntentEventOf2020(sale)))
      return await deliver(stripe(soldInvoiceEvent(sale)))
    },
  },
  {
    name: 'a change of plan',
    act: async (user) => {
      await deliver(paidInvoice(user))
      return await deliver(
        changed(user, { invoice: `in_${user}`, invoice_line_items: ['il_1Pgc6sB7WZ01zgkWFnxLrLCq'] }),
      )
    },
  },
  {
    name: 'a change of plan that names no line',
    act: async (user) => {
      await deliver(paidInvoice(user))
      return await deliver(changed(user, null))
    },
  },
  {
    name: 'a customer who is linked, one who is referred, and one who is gone',
    act: async (user) => {
      const begun = { mode: 'subscription', payment_intent: null, subscription: `sub_${user}` }
      for (const more of [{ customer: `cus_l_${user}` }, { customer: `cus_r_${user}`, metadata: {} }])
        await deliver(
          stripe(checkoutEvent('checkout.session.completed', { user, session: { ...begun, ...more } })),
        )
      return await deliver(stripe(billingEvent('customer.deleted', { id: `cus_l_${user}` })))
    },
  },
  {
    name: 'a payment of an invoice that has failed, and another one',
    act: async (user) => {
      await deliver(paidInvoice(user))
      const payment = { type: 'payment_intent', payment_intent: `pi_in_${user}` }
      const paid = { id: `inpay_${user}`, invoice: `in_${user}`, payment }
      await deliver(stripe(billingEvent('invoice.payment_failed', { customer: `cus_${user}` })))
      return await deliver(stripe(billingEvent('invoice_payment.paid', paid)))
    },
  },
  {
    name: 'a session whose lines are read',
    act: (user) =>
      run(
        user,
        settleSession({
          ...sold(`s_${user}`),
          user_id: user,
          stripe_checkout_session_id: `cs_${user}`,
          by_reference: true,
          reference: null,
          unread: null,
          credits: 5,
          unsold: null,
          invoice_unknown: false,
          created: null,
        }),
      ),
  },
  {
    name: 'an invoice as an older version has stored it',
    act: (user) =>
      run(
        user,
        grantPlan({
          ...sold(`g_${user}`),
          user_id: user,
          stripe_subscription_id: `sub_${user}`,
          stripe_invoice_id: `in_g_${user}`,
          paid_by: `pi_g_${user}`,
          grants: [{ period_start: 1_777_000_000, credits: 5 }],
          unknown: null,
        }),
      ),
  },
  { name: 'a deletion', act: (user) => deliver(deletion(user)) },
  { name: 'a deletion that erases', act: (user) => deliver(deletion(user), { USER_DELETION: 'delete' }) },
]

/** The optional facts of a spend. */
const asked = { note: null, caller: null }
const who = (user_id: string) => ({ user_id, bring: true, erase: false })
const requests: { name: string; act(user: string): Promise<unknown> }[] = [
  { name: 'GET /api/me', act: (user) => readMe(session.db, who(user)) },
  { name: 'GET /api/wallet', act: (user) => readWallet(session.db, { ...who(user), page_size: 50 }) },
  {
    name: 'POST /api/wallet/spend',
    act: (user_id) =>
      spend(session.db, {
        user_id,
        amount: 1,
        idempotency_key: `plan ${user_id}`,
        ...asked,
        reference: 'job',
      }),
  },
  {
    name: 'POST /api/wallet/give-back',
    act: async (user_id) => {
      const [spend_key, idempotency_key] = [`back ${user_id}`, `back ${user_id}`]
      await spend(session.db, { user_id, amount: 2, idempotency_key, ...asked, reference: 'job' })
      await giveBack(session.db, { user_id, spend_key, amount: 1, idempotency_key, ...asked })
    },
  },
  {
    name: 'POST /api/wallet/grant',
    act: (user_id) =>
      grantCredits(session.db, {
        user_id,
        amount: 1,
        idempotency_key: `grant ${user_id}`,
        note: 'Hello',
        caller: 'web',
        per_call: 10,
        per_user_day: 10,
        per_day: 1000,
        campaign: 'friends',
        campaign_per_user: 5,
        campaign_total: 1000,
      }),
  },
  {
    name: 'GET /api/users/{id}/entitlements',
    act: (user_id) => readEntitlements(session.db, { user_id }),
  },
  {
    name: 'a grant with an event for your app, and what becomes of the event',
    act: async (user_id) => {
      const db = telling(session.db, settings)
      const none = { caller: null, campaign: null, campaign_per_user: null, campaign_total: null }
      const limits = { per_call: 10 ** 9, per_user_day: 10 ** 9, per_day: 10 ** 9 }
      const gift = { user_id, amount: 5, note: 'Hello', ...none, ...limits }
      await grantCredits(db, { ...gift, amount: 2_000_000, idempotency_key: `told ${user_id}` })
      await spend(db, {
        user_id,
        amount: 1_999_000,
        idempotency_key: `low ${user_id}`,
        ...asked,
        reference: null,
      })
      for (const good of [true, false]) {
        const [event] = await call<OutgoingEvent[]>(db, 'take_outgoing', [{ most: 1 }])
        const end = { id: event?.id, tries: event?.tries, good, refused: false, status: 200, go_on: true }
        await call(db, 'end_outgoing', [end])
      }
    },
  },
  { name: 'a comparison with the providers', act: compared },
  { name: 'what an operator sees and does by the page', act: operated },
  { name: 'what a reference was for', act: () => explain(session.db, 'job') },
  { name: 'who buys', act: (user) => readBuyer(session.db, who(user)) },
  {
    name: 'a customer in place of one that is gone',
    act: (user) =>
      adoptCustomer(session.db, {
        user_id: user,
        erase: false,
        stripe_customer_id: `cus_new_${user}`,
        gone: `cus_${user}`,
        unknown: null,
        account: null,
        livemode: false,
      }),
  },
]

/** The database calls of the operators' page, for all of its views and actions. */
async function operated(user: string): Promise<void> {
  const db = session.db
  const operator = 'ada'
  const needs = { migrations: {}, functions: '', entry_points: [] }
  await call(db, 'try_sign_in', [{ bucket: 1, operator: null }])
  await call(db, 'try_sign_in', [{ bucket: 1, operator }])
  await call(db, 'overview', [{ reasons: unsettledReasons, task_names: TASK_NAMES, ...needs }])
  const none = { id: null, user_id: null, outcome: null, reason: null, provider: null, type: null }
  const all = { ...none, since: null, until: null, before: null, reasons: unsettledReasons, most: 10 }
  for (const filter of [{}, { type: 'x' }, { user_id: user }, { outcome: 'rejected' }, { id: 'cus_c_1' }])
    await call(db, 'find_deliveries', [{ ...all, ...filter }])
  const event = { provider: 'stripe', event_id: 'evt_p_1' }
  await call(db, 'show_delivery', [event])
  await call(db, 'show_payload', [{ operator, ...event }])
  await call(db, 'look_up', [{ id: user, before_id: null, page_size: 100 }])
  const reason = { outcome: 'rejected', reason: 'customer_mismatch' }
  await call(db, 'count_unsettled', [reason])
  const many = { operator, ...reason, until: 'infinity', most: 3, note: 'Plans' }
  await call(db, 'take_for_operator', [{ operator, ...event, note: null }])
  await call(db, 'take_many_for_operator', [{ ...many, after: null, bytes: 1_000_000 }])
  await call(db, 'settle_for_operator', [{ operator, ...event, note: 'Plans' }])
  await call(db, 'settle_many_for_operator', [many])
  const difference = { operator, object: `pi_differs_${user}`, kinds: ['amount_differs'], note: 'Plans' }
  await call(db, 'settle_difference_for_operator', [difference])
  const credits = { user_id: user, amount: 1, idempotency_key: `page ${user}`, note: 'Plans' }
  await call(db, 'adjust_for_operator', [{ operator, ...credits }])
  await call(db, 'operator_actions_page', [{ before_id: null, most: 10 }])
}

/** The database calls of a pass, for one object of each kind. */
async function compared(user: string): Promise<void> {
  const db = session.db
  const [payment, customer, charge] = [`pi_1_${user}`, `cus_${user}`, `ch_1_${user}`]
  const money = { amount: 500, currency: 'usd', stripe_customer_id: customer, user_id: user }
  const named = { stripe_payment_intent_id: payment, stripe_charge_id: charge }
  const items = [
    {
      object: user,
      verb: 'sync_user',
      given: { user_id: user, email: `${user}@x.example`, updated_at: '2027-01-01' },
    },
    { object: payment, verb: 'settle_payment', given: { ...money, credits: 5, stripe_payment_id: payment } },
    {
      object: `re_${user}`,
      verb: 'reverse_payment',
      given: { kind: 'refund', id: `re_${user}`, ...named, ...money, state: 'succeeded' },
    },
    { object: customer, verb: 'link_customer', given: { user_id: user, stripe_customer_id: customer } },
  ].map((item) => ({ provider: 'stripe', occurred_at: '2027-01-01', ...item }))
  await call(db, 'compare_effects', [{ pass: 'a', watches: true, erase: false, items }])
  await call(db, 'our_users', [{ after: '', most: 100 }])
  await call(db, 'our_payments', [{ since: '2020-01-01', after: null, most: 100 }])
  await call(db, 'our_payments', [{ since: null, after: ['2020-01-01', 'pi_1'], most: 100 }])
  for (const after of [null, ['waiting', 'evt_1', ''], ['reversals', '']])
    await call(db, 'our_unsettled', [{ after, most: 100 }])
  await call(db, 'unknown_events', [{ ids: ['evt_1', 'evt_2'] }])
  await call(db, 'ours_of', [{ user_id: user }])
  await call(db, 'forget_differences', [{ most: 100 }])
}

/** Ids of a user, a payment, an object that only a waiting delivery is about, and an event. */
const explained = [
  'user_f1',
  'pi_f1_user_f2',
  'ch_pi_f1_user_f3',
  're_f1',
  'cus_c_1',
  're_p_1',
  'evt_f1_user_f3',
]

async function signUpAndPay(user: string): Promise<void> {
  for (const event of [signUp(user), topUp(user, 1)]) expect(await deliver(event)).toBe('applied')
}

/** Runs a bite of each task, as the scheduled run does. */
const bite = async (task: (typeof tasks)[number]) =>
  await task.bite({ settings, db: session.db, budget: new Budget(1_000), taskNames: TASK_NAMES }, null)

async function grown(): Promise<void> {
  const url = await openStack()
  await fill(url, GROWN, () => {})
  session = await openPlannedSession(url)
  users = filledUsers(GROWN.ledgerRows, 100, 0)
}

/** Plans that are made while tables are empty, and that no `analyze` corrects. */
async function grownLater(): Promise<void> {
  const url = await openStack()
  await query(url, NO_VACUUM)
  await query(url, 'vacuum analyze')
  session = await openPlannedSession(url)
  for (const [index, hot] of hotEvents.entries()) {
    for (const event of [...hot.before(`user_e${index}`), hot.event(`user_e${index}`)]) await deliver(event)
  }
  for (const [index, { act }] of [...requests, ...rareEvents].entries()) {
    await signUpAndPay(`user_r${index}`)
    await act(`user_r${index}`)
  }
  for (const id of explained) await explain(session.db, id)
  for (const task of tasks) await bite(task)
  await fill(url, GROWN_LATER, () => {}, 'in place')
  users = filledUsers(GROWN_LATER.ledgerRows, 100, 0)
}

describe.each([
  { says: 'that has grown', prepare: grown },
  { says: 'that was empty when its plans were made, and has grown since', prepare: grownLater },
])('on a database $says', ({ says, prepare }) => {
  beforeAll(prepare, 300_000)
  afterAll(() => session.client.end())

  it.each(hotEvents)('$name finds every row by an index', async (hot) => {
    const isNew = hot.name === 'user created' || hot.name === 'first top-up'
    const user = isNew ? `user_new_${hot.name.replaceAll(' ', '_')}` : nextUser()
    const before = await session.nodesOf(async () => {
      for (const event of hot.before(user)) await deliver(event)
    })
    const nodes = await session.nodesOf(async () => {
      expect(await deliver(hot.event(user))).toBe(hot.outcome)
    })
    expect(nodes.length).toBeGreaterThan(1)
    expect(session.scansOf([...before, ...nodes])).toEqual([])
  })

  it.each([...rareEvents, ...requests])('$name finds every row by an index', async ({ act }) => {
    const user = nextUser()
    await signUpAndPay(user)
    const nodes = await session.nodesOf(() => act(user))
    expect(nodes.length).toBeGreaterThan(1)
    expect(session.scansOf(nodes)).toEqual([])
  })

  it.each(explained)('to explain %s finds every row by an index', async (id) => {
    const nodes = await session.nodesOf(async () => {
      expect(await explain(session.db, id)).not.toHaveProperty('refused')
    })
    expect(session.scansOf(nodes)).toEqual([])
  })

  it.each(tasks)('a bite of $name finds every row by an index', async (task) => {
    const nodes = await session.nodesOf(() => bite(task))
    expect(nodes.length).toBeGreaterThan(1)
    expect(session.scansOf(nodes)).toEqual([])
  })

  it('a look at the alerts reads all that they are about by an index, and deliveries by that of what waits', async () => {
    const nodes = await session.nodesOf(async () => {
      for (const task of tasks) if (task.name === 'check_alerts') await bite(task)
      // For a shop that is not silent, this is not called.
      await session.client.query(`begin; set local plan_cache_mode = force_generic_plan; set local enable_seqscan = off;
        select ledgerhook.silence_allowed(); commit`)
    })
    const indexesOf = (table: string) => [
      ...new Set(nodes.filter((node) => node['Relation Name'] === table).map((node) => node['Index Name'])),
    ]
    expect(session.scansOf(nodes)).toEqual([])
    expect(indexesOf('webhook_events')).toEqual(['webhook_events_unsettled'])
    expect(indexesOf('subscriptions').sort()).toEqual(['subscriptions_cancel_due', 'subscriptions_double'])
    expect(indexesOf('erasures')).toEqual(['erasures_open'])
    expect(indexesOf('outgoing_events')).toEqual(['outgoing_events_undelivered'])
    for (const table of ['rates', 'query_times', 'differences', 'tasks', 'sightings', 'alerts'])
      expect(indexesOf(table).length, table).toBeGreaterThan(0)
  })

  it('every verb was called, so that its plans were looked at', async () => {
    const verbs = await session.uncalledVerbs()
    expect(verbs, verbs.join()).toEqual([])
  })

  it.skipIf(says.startsWith('that was'))(
    'no index is there that no query uses, but for those that keep a row unique',
    async () => {
      expect(await session.unusedIndexes()).toEqual([])
    },
  )
})

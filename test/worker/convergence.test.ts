import fc from 'fast-check'
import { beforeAll, expect, it } from 'vitest'
import { randomId } from '../../local/events.ts'
import { backend, GRANTS } from './account-support.ts'
import { PLANS, scriptedPrices } from './billing-histories.ts'
import { type AppCall, disorder, play, type Sent, scramble, steps, stripeEventsOf } from './histories.ts'
import { CREDIT_PACKS, linesOf } from './link-histories.ts'
import { as } from './people.ts'
import { consume, type Message, type TestQueue, taken, testQueue } from './queue-support.ts'
import { HISTORIES, playing } from './random-histories.ts'
import { invoicesPaid, scriptedPayments } from './sale-histories.ts'
import { deliver, failNext, makeDue, query, settleDown, startScheduled, stripeAnswers } from './support.ts'

interface State {
  users: Record<string, unknown>[]
  wallets: { user_id: string; balance: string; open: boolean; banned: boolean }[]
  ledger: { user_id: string; kind: string; amount: string; stripe_payment_id: string | null }[]
  /** Credits taken by refunds and disputes of a payment. The order of events decides which kind of entry took them. */
  gone: { user_id: string; stripe_payment_id: string; credits: string }[]
  payments: Record<string, unknown>[]
  /** Of deleted users too, because their state still follows. */
  subscriptions: Record<string, unknown>[]
  customers: Record<string, unknown>[]
  billing: Record<string, unknown>[]
  invoices: Record<string, unknown>[]
  /** Events of payments that were not credited, with the stored reason. */
  kept: { user_id: string; payment: string; outcome: string; reason: string }[]
}

const REVERSING = `('refund', 'refund_reversal', 'dispute', 'dispute_reversal')`

/** With a queue, every third group goes through it, and is committed in a batch while the next group arrives. */
async function deliverAll(groups: Sent[][], deletion: Deletion, queue?: TestQueue) {
  let drained = Promise.resolve()
  const leaving = new Set(groups.flat().map((sent) => deletedUser(sent)))
  for (const [number, group] of groups.entries()) {
    if (deletion === 'delete' && number % 7 === 6) await interruptErasure()
    const statuses = await Promise.all(
      group.map((sent) => send(sent, deletion, number % 3 === 1 ? queue : undefined)),
    )
    await drained
    if (queue) drained = drainAll(taken(queue), deletion)
    for (const [i, status] of statuses.entries()) {
      const sent = group[i]
      // Only a deleted user's requests are refused.
      const refusable = sent?.provider === 'session' && leaving.has(sent.user)
      // A call of the app may come before the calls that it depends on. It is made again at the end.
      // So is a person whom Clerk reports without an address.
      const ok = sent?.provider === 'clerk' ? [200, 400] : [200]
      const expected = sent?.provider === 'app' ? [200, 402, 403, 404] : refusable ? [200, 403] : ok
      expect(expected).toContain(status)
    }
  }
  await drained
}

/** Describes the deliveries that are not applied, for the reader of a failure. */
async function unfinished(namespace: string): Promise<string> {
  const rows = await query(
    `select event_id, type, outcome, reason, user_id, attempts, effect, array(select subject || coalesce(' ' || retry_at, '')
       from waiting w where w.event_id = e.event_id) as waits_for
     from webhook_events e where event_id like '%' || $1 || '%' and outcome not in ('applied', 'duplicate', 'stale')`,
    [namespace],
  )
  return rows.map((row) => JSON.stringify(row)).join('\n')
}

/** Commits messages until none is left. A message that met a lock is delivered again. */
async function drainAll(messages: Message[], deletion: Deletion): Promise<void> {
  for (let left = messages; left.length > 0; ) {
    const { retried } = await consume(left, { PLANS, CREDIT_PACKS, USER_DELETION: deletion })
    left = left.filter(({ id }) => retried.some((one) => one.id === id))
  }
}

type Deletion = 'deactivate' | 'delete'

/** Runs a bite of the erasure whose connection breaks after the commit or before it. */
async function interruptErasure() {
  await makeDue('erase_payloads')
  await failNext('none', Math.random() < 0.5 ? 'after_commit' : 'before')
  await startScheduled({ USER_DELETION: 'delete', RUN_SUBREQUESTS: '10' })
}

function deletedUser(sent: Sent): string | null {
  if (sent.provider !== 'clerk') return null
  const { type, data } = sent.event as { type: string; data: { id: string } }
  return type === 'user.deleted' ? data.id : null
}

async function send(sent: Sent, deletion: Deletion, queue?: TestQueue): Promise<number> {
  if (sent.provider === 'session') return (await as(sent.user, '/api/me')).status
  if (sent.provider === 'app') return await make(sent)
  const { status } = await deliver(sent.provider, sent.event, {
    id: sent.id,
    env: {
      PLANS,
      CREDIT_PACKS,
      USER_DELETION: deletion,
      ...(queue && { SPILL: queue, SPILL_ALWAYS: 'true' }),
    },
  })
  return status
}

/** The responses to each idempotency key of the app, which must never change. */
const said = new Map<string, unknown>()

async function make({ path, body }: AppCall): Promise<number> {
  const { status, body: answer } = await backend(path, body, GRANTS)
  if (status === 200) {
    const key = `${path} ${body.idempotency_key}`
    expect(answer).toEqual(said.get(key) ?? answer)
    said.set(key, answer)
  }
  return status
}

/** Repeats all calls of the app until nothing changes: each has had its effect, or never will. */
async function makeAgain(sent: Sent[]): Promise<void> {
  const calls = sent.filter((one) => one.provider === 'app')
  for (let heard = -1; said.size > heard; ) {
    heard = said.size
    for (const call of calls) await make(call)
  }
}

async function stateOf(namespace: string): Promise<State> {
  const [row] = await query<{ state: State }>(
    `select json_build_object(
      'users', (select coalesce(json_agg(u order by id), '[]') from (
        select id, email, email_verified, name, stripe_customer_id, clerk_updated_at, deactivated_at is null active
        from users where id like $1) u),
      'wallets', (select coalesce(json_agg(w order by user_id), '[]') from (
        select user_id, balance::text, closed_at is null open, banned_at is not null banned from wallets where user_id like $1) w),
      'ledger', (select coalesce(json_agg(l order by user_id, idempotency_key), '[]') from (
        select user_id, kind, amount::text, stripe_payment_id, idempotency_key from credit_ledger
        where user_id like $1 and kind not in ${REVERSING}) l),
      'gone', (select coalesce(json_agg(g order by user_id, stripe_payment_id), '[]') from (
        select user_id, stripe_payment_id, sum(amount)::text credits from credit_ledger
        where user_id like $1 and kind in ${REVERSING} group by 1, 2 having sum(amount) <> 0) g),
      'payments', (select coalesce(json_agg(p order by stripe_payment_id), '[]') from (
        select stripe_payment_id, user_id, credits, amount, currency, stripe_checkout_session_id, stripe_payment_intent_id from payments where user_id like $1) p),
      'subscriptions', (select coalesce(json_agg(s order by id), '[]') from (
        select id, user_id, stripe_customer_id, stripe_price_id, plan_key, status, current_period_end,
          cancel_at_period_end, canceled_at, ended_at, last_event_at from subscriptions where user_id like $1) s),
      'customers', (select coalesce(json_agg(c order by id), '[]') from (
        select id, user_id, by_reference, deleted_at is null alive from stripe_customers where id like $1) c),
      'billing', (select coalesce(json_agg(b order by id), '[]') from (
        select * from user_billing where id like $1) b),
      'invoices', (select coalesce(json_agg(i order by stripe_invoice_id, paid_by), '[]') from (
        select stripe_invoice_id, paid_by from invoice_payments where stripe_invoice_id like $1) i),
      'kept', (select coalesce(jsonb_agg(distinct to_jsonb(k)), '[]') from (
        select user_id, coalesce((select id from unnest(about) id where id like 'pi%' limit 1), about[1]) payment,
          outcome, reason from webhook_events
        where user_id like $1 and provider = 'stripe' and outcome in ('parked', 'rejected')) k)
    ) as state`,
    [`%${namespace}`],
  )
  return JSON.parse(JSON.stringify(row?.state).replaceAll(namespace, '*'))
}

const active = ({ users, wallets, ledger, gone, payments, billing, ...state }: State) => {
  const open = new Set(wallets.filter((wallet) => wallet.open).map((wallet) => wallet.user_id))
  const of = <Row extends { user_id?: unknown; id?: unknown }>(rows: Row[]) =>
    rows.filter((row) => open.has(String(row.user_id ?? row.id)))
  const { subscriptions, customers, invoices } = state
  return {
    users: of(users),
    wallets: of(wallets),
    ledger: of(ledger),
    gone: of(gone),
    payments: of(payments),
    billing: of(billing),
    subscriptions,
    customers,
    invoices,
  }
}

function expectDeletedUsersKept(state: State, sent: Sent[], namespace: string) {
  const closed = state.wallets.filter((wallet) => !wallet.open).map((wallet) => wallet.user_id)
  for (const id of closed) {
    const entries = state.ledger.filter((entry) => entry.user_id === id)
    expect(entries.filter((entry) => entry.kind === 'signup_bonus').length).toBeLessThanOrEqual(1)
    expect(state.users.find((user) => user.id === id)?.active ?? false).toBe(false)

    const sold = invoicesPaid(eventsOf(sent, 'stripe', namespace))
    for (const payment of paymentsOf(sent, namespace, id)) {
      const credited = entries.filter((entry) => entry.stripe_payment_id === payment).length
      const kept = state.kept.filter((event) => (sold.get(event.payment) ?? event.payment) === payment)
      expect([id, payment, credited + (kept.length > 0 ? 1 : 0), kept, entries]).toEqual([
        id,
        payment,
        1,
        kept,
        entries,
      ])
      for (const event of kept)
        expect(event).toMatchObject({ outcome: 'rejected', reason: 'user_deactivated' })
    }
  }
}

/** The payments and granting invoices of one user. Invoices of a plan without credits grant nothing. */
function paymentsOf(sent: Sent[], namespace: string, user: string): Set<string> {
  const events = eventsOf(sent, 'stripe', namespace)
  const topUps = events
    .filter(({ type, data }) => type.startsWith('checkout') && data.object.mode === 'payment')
    .filter(({ data }) => (data.object.metadata.user_id ?? data.object.client_reference_id) === user)
    .map(({ data }) => data.object.payment_intent)
  const sales = events
    .filter(
      ({ type, data }) => type === 'payment_intent.succeeded' || data.object.billing_reason === 'manual',
    )
    .filter(({ data }) => data.object.metadata.user_id === user)
    .map(({ data }) => data.object.id)
  const invoices = events
    .filter(({ type, data }) => type === 'invoice.paid' && data.object.customer.endsWith(user))
    .filter(({ data }) => ['subscription_create', 'subscription_cycle'].includes(data.object.billing_reason))
    .filter(({ data }) =>
      ['price_pro', 'price_team'].includes(data.object.lines.data[0].pricing.price_details.price),
    )
    .map(({ data }) => data.object.id)
  const sold = invoicesPaid(events)
  return new Set([...topUps, ...sales, ...invoices].map((payment) => sold.get(payment) ?? payment))
}

function eventsOf(sent: Sent[], provider: 'clerk' | 'stripe', namespace: string) {
  return sent.flatMap((one) =>
    one.provider === provider ? [JSON.parse(JSON.stringify(one.event).replaceAll(namespace, '*'))] : [],
  )
}

/** Clerk's events complete their users, so only users without events stay as a session created them. */
function expectCompleted(state: State, sent: Sent[], namespace: string) {
  const told = new Set(eventsOf(sent, 'clerk', namespace).map(({ data }) => data.id))
  for (const user of state.users) {
    if (!user.active) continue
    expect([user.id, user.clerk_updated_at !== null]).toEqual([user.id, told.has(user.id)])
  }
}

beforeAll(() => stripeAnswers(scriptedPrices))

it(`${HISTORIES} random histories end as they would in order, once each`, {
  timeout: 3_600_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      steps,
      disorder,
      fc.constantFrom<Deletion>('deactivate', 'delete'),
      async (steps, disorder, deletion) => {
        const [inOrder, scrambled] = [randomId('n'), randomId('n')]
        const [straight, sent] = [play(steps, inOrder), play(steps, scrambled)]
        const all = [...straight, ...sent]
        await stripeAnswers({ ...linesOf(all), ...scriptedPayments(stripeEventsOf(all)) })
        await deliverAll(
          straight.map((delivery) => [delivery]),
          deletion,
        )
        await makeAgain(straight)
        await deliverAll(scramble(sent, disorder), deletion, testQueue())
        // A change of plan may have waited for the plan, and then for the price of the new one. A delivery from the
        // queue has asked Stripe nothing yet.
        await settleDown({ USER_DELETION: deletion, PLANS, CREDIT_PACKS })
        await makeAgain(sent)

        const [expected, actual] = [await stateOf(inOrder), await stateOf(scrambled)]
        expect(active(actual), await unfinished(scrambled)).toEqual(active(expected))
        expect(actual.wallets.map(({ user_id, open }) => [user_id, open])).toEqual(
          expected.wallets.map(({ user_id, open }) => [user_id, open]),
        )
        expectDeletedUsersKept(actual, sent, scrambled)
        expectCompleted(actual, sent, scrambled)
      },
    ),
    playing(HISTORIES),
  )
})

it('every balance is the sum of its ledger after all of them', async () => {
  const wrong = await query(
    `select w.user_id from wallets w left join credit_ledger l using (user_id)
     group by w.user_id, w.balance having w.balance <> coalesce(sum(l.amount), 0)`,
  )
  expect(wrong).toEqual([])
})

it.each([
  ['money came back', REVERSING],
  ['credits were granted', `('grant')`],
  ['a spend was given back', `('spend_reversal')`],
])('%s in some of them', async (_, kinds) => {
  const [row] = await query<{ entries: number }>(
    `select count(*)::int as entries from credit_ledger where kind in ${kinds}`,
  )
  expect(row?.entries).toBeGreaterThan(0)
})

it('no spend was given back more than once over', async () => {
  const wrong = await query(
    `select spent.id from credit_ledger spent join credit_ledger back on back.reverses = spent.id
     group by spent.id, spent.amount having sum(back.amount) > -spent.amount`,
  )
  expect(wrong).toEqual([])
})

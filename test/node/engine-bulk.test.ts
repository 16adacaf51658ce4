import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { randomId } from '../../local/ids.ts'
import { runTasks } from '../../src/ops/schedule.ts'
import { settingsSchema } from '../../src/settings.ts'
import { unsettledReasons } from '../../src/webhook/outcome.ts'
import { claimOf, invoiceOf, leadingColumns, ownDatabase, scansOf, watchPlans } from './engine-support.ts'

/** Refunds of payments that only another product of the account knows. */
const OTHERS = 1_000_000

let db: Awaited<ReturnType<typeof ownDatabase>>
beforeAll(async () => {
  db = await ownDatabase()
  await db.owner.rows('analyze')
  // Without checking each row's foreign key, which takes half of the time.
  await db.owner.rows('set session_replication_role = replica')
  await db.owner.rows(
    `insert into webhook_events (provider, event_id, type, outcome, reason, effect, about, occurred_at, received_at)
     select 'stripe', 'evt_other_' || n, 'refund.created', 'parked', 'unknown_payment',
       jsonb_build_object('verb', 'reverse_payment', 'facts', jsonb_build_object('id', 're_other_' || n)),
       array['re_other_' || n], now() - interval '6 days', now() - interval '6 days' + n * interval '1 millisecond'
     from generate_series(1, $1::integer) n`,
    [OTHERS],
  )
  await db.owner.rows(
    `insert into waiting (subject, provider, event_id, occurred_at)
     select 'payment:pi_other_' || n, 'stripe', 'evt_other_' || n, now() - interval '6 days'
     from generate_series(1, $1::integer) n`,
    [OTHERS],
  )
  await db.owner.rows(
    `insert into webhook_events (provider, event_id, type, outcome, reason, user_id, about)
     select 'stripe', 'evt_many_' || n, 'checkout.session.completed', 'rejected', 'customer_mismatch', 'user_many',
       array['cs_many_' || n, 'cus_many'] from generate_series(1, 100000) n`,
  )
  await db.owner.rows('set session_replication_role = origin')
}, 300_000)
afterAll(() => db.stop())

const balanceOf = async (user: string) => {
  const rows = await db.owner.rows<{ balance: string }>('select balance from wallets where user_id = $1', [
    user,
  ])
  return Number(rows[0]?.balance)
}

/** A user with more invoices waiting than one commit releases. */
async function ours() {
  const [user, customer] = [randomId('user'), randomId('cus')]
  await db.owner.verb('sync_user', claimOf(user), { provider: 'clerk' })
  for (let i = 0; i < 60; i++) await db.owner.verb('grant_plan', invoiceOf(customer, randomId('in')))
  await db.owner.verb('link_customer', { user_id: user, stripe_customer_id: customer })
  expect(await balanceOf(user)).toBe(2500)
  return user
}

describe(`beside ${OTHERS.toLocaleString('en')} deliveries that wait for another product’s payments`, () => {
  it('a scheduled run does all its work, of which nothing is given up as too slow, and releases ours', async () => {
    const user = await ours()
    const settings = settingsSchema().parse({
      DATABASE_URL: db.workerUrl,
      NEON_FETCH_ENDPOINT: db.gatewayUrl,
      CLERK_WEBHOOK_SECRET: `whsec_${'AAAA'.repeat(8)}`,
      STRIPE_WEBHOOK_SECRET: 'whsec_of_the_bulk',
      STRIPE_SECRET_KEY: 'sk_test_unused',
      RECONCILE: 'off',
    })
    // A busy machine may once be too slow for the limit of 3 seconds. What reads too much is too slow in every run.
    let tooSlow: unknown[] = []
    for (let runs = 0; runs < 3 && (runs === 0 || tooSlow.length > 0); runs++) {
      await db.owner.rows('update tasks set next_at = now() where failures > 0')
      await runTasks(settings)
      tooSlow = await db.owner.rows('select name from tasks where failures > 0')
    }
    expect(tooSlow).toEqual([])
    expect(await balanceOf(user)).toBe(6000)
  })

  const reasons = { reasons: unsettledReasons }
  const page = { page_size: 100 }
  /** One row for each task, and indexes that contain only the rows that are looked for. */
  const whole = ['tasks', 'erasures_open', 'subscriptions_cancel_due', 'subscriptions_double']
  it.each<[string, object]>([
    ['release_arrived', { most: 200, erase: false }],
    ['take_due', { most: 5, bytes: 4_000_000 }],
    ['return_due', { untried: [{ provider: 'stripe', event_id: 'evt_other_5', due_at: '2026-05-01' }] }],
    ['give_up', { most: 1000, erase: true }],
    ['find_overlooked', { most: 2000 }],
    ['find_overlooked', { most: 2000, after: ['stripe', 'evt_other_5', 'payment:pi_other_5'] }],
    ['attention', reasons],
    ['attention_besides', {}],
    ['erase_payloads', { most: 5000 }],
    ['expire_payloads', { most: 5000, days: 30 }],
    ['mark_orphans', { most: 1000 }],
    ['take_orphans', { most: 3 }],
    ['explain', { ...page, id: 're_other_77' }],
    ['explain', { ...page, id: 'evt_other_77' }],
    ['explain', { ...page, id: 'user_many' }],
    ['explain', { ...page, id: 'cus_many' }],
    ['explain', { ...page, id: 'user_nobody' }],
  ])('%s finds its rows by an index: %j', async (name, facts) => {
    await ours()
    await db.owner.rows(`update waiting set retry_at = now() where subject like 'customer:%' and event_id in (
      select event_id from waiting where subject like 'customer:%' limit 3)`)
    const connection = await db.connect()
    const leading = await leadingColumns(connection)
    const plans = await watchPlans(connection)
    await connection.call(name, facts)
    expect(plans.length).toBeGreaterThan(0)
    expect(scansOf(plans, leading).filter((name) => !whole.includes(name))).toEqual([])
  })

  it('sums all entries of a reference or a payment, and none if there are more than 100,000', async () => {
    const owner = await db.connect()
    await owner.rows('begin')
    // Without moving a balance for each.
    await owner.rows('alter table credit_ledger disable trigger user')
    await owner.rows(`insert into wallets (user_id) values ('user_large')`)
    const enter = (from: number, to: number) =>
      owner.rows(
        `insert into credit_ledger (user_id, kind, amount, balance_after, idempotency_key, reference, stripe_payment_id)
         select 'user_large', case n when 1 then 'purchase' else 'adjustment' end, 1, n, 'large:' || n, 'project_large',
           'pi_large' from generate_series($1::integer, $2::integer) n`,
        [from, to],
      )
    const sum = async (id: string) => (await owner.call('explain', { ...page, id })).sum
    await owner.rows(`insert into payments (stripe_payment_id, user_id, credits, amount, currency)
      values ('pi_large', 'user_large', 1, 100, 'usd')`)
    await enter(1, 100_000)
    expect([await sum('project_large'), await sum('pi_large')]).toEqual([100_000, 100_000])
    await enter(100_001, 100_001)
    expect([await sum('project_large'), await sum('pi_large')]).toEqual([null, null])
    await owner.rows('rollback')
  })

  it('gives up 20,000 due deliveries in bites, and comes to an end', async () => {
    await db.owner.rows(`update webhook_events set received_at = received_at - interval '2 days'
      where event_id in (select 'evt_other_' || n from generate_series(1, 20000) n)`)
    let bites = 0
    for (let more = true; more; bites++) {
      const bite = await db.owner.call<{ more: boolean }>('give_up', { most: 1000, erase: true })
      more = bite.more
    }
    expect(bites).toBe(21)
  })
})

import { describe, expect, it } from 'vitest'
import { invoiceLine } from '../../local/billing-events.ts'
import { randomId } from '../../local/events.ts'
import { tasks } from '../../src/ops/tasks.ts'
import { count, logged, makeOnlyDue, scheduled } from './engine-support.ts'
import { counted, type Env, failNext, query, stripeAnswers, stripeCalls } from './support.ts'

const TASKS = tasks.map(({ name }) => name)

/** Refunds that have waited eight days for an unknown payment. */
const toGiveUp = (tag: string, number: number) =>
  query(
    `with events as (
       insert into webhook_events (provider, event_id, type, outcome, reason, payload, effect, received_at)
       select 'stripe', 'evt_given_' || $1 || n, 'refund.created', 'parked', 'unknown_payment', '{"for": "Ada"}',
         '{"verb": "reverse_payment", "facts": {}}', now() - interval '8 days' from generate_series(1, $2::integer) n
       returning event_id
     ) insert into waiting (subject, provider, event_id, occurred_at)
     select 'payment:' || event_id, 'stripe', event_id, now() from events`,
    [tag, number],
  )

/** Users who have arrived, each with ten payments that were not released yet. */
async function toRelease(tag: string, number: number): Promise<void> {
  await query(
    `insert into wallets (user_id) select 'user_' || $1 || n from generate_series(1, $2::integer) n`,
    [tag, number],
  )
  await query(
    `insert into webhook_events (provider, event_id, type, outcome, reason, user_id, effect)
     select 'stripe', 'evt_' || $1 || n, 'checkout.session.completed', 'parked', 'unknown_user', 'user_' || $1 || n % $2::integer + 1,
       jsonb_build_object('verb', 'settle_payment', 'facts', jsonb_build_object('user_id', 'user_' || $1 || n % $2::integer + 1,
         'credits', 7, 'amount', 7, 'currency', 'eur', 'stripe_payment_id', 'pi_' || $1 || n,
         'stripe_checkout_session_id', 'cs_' || $1 || n))
     from generate_series(1, $2::integer * 10) n`,
    [tag, number],
  )
  await query(
    `insert into waiting (subject, provider, event_id, occurred_at)
     select 'user:' || user_id, provider, event_id, now() from webhook_events where event_id like 'evt_' || $1 || '%'`,
    [tag],
  )
  await query(
    `insert into arrived (subject, last_occurred_at, last_event_id)
    select 'user:user_' || $1 || n, '-infinity', '' from generate_series(1, $2::integer) n`,
    [tag, number],
  )
}

/** Invoices whose lines have to be requested from Stripe, which has one page more each time. */
async function toAsk(tag: string, number: number): Promise<void> {
  await query(
    `with events as (
       insert into webhook_events (provider, event_id, type, outcome, reason, effect)
       select 'stripe', 'evt_ask_' || $1 || n, 'invoice.paid', 'parked', 'incomplete_invoice', jsonb_build_object(
         'verb', 'grant_plan', 'facts', jsonb_build_object('stripe_invoice_id', 'in_' || $1 || n))
       from generate_series(1, $2::integer) n returning event_id
     ) insert into waiting (subject, provider, event_id, occurred_at, retry_at)
     select 'invoice:' || event_id, 'stripe', event_id, now(), now() from events`,
    [tag, number],
  )
  const body = { object: 'list', data: [invoiceLine({ line: { id: 'il_again' } })], has_more: true }
  const pages = Array.from({ length: number }, (_, i) => [
    `GET /v1/invoices/in_${tag}${i + 1}/lines`,
    { body },
  ])
  await stripeAnswers(Object.fromEntries(pages))
}

/** Deleted users whose subscriptions continue. */
async function toCancel(tag: string, number: number): Promise<void> {
  await query(
    `insert into wallets (user_id, closed_at) select 'gone_' || $1 || n, now() from generate_series(1, $2::integer) n`,
    [tag, number],
  )
  await query(
    `insert into subscriptions (id, user_id, stripe_customer_id, status, cancel_at_period_end, last_event_at, last_source,
       created_at, cancel_due_at)
     select 'sub_' || $1 || n, 'gone_' || $1 || n, 'cus_' || $1 || n, 'active', false, now(), 'created', now(), now()
     from generate_series(1, $2::integer) n`,
    [tag, number],
  )
  const ends = Array.from({ length: number }, (_, i) => `sub_${tag}${i + 1}`)
  await stripeAnswers(
    Object.fromEntries(
      ends.map((id) => [`DELETE /v1/subscriptions/${id}`, { body: { id, status: 'canceled' } }]),
    ),
  )
}

/** Deleted users with many payloads. */
async function toErase(tag: string, users: number, payloads: number): Promise<void> {
  await query(
    `insert into webhook_events (provider, event_id, outcome, user_id, payload)
     select 'stripe', 'evt_erase_' || $1 || n, 'applied', 'erased_' || $1 || n % $2::integer, '{"for": "Ada"}'
     from generate_series(1, $2::integer * $3::integer) n`,
    [tag, users, payloads],
  )
  await query(
    `insert into erasures (user_id) select 'erased_' || $1 || n from generate_series(0, $2::integer - 1) n`,
    [tag, users],
  )
}

describe('a scheduled run', () => {
  it('makes no more requests than it may, to the database and to Stripe, whatever waits for it', async () => {
    const tag = randomId('tag').slice(4, 14)
    await toGiveUp(tag, 20_000)
    await toRelease(tag, 300)
    await toAsk(tag, 30)
    await toCancel(tag, 60)
    await toErase(tag, 4, 15_000)
    const spent: [number, number][] = []
    for (const most of [40, 40, 10, 11, 17, 25, 40, 40, 40, 40, 40, 40]) {
      await makeOnlyDue(...TASKS)
      const before = (await stripeCalls(tag)).length
      // Some answers are lost on the way.
      if (spent.length % 3 === 1) await failNext('none', 'unavailable', 'none', 'none', 'unavailable')
      const { requests } = await counted(() => scheduled({ RUN_SUBREQUESTS: String(most) }))
      // A short run leaves faults, which must not affect what follows.
      for (let left = 0; left < 5; left++) await query('select 1').catch(() => {})
      spent.push([most, requests + (await stripeCalls(tag)).length - before])
    }
    for (const [most, made] of spent) expect(made).toBeLessThanOrEqual(most)
    expect(Math.max(...spent.map(([, made]) => made))).toBeGreaterThan(30)
    // All tasks have made progress.
    expect(await count('webhook_events', `reason = 'not_ours'`)).toBe(20_000)
    expect(await count('credit_ledger')).toBe(3_000)
    expect(await count('subscriptions', 'cancel_requested_at is null')).toBeLessThan(50)
    expect(await count('webhook_events', `event_id like 'evt_erase_%' and payload is not null`)).toBe(0)
    expect(await count('waiting', 'tries > 0')).toBeGreaterThan(10)
  })

  it('at the same time as another run whose lease has expired cancels each subscription once', async () => {
    const tag = randomId('tag').slice(4, 14)
    await query('update subscriptions set cancel_due_at = null')
    await toCancel(tag, 24)
    await makeOnlyDue('cancel_orphans')
    const env = { RUN_SUBREQUESTS: '900' }
    const leased = () => count('tasks', `name = 'cancel_orphans' and leased_until > now()`)
    const runs = []
    for (let run = 0; run < 4; run++) {
      let isOver = false
      runs.push(
        scheduled(env).finally(() => {
          isOver = true
        }),
      )
      // A run may end before the test has looked.
      while (run < 3 && !isOver && !(await leased()));
      await query(`update tasks set leased_until = now() - interval '1 second' where name = 'cancel_orphans'`)
    }
    await Promise.all(runs)
    for (let run = 0; run < 3; run++) {
      await makeOnlyDue('cancel_orphans')
      await scheduled(env)
    }
    const calls = await stripeCalls(tag)
    expect([calls.length, new Set(calls).size]).toEqual([24, 24])
    expect(
      await count('subscriptions', `id like 'sub_' || $1 || '%' and cancel_due_at is not null`, [tag]),
    ).toBe(0)
  })

  it.each<[string, Env]>([
    ['deactivate', {}],
    ['delete', { USER_DELETION: 'delete' }],
  ])(
    'works off 10,000 that are to be given up in several runs, and reports beside: "%s"',
    async (mode, env) => {
      const tag = randomId('tag').slice(4, 14)
      await toGiveUp(tag, 10_000)
      const given = () =>
        count('webhook_events', `event_id like 'evt_given_' || $1 || '%' and reason = 'not_ours'`, [tag])
      const lines: unknown[] = []
      const steps: number[] = []
      for (let last = -1; (steps.at(-1) ?? 0) > last; ) {
        last = steps.at(-1) ?? 0
        await makeOnlyDue('give_up', 'attention')
        lines.push(...(await logged(() => scheduled({ ...env, RUN_SUBREQUESTS: '10' }))))
        steps.push(await given())
        if (steps.at(-1) === 10_000) break
      }
      expect(steps.length).toBeGreaterThan(1)
      expect(steps.at(-1)).toBe(10_000)
      expect(lines).toContainEqual(
        expect.objectContaining({ message: 'attention', reason: 'unknown_payment' }),
      )
      expect(
        await count('webhook_events', `event_id like 'evt_given_' || $1 || '%' and payload is null`, [tag]),
      ).toBe(mode === 'delete' ? 10_000 : 0)
      expect(await count('waiting', `event_id like 'evt_given_' || $1 || '%'`, [tag])).toBe(10_000)
    },
  )
})

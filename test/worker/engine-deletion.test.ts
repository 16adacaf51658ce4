import { describe, expect, it } from 'vitest'
import { subscriptionEvent } from '../../local/billing-events.ts'
import { checkoutEvent, randomId } from '../../local/events.ts'
import { spend } from './account-support.ts'
import { count, logged, makeOnlyDue, scheduled } from './engine-support.ts'
import { as, leave, linked, signedUp } from './people.ts'
import {
  counted,
  deliver,
  type Env,
  eventRow,
  holdOpen,
  query,
  request,
  said,
  settings,
  stripeAnswers,
  stripeCalls,
  subscription,
  user,
} from './support.ts'

const COMPLETED = 'checkout.session.completed'
const erasing: Env = { USER_DELETION: 'delete' }

/** Stores this many deliveries of this user, with payloads, as if one had come each second. */
const stored = (id: string, number: number) =>
  query(
    `insert into webhook_events (provider, event_id, type, outcome, user_id, payload, received_at)
     select 'stripe', 'evt_' || $1 || '_' || n, 'checkout.session.completed', 'applied', $1, '{"name": "Ada Lovelace"}',
       now() - interval '30 days' + n * interval '1 second' from generate_series(1, $2::integer) n`,
    [id, number],
  )
const payloads = (id: string) => count('webhook_events', 'user_id = $1 and payload is not null', [id])
const erasure = async (id: string) =>
  (
    await query<{ done: boolean }>('select done_at is not null as done from erasures where user_id = $1', [
      id,
    ])
  )[0]
/** Starts a scheduled run of only this task. Returns what it logs. */
async function run(task: string) {
  await makeOnlyDue(task)
  return await logged(() => scheduled(erasing))
}
async function runErasure(times = 1): Promise<void> {
  for (let turn = 0; turn < times; turn++) await run('erase_payloads')
}

describe('a user with 100,000 stored deliveries', () => {
  it('is deleted in one request, and erased by the runs', async () => {
    const id = randomId('user')
    const { customer } = await linked({ id, customer: `cus_${id}` })
    const subscribed = subscriptionEvent('customer.subscription.created', {
      subscription: `sub_${id}`,
      customer,
    })
    await deliver('stripe', subscribed)
    await stored(id, 100_000)

    const startedAt = Date.now()
    const { result, requests } = await counted(() => leave(id, { env: erasing }))
    expect([said(result), requests, Date.now() - startedAt < 8_000]).toEqual(['applied', 1, true])
    expect(await user(id)).toMatchObject({ email: null, name: null })
    expect((await as(id, '/api/me', { env: erasing })).status).toBe(403)
    expect((await spend({ user_id: id, amount: 1, idempotency_key: id })).status).toBe(403)
    expect(said(await deliver('stripe', checkoutEvent(COMPLETED, { user: id }), { env: erasing }))).toBe(
      'rejected user_deactivated',
    )

    await stripeAnswers({
      [`DELETE /v1/subscriptions/sub_${id}`]: { body: { id: `sub_${id}`, status: 'canceled' } },
    })
    await run('mark_orphans')
    await run('cancel_orphans')
    expect(await stripeCalls(`sub_${id}`)).toHaveLength(1)
    expect((await subscription(`sub_${id}`))?.cancel_requested_at).not.toBeNull()

    const before = await payloads(id)
    expect(before).toBeGreaterThan(100_000)
    await runErasure()
    expect(await payloads(id)).toBe(before - 10 * 5_000)
    await runErasure(2)
    expect([await payloads(id), await erasure(id), await user(id)]).toEqual([0, { done: true }, undefined])
    expect(await count('webhook_events', 'user_id = $1', [id])).toBeGreaterThan(100_000)
  })
})

describe('payloads that are not erased yet', () => {
  it('are read by nobody: what is parked for its payload is never applied, and refused by the erasure', async () => {
    const id = await signedUp()
    const event = checkoutEvent(COMPLETED, { user: id, session: { mode: 'barter' } })
    expect(said(await deliver('stripe', event))).toBe('parked unreadable')
    // As if a version could read it.
    await query(
      `update webhook_events set payload = jsonb_set(payload, '{data,object,mode}', '"payment"')
      where event_id = $1`,
      [event.id],
    )
    await leave(id, { env: erasing })
    await query('update waiting set retry_at = now() where retry_at is not null')
    await run('retry_due')
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'parked', reason: 'unreadable' })
    const headers = { Authorization: `Bearer ${settings.OPS_TOKEN}` }
    const explained = await request(`/api/ops/explain/${id}`, { headers })
    expect(await explained.text()).not.toMatch(/Ada|example\.com/)

    await runErasure()
    expect(await eventRow(event.id)).toMatchObject({
      outcome: 'rejected',
      reason: 'user_deactivated',
      payload: null,
    })
    expect(await count('waiting', 'event_id = $1', [event.id])).toBe(0)
  })

  it('of Clerk are refused with the deletion itself, up to a hundred, and by the runs however many there are', async () => {
    const id = await signedUp()
    await query(
      `insert into webhook_events (provider, event_id, outcome, reason, user_id)
       select 'clerk', 'msg_' || $1 || n, 'parked', 'unreadable', $1 from generate_series(1, 12000) n`,
      [id],
    )
    await leave(id, { env: erasing })
    const parked = () => count('webhook_events', `user_id = $1 and outcome = 'parked'`, [id])
    expect(await parked()).toBe(11_900)
    await runErasure(2)
    expect([await parked(), await erasure(id)]).toEqual([0, { done: true }])
  })

  it('are reported when an hour has passed', async () => {
    const id = await signedUp()
    await leave(id, { env: erasing })
    const reported = async () =>
      (await run('attention')).filter(({ reason }) => reason === 'unfinished_erasure')
    expect(await reported()).toEqual([])
    await query(`update erasures set asked_at = now() - interval '61 minutes' where user_id = $1`, [id])
    expect(await reported()).toMatchObject([{ message: 'attention', count: 1 }])
    await runErasure()
    expect(await reported()).toEqual([])
  })
})

describe('an erasure that fails in the middle', () => {
  it('goes on where it was once it can, and keeps no other user waiting', async () => {
    const [stuck, next] = [await signedUp(), await signedUp()]
    for (const id of [stuck, next]) await stored(id, 12_000)
    for (const id of [stuck, next]) await leave(id, { env: erasing })
    const before = await payloads(stuck)
    await query(`create function public.refuse() returns trigger language plpgsql as $$
      begin raise exception 'no'; end $$`)
    await query(`create trigger refuse before update on webhook_events for each row
      when (old.event_id = 'evt_${stuck}_7000') execute function public.refuse()`)
    await runErasure(2)
    expect(await payloads(stuck)).toBe(before - 5_000)
    expect([await payloads(next), await erasure(next)]).toEqual([0, { done: true }])
    await query('drop trigger refuse on webhook_events')
    await query('update erasures set due_at = now()')
    await runErasure(2)
    expect([await payloads(stuck), await erasure(stuck)]).toEqual([0, { done: true }])
  })

  it('waits for nobody who has the user locked, and goes on when that is over', async () => {
    const [locked, next] = [await signedUp(), await signedUp()]
    for (const id of [locked, next]) await leave(id, { env: erasing })
    const letGo = await holdOpen(['select lock_subjects($1)', [`user:${locked}`]])
    await runErasure()
    expect([await erasure(locked), await erasure(next)]).toEqual([{ done: false }, { done: true }])
    await letGo()
    await query('update erasures set due_at = now()')
    await runErasure()
    expect(await erasure(locked)).toEqual({ done: true })
  })

  it('is over soon for a thousand users who leave at once', async () => {
    await query(
      `insert into wallets (user_id, closed_at) select 'user_of_' || n, now() from generate_series(1, 1000) n`,
    )
    await query(
      `insert into users (id, deactivated_at) select 'user_of_' || n, now() from generate_series(1, 1000) n`,
    )
    await query(`insert into erasures (user_id) select 'user_of_' || n from generate_series(1, 1000) n`)
    await query(`insert into webhook_events (provider, event_id, outcome, user_id, payload)
      select 'stripe', 'evt_of_' || n, 'applied', 'user_of_' || n % 1000 + 1, '{}' from generate_series(1, 4000) n`)
    // A run ends after its time, however fast the machine is, and each run gets further.
    for (let left = 1000; left > 0; ) {
      await runErasure()
      const then = await count('erasures', 'done_at is null')
      expect(then).toBeLessThan(left)
      left = then
    }
    expect(await count('users', `id like 'user_of_%'`)).toBe(0)
    expect(await count('webhook_events', `event_id like 'evt_of_%' and payload is not null`)).toBe(0)
  })

  it('gets further with each bite, however slow the database is', async () => {
    await query(`create function public.linger() returns trigger language plpgsql as $$
      begin perform pg_sleep(0.1); return old; end $$`)
    await query(`create trigger linger before delete on users for each row
      when (old.id like 'user_slow_%') execute function public.linger()`)
    await query(
      `insert into wallets (user_id, closed_at) select 'user_slow_' || n, now() from generate_series(1, 35) n`,
    )
    await query(
      `insert into users (id, deactivated_at) select 'user_slow_' || n, now() from generate_series(1, 35) n`,
    )
    await query(`insert into erasures (user_id) select 'user_slow_' || n from generate_series(1, 35) n`)
    await runErasure()
    expect(await count('erasures', `user_id like 'user_slow_%' and done_at is null`)).toBeLessThan(35)
    await query('drop trigger linger on users')
    await runErasure()
    expect(await count('users', `id like 'user_slow_%'`)).toBe(0)
  })
})

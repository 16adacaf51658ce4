import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { billingEvent, subscriptionEvent } from '../../local/billing-events.ts'
import { checkoutEvent, clerkEvent, randomId } from '../../local/events.ts'
import { reversalEvent } from '../../local/reversal-events.ts'
import { tasks } from '../../src/ops/tasks.ts'
import { count, logged } from './engine-support.ts'
import { link, signedUp } from './people.ts'
import { allDue, kept, passes, RECONCILING } from './reconcile-support.ts'
import { emptyWorld, happenAtClerk, happenAtStripe, json, type World } from './reconcile-world.ts'
import { balance, deliver, type Env, query, runScheduled, user } from './support.ts'

const PLANS = JSON.stringify({ price_pro: { key: 'pro', credits: 100 } })
const REPORT: Env = { ...RECONCILING, PLANS, RECONCILE: 'report' }
const FIX: Env = { ...REPORT, RECONCILE: 'fix' }

/** The objects of the providers in this test. */
let world: World
beforeEach(async () => {
  world = emptyWorld()
  const real = globalThis.fetch
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) =>
    [RECONCILING.CLERK_API_BASE, RECONCILING.STRIPE_API_BASE].some((base) =>
      String(input).startsWith(`${base}/`),
    )
      ? await world.fetch(String(input), init)
      : await real(input, init),
  )
  await query('delete from differences')
  await query(`delete from tasks where name = 'reconcile'`)
  // No user of an earlier test is in this test's world.
  await query('update users set deactivated_at = now() where deactivated_at is null')
  await query(`update payments set created_at = now() - interval '60 days'`)
})
afterEach(() => void vi.restoreAllMocks())

const reported = (lines: Record<string, unknown>[]) => lines.filter(({ message }) => message === 'difference')
const later = (minutes: number) =>
  query(`update differences set first_seen_at = first_seen_at - $1::int * interval '1 minute'`, [minutes])

const bought = (id: string, number: number | string = '') =>
  checkoutEvent('checkout.session.completed', { user: id, credits: 500, payment: `pi_${id}${number}` })

const HOUR_MS = 3_600_000
const fullDueInMs = async () =>
  Number(
    (
      await query<{ at: string }>(`select cursor->'dueAt'->>'full' as at from tasks where name = 'reconcile'`)
    )[0]?.at,
  ) - Date.now()
const recentDue = () =>
  query(`update tasks set cursor = jsonb_set(cursor, '{dueAt,recent}', '0') where name = 'reconcile'`)

/** A user that both have, with a payment that was not delivered. */
async function paidInVain(): Promise<string> {
  const id = await signedUp()
  happenAtClerk(world, clerkEvent('user.created', { user: id }))
  happenAtStripe(world, bought(id), true)
  return id
}

describe('a payment whose every delivery was lost', () => {
  it('is reported once a second pass, 15 minutes later, has seen it', async () => {
    const id = await paidInVain()
    expect(reported(await passes(REPORT, id))).toEqual([])
    await later(10)
    expect(reported(await passes(REPORT, id))).toEqual([])
    await later(6)
    expect(reported(await passes(REPORT, id))).toMatchObject([
      {
        level: 'warn',
        kind: 'paid_not_credited',
        object: `cs_test_pi_${id}`,
        user_id: id,
        credits: 500,
        amount: 500,
        currency: 'usd',
        fixed: false,
      },
    ])
    expect(reported(await passes(REPORT, id))).toEqual([])
    const attention = await logged(() => runScheduled(REPORT, 'attention'))
    expect(attention).toContainEqual(
      expect.objectContaining({ message: 'attention', reason: 'difference', count: 1 }),
    )
    expect(await balance(id)).toBe(40)
    expect(await count('webhook_events', `via = 'reconcile' and user_id = $1`, [id])).toBe(0)
  })

  it('is credited then, with "fix", once, and nothing is left to report', async () => {
    const id = await paidInVain()
    await passes(FIX, id)
    expect(await balance(id)).toBe(40)
    await later(16)
    expect(reported(await passes(FIX, id))).toMatchObject([{ kind: 'paid_not_credited', fixed: true }])
    expect(await balance(id)).toBe(540)
    expect(await count('differences')).toBe(0)
    expect(reported(await passes(FIX, id))).toEqual([])
    expect((await deliver('stripe', bought(id))).reason).toBe('payment_already_credited')
    expect(await balance(id)).toBe(540)
  })

  it('a dispute, of which no event has come: the older ones hide nothing, and it is reported once', async () => {
    const id = await signedUp()
    await deliver('stripe', bought(id))
    happenAtStripe(world, bought(id))
    const dispute = { payment: `pi_${id}`, amount: 250 }
    for (const [type, status] of [
      ['charge.dispute.created', 'warning_needs_response'],
      ['charge.dispute.funds_withdrawn', 'needs_response'],
      ['charge.dispute.closed', 'lost'],
    ] as const)
      happenAtStripe(world, reversalEvent(type, { ...dispute, status }), true)
    await passes(REPORT, id)
    await later(16)
    expect(reported(await passes(REPORT, id))).toMatchObject([
      { kind: 'dispute_differs', object: `dp_pi_${id}`, credits: -250 },
    ])
    await passes(FIX, id)
    expect(await balance(id)).toBe(290)
    expect(await count('differences')).toBe(0)
  })

  it('in a form that this version cannot read: it is reported once, and waits then, with "fix"', async () => {
    const id = await signedUp()
    const event = bought(id)
    Object.assign(event.data.object, { amount_total: 'a lot' })
    happenAtStripe(world, event)
    await passes(REPORT, id)
    await later(16)
    const told = { kind: 'not_applied', outcome: 'parked', reason: 'unreadable', object: `cs_test_pi_${id}` }
    expect(reported(await passes(REPORT, id))).toMatchObject([told])
    expect(reported(await passes(REPORT, id))).toEqual([])
    await passes(FIX, id)
    await passes(FIX, id)
    expect(await count('differences')).toBe(0)
    expect(
      await count('webhook_events', `via = 'reconcile' and reason = 'unreadable' and user_id = $1`, [id]),
    ).toBe(1)
  })

  it('what only an event says: that a customer was deleted', async () => {
    const id = await signedUp()
    await link(id)
    happenAtStripe(world, billingEvent('customer.deleted', { id: `cus_${id}` }, { at: Date.now() }), true)
    await passes(FIX, id)
    await later(16)
    expect(reported(await passes(FIX, id))).toMatchObject([{ kind: 'customer_deleted', fixed: true }])
    expect(await user(id)).toMatchObject({ stripe_customer_id: null })
    expect(await count('differences')).toBe(0)
  })

  it('that comes late after all is neither reported nor credited twice', async () => {
    const id = await paidInVain()
    await passes(FIX, id)
    await deliver('stripe', bought(id))
    await later(16)
    expect(reported(await passes(FIX, id))).toEqual([])
    expect(await balance(id)).toBe(540)
  })

  it('is found among what was created lately, before everything is compared', async () => {
    const id = await paidInVain()
    await runScheduled({ ...REPORT, RUN_SUBREQUESTS: '20' }, 'reconcile')
    expect((await kept())?.cursor?.full).toBe(null)
    const lists = world.requests.filter((path) => path.startsWith('/v1/checkout/sessions'))
    expect(lists).toEqual([expect.stringContaining('created%5Bgte%5D')])
    expect(await count('differences', 'user_id = $1', [id])).toBe(1)
  })
})

describe('a correct database', () => {
  it('stays as it is, and the pass is complete', async () => {
    const id = await signedUp()
    const known = clerkEvent('user.updated', { user: id })
    await deliver('clerk', known)
    happenAtClerk(world, known)
    const event = bought(id)
    await deliver('stripe', event)
    happenAtStripe(world, event, true)
    for (let pass = 0; pass < 2; pass++) expect(reported(await passes(FIX))).toEqual([])
    expect(await count('differences')).toBe(0)
    expect(await count('webhook_events', `via = 'reconcile' and user_id = $1`, [id])).toBe(0)
    expect(await balance(id)).toBe(540)
    expect((await kept())?.cursor?.complete).toMatchObject({ recent: {}, full: {} })
  })
})

describe('what is no difference', () => {
  it('another product’s subscription, a customer whose user has left, and what waits for a person already', async () => {
    const [other, id] = [randomId('other'), await signedUp()]
    const names = { subscription: `sub_${other}`, customer: `cus_${other}`, price: 'price_of_another' }
    happenAtStripe(world, subscriptionEvent('customer.subscription.created', names))
    world.stripe.get('customers')?.set(`cus_left_${other}`, {
      id: `cus_left_${other}`,
      object: 'customer',
      created: 1,
      metadata: { user_id: randomId('left') },
    })
    const event = bought(id)
    const refused = { ...event, data: { object: { ...event.data.object, metadata: { user_id: id } } } }
    happenAtStripe(world, refused, true)
    expect(await deliver('stripe', refused)).toMatchObject({ outcome: 'rejected' })
    await passes(FIX)
    await later(16)
    expect(reported(await passes(FIX))).toEqual([])
    expect(await count('differences')).toBe(0)
  })

  it('a user whom Clerk does not have is reported after an hour, and never closed, also with "fix"', async () => {
    const id = await signedUp()
    for (const one of [id, await signedUp()]) happenAtClerk(world, clerkEvent('user.created', { user: one }))
    world.users.delete(id)
    await passes(FIX, id)
    await later(16)
    expect(reported(await passes(FIX, id))).toEqual([])
    await later(50)
    expect(reported(await passes(FIX, id))).toMatchObject([{ kind: 'user_deleted', fixed: false }])
    expect(await user(id)).toMatchObject({ deactivated_at: null })
  })
})

/** More sessions than one page has. */
async function many(number: number): Promise<string> {
  const id = await paidInVain()
  for (let n = 1; n < number; n++) happenAtStripe(world, bought(id, n))
  return id
}
const firstPages = () =>
  world.requests.filter((path) => path.startsWith('/v1/checkout/sessions?') && !path.includes('after'))

describe('a pass', () => {
  it('goes on where the run before has ended, and asks for each page once', async () => {
    const id = await many(250)
    await passes({ ...REPORT, RUN_SUBREQUESTS: '14' })
    expect(firstPages().length).toBeLessThanOrEqual(2)
    expect(await count('differences', 'user_id = $1', [id])).toBe(250)
  })

  it('that is killed between any two requests ends the same', async () => {
    const id = await many(130)
    await passes(FIX)
    await later(16)
    await allDue()
    for (let run = 0; ; run++) {
      const before = await kept()
      let requests = run % 7
      const { fetch } = world
      // A run that was ended has not stored its position.
      world.fetch = async (input, init) =>
        requests-- > 0
          ? await fetch(input, init)
          : await new Promise((_, refuse) => refuse(new Error('killed')))
      await runScheduled({ ...FIX, RUN_SUBREQUESTS: '20' }, 'reconcile')
      world.fetch = fetch
      if (run % 2 === 0)
        await query(`update tasks set cursor = $1::jsonb where name = 'reconcile'`, [
          JSON.stringify(before?.cursor ?? null),
        ])
      if (run === 30) break
    }
    await passes(FIX)
    expect(await balance(id)).toBe(40 + 130 * 500)
    expect(await count('credit_ledger', `user_id = $1 and kind = 'purchase'`, [id])).toBe(130)
  }, 180_000)

  it('corrects more than a run has requests for, also with ten', async () => {
    const id = await many(25)
    await passes({ ...FIX, RUN_SUBREQUESTS: '10' }, '', 400)
    await later(16)
    await passes({ ...FIX, RUN_SUBREQUESTS: '10' }, '', 400)
    expect(await balance(id)).toBe(40 + 25 * 500)
  }, 180_000)

  it('makes no more requests than its share', async () => {
    await many(150)
    for (let run = 0; run < 5; run++) {
      const before = world.requests.length
      await runScheduled(FIX, 'reconcile')
      expect(world.requests.length - before).toBeLessThanOrEqual(16)
    }
  })
})

describe('a provider that does not let it', () => {
  it('a key that may not list: it is said once, and is no failure', async () => {
    await paidInVain()
    world.fetch = async () => json({ error: { type: 'invalid_request_error' } }, 401)
    const lines = await passes(REPORT)
    for (const kind of ['recent', 'full'])
      expect(lines).toContainEqual(
        expect.objectContaining({ message: 'reconcile', kind, complete: false, level: 'warn' }),
      )
    expect(lines).toHaveLength(2)
    expect(await passes(REPORT)).toEqual([])
    expect(await kept()).toMatchObject({ failures: 0, cursor: { complete: {} } })
    expect((await kept())?.in_s).toBeGreaterThan(3_000)
  })

  it('one list that it may not read makes the pass incomplete, and the rest is compared', async () => {
    const id = await paidInVain()
    const { fetch } = world
    world.fetch = async (input, init) =>
      String(input).includes('/v1/disputes') ? json({ error: {} }, 403) : await fetch(input, init)
    const [line] = (await passes(REPORT)).filter(({ message }) => message === 'reconcile')
    expect(line).toMatchObject({ complete: false, unseen: { disputes: 'the key may not read this' } })
    expect(await count('differences', 'user_id = $1', [id])).toBe(1)
  })

  it('a list that could not be read: everything is compared again within an hour', async () => {
    await paidInVain()
    await passes(REPORT)
    await later(16)
    const { fetch } = world
    world.fetch = async (input, init) =>
      String(input).includes('/v1/disputes') ? json({}, 500) : await fetch(input, init)
    expect(await passes(REPORT)).toContainEqual(
      expect.objectContaining({ kind: 'full', unseen: { disputes: 'stripe does not answer' } }),
    )
    expect(await fullDueInMs()).toBeLessThanOrEqual(HOUR_MS)
  })

  it('a permission that is given back: everything is compared as soon as a recent pass sees the list', async () => {
    await paidInVain()
    await passes(REPORT)
    // Nothing needs a second look any more.
    await later(16)
    const { fetch } = world
    world.fetch = async (input, init) =>
      String(input).includes('/v1/disputes') ? json({ error: {} }, 403) : await fetch(input, init)
    await passes(REPORT)
    expect(await fullDueInMs()).toBeGreaterThan(22 * HOUR_MS)
    world.fetch = fetch
    const complete = (await kept())?.cursor?.complete.full?.pass
    await recentDue()
    await runScheduled({ ...REPORT, RUN_SUBREQUESTS: '400' }, 'reconcile')
    const now = (await kept())?.cursor
    expect([now?.full, now?.complete.full?.pass === complete]).toEqual([null, false])
    // The next recent pass finds nothing that was left out.
    await recentDue()
    await runScheduled({ ...REPORT, RUN_SUBREQUESTS: '400' }, 'reconcile')
    expect((await kept())?.cursor?.complete.full).toEqual(now?.complete.full)
  })

  it('Retry-After is respected, and the pass goes on where it was', async () => {
    await many(120)
    const { fetch } = world
    world.fetch = async (input, init) =>
      String(input).includes('starting_after')
        ? json({ error: { type: 'rate_limit' } }, 429, { 'Retry-After': '77' })
        : await fetch(input, init)
    await runScheduled(REPORT, 'reconcile')
    expect(Math.abs(((await kept())?.in_s ?? 0) - 77)).toBeLessThan(4)
    world.fetch = fetch
    const before = firstPages().length
    await passes(REPORT)
    expect(firstPages().length - before).toBe(1)
    expect((await kept())?.cursor?.complete).toMatchObject({ recent: {}, full: {} })
  })

  it('a failing one delays no other task, and what is recent is looked for by the other provider', async () => {
    const id = await paidInVain()
    const { fetch } = world
    world.fetch = async (input, init) =>
      String(input).startsWith(RECONCILING.CLERK_API_BASE) ? json({}, 500) : await fetch(input, init)
    await query('update tasks set last_good_at = null, failures = 0')
    await runScheduled(REPORT)
    expect(
      await query(`select name from tasks where failures > 0 or (last_good_at is null and name = any ($1))`, [
        tasks.map(({ name }) => name),
      ]),
    ).toEqual([])
    for (let run = 0; run < 4; run++) await runScheduled(REPORT, 'reconcile')
    expect(await count('differences', 'user_id = $1', [id])).toBe(1)
  })

  it('a test key, where live mode is served, compares nothing', async () => {
    await paidInVain()
    await query(`insert into stripe_account (account, livemode, first_livemode) values ('acct_live', true, true)
      on conflict (one) do update set account = 'acct_live', livemode = true`)
    try {
      await passes(FIX)
      expect(world.requests).toEqual([])
    } finally {
      await query('delete from stripe_account')
    }
  })

  it('a key of another account compares nothing', async () => {
    await paidInVain()
    await query(`insert into stripe_account (account, livemode, first_livemode) values ('acct_ours', false, false)
      on conflict (one) do update set account = 'acct_ours', livemode = false`)
    const { fetch } = world
    world.fetch = async (input, init) =>
      String(input).endsWith('/v1/account') ? json({ id: 'acct_another' }) : await fetch(input, init)
    try {
      await passes(FIX)
      expect(world.requests).toEqual([])
    } finally {
      await query('delete from stripe_account')
    }
  })

  it('"off" asks nobody', async () => {
    await paidInVain()
    await runScheduled({ ...FIX, RECONCILE: 'off' }, 'reconcile')
    expect(world.requests).toEqual([])
  })
})

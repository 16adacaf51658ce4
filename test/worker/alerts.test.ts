import { beforeEach, describe, expect, it } from 'vitest'
import { subscriptionEvent } from '../../local/billing-events.ts'
import { checkoutEvent, randomId } from '../../local/events.ts'
import { ALERT_KINDS } from '../../src/settings/alerts.ts'
import { tallyQuery } from '../../src/tally.ts'
import { alertRow, alertsAge, calm, check, countsAge } from './alert-support.ts'
import { leave, linked, signedUp, signUp } from './people.ts'
import { consume, messageOf, testQueue } from './queue-support.ts'
import { deliver, type Env, query, runScheduled, send } from './support.ts'

const COMPLETED = 'checkout.session.completed'
const PLANS = JSON.stringify({
  price_pro: { key: 'pro', credits: 100 },
  price_max: { key: 'max', credits: 200 },
})
const topUp = (user: string) => checkoutEvent(COMPLETED, { user })
const badly = (number: number) =>
  Promise.all(Array.from({ length: number }, () => send('stripe', '{}', { secret: 'whsec_another' })))

beforeEach(calm)

interface Story {
  about?: string
  /** Where a run would do away with the cause. */
  noRun?: boolean
  env?: Env
  stripe?: typeof fetch
  begin(): Promise<unknown>
  end(): Promise<unknown>
}

const oneDay = (id: string) =>
  query(
    `update webhook_events set received_at = received_at - interval '25 hours' where user_id = $1 or $1 = any (about)`,
    [id],
  )

/** How the cause of each alert comes, and how it goes. */
const stories: Record<string, () => Promise<Story>> = {
  async error_rate() {
    return { begin: () => badly(20), end: () => countsAge(2) }
  },
  async refused_share() {
    const id = await signedUp()
    const begin = async () => {
      for (let number = 0; number < 10; number++) await deliver('stripe', topUp(id))
      await badly(10)
    }
    return { begin, end: () => countsAge(2) }
  },
  async fallback_rate() {
    const begin = async () => {
      for (let number = 0; number < 20; number++) await deliver('stripe', topUp(randomId('user')))
    }
    return { begin, end: () => countsAge(2) }
  },
  async parked_age() {
    const id = randomId('user')
    const begin = async () => {
      await deliver('stripe', topUp(id))
      await oneDay(id)
    }
    return { about: 'unknown_user', begin, end: () => signUp(id) }
  },
  async rejected_untouched() {
    const event = checkoutEvent(COMPLETED, {
      user: randomId('user'),
      session: { metadata: { credits: 'many' } },
    })
    const begin = async () => {
      expect(await deliver('stripe', event)).toMatchObject({
        outcome: 'rejected',
        reason: 'invalid_metadata',
      })
      await query(`update webhook_events set received_at = now() - interval '25 hours' where event_id = $1`, [
        event.id,
      ])
    }
    const settle = () =>
      query('select settle_event($1)', [JSON.stringify({ event_id: event.id, note: 'A test' })])
    return { about: 'invalid_metadata', begin, end: settle }
  },
  async difference() {
    const found = { provider: 'stripe', object: randomId('cs'), kind: 'paid_not_credited', user_id: 'user_1' }
    const sees = (pass: string, kind: string | null) =>
      query('select watch_found($1)', [JSON.stringify({ pass, watches: true, found: [{ ...found, kind }] })])
    const begin = async () => {
      await sees('a', found.kind)
      await query(`update differences set first_seen_at = now() - interval '1 hour'`)
      await sees('b', found.kind)
    }
    return { begin, end: () => sees('c', null) }
  },
  async no_complete_reconcile() {
    const begin = () =>
      query(`insert into tasks (name, created_at) values ('reconcile', now() - interval '27 hours')
        on conflict (name) do update set created_at = excluded.created_at, cursor = null`)
    const end = () =>
      query(`update tasks set cursor = jsonb_build_object('complete', jsonb_build_object('full', jsonb_build_object(
        'pass', 'p', 'beganAt', extract(epoch from now()) * 1000 - 60000, 'endedAt', extract(epoch from now()) * 1000)))
        where name = 'reconcile'`)
    return { env: { RECONCILE: 'report' }, begin, end }
  },
  async old_secret() {
    const env = { STRIPE_WEBHOOK_SECRET: 'whsec_the_new_one,whsec_test_5gFvH2kQm9tLr3xWc7Zb' }
    const begin = async () => {
      await deliver('stripe', topUp(await signedUp()), { env })
      await countsAge(25)
      await deliver('stripe', topUp(await signedUp()), { env })
    }
    return { begin, end: () => countsAge(25) }
  },
  async live_subscription_of_deleted_user() {
    const id = randomId('user')
    const names = { subscription: `sub_${id}`, customer: `cus_${id}`, price: 'price_pro' }
    const env = { PLANS, CANCEL_ON_DELETION: 'false' }
    const begin = async () => {
      await linked({ id, customer: names.customer })
      await deliver('stripe', subscriptionEvent('customer.subscription.created', names), { env })
      await leave(id)
      await runScheduled(env, 'mark_orphans')
    }
    const end = async () => {
      await deliver(
        'stripe',
        subscriptionEvent('customer.subscription.deleted', { ...names, at: Date.now() }),
        { env },
      )
    }
    return { env, begin, end }
  },
  async double_subscription() {
    const id = randomId('user')
    const named = (number: number) => ({
      ...{ subscription: `sub_${number}_${id}`, customer: `cus_${id}` },
      price: number === 1 ? 'price_pro' : 'price_max',
    })
    const env = { PLANS }
    const begin = async () => {
      await linked({ id, customer: `cus_${id}` })
      for (const number of [1, 2])
        await deliver('stripe', subscriptionEvent('customer.subscription.created', named(number)), { env })
    }
    const gone = subscriptionEvent('customer.subscription.deleted', { ...named(2), at: Date.now() })
    return { env, begin, end: () => deliver('stripe', gone, { env }) }
  },
  async unfinished_erasure() {
    const id = await signedUp()
    const env = { USER_DELETION: 'delete' }
    const begin = async () => {
      await leave(id, { env })
      await query(`update erasures set asked_at = now() - interval '2 hours' where user_id = $1`, [id])
    }
    return { env, begin, end: () => runScheduled(env, 'erase_payloads') }
  },
  async undelivered_event() {
    const begin = () =>
      query(`insert into outgoing_events (id, user_id, sequence, type, fact, data, state, ended_at)
        values ('out_1', 'user_1', 1, 'user.created', 'fact', '{}', 'undelivered', now())`)
    const end = () => query(`update outgoing_events set state = 'sent' where id = 'out_1'`)
    return { begin, end }
  },
  async late_task() {
    const at = (minutes: number) =>
      query(
        `update tasks set leased_until = null, next_at = now() - $1 * interval '1 minute' where name = 'attention'`,
        [minutes],
      )
    return { noRun: true, begin: () => at(20), end: () => at(0) }
  },
  async failing_task() {
    const fails = (failures: number) =>
      query(`update tasks set failures = $1 where name = 'attention'`, [failures])
    return { begin: () => fails(4), end: () => fails(0) }
  },
  async queue_age() {
    const queued = async (ageMs: number, attempts = 1) => {
      const event = topUp(await signedUp())
      const received_at = new Date(Date.now() - ageMs).toISOString()
      const body = { v: 1, provider: 'stripe', event_id: event.id, body: JSON.stringify(event), received_at }
      await consume([messageOf(body, 1, attempts, ageMs)])
    }
    return { begin: () => queued(1_200_000), end: () => queued(0, 2) }
  },
  async dead_letters() {
    const begin = () => consume([messageOf({ v: 2 })], { SPILL: testQueue() }, 'ledgerhook-spill-dead')
    return { begin, end: () => query(`update sightings set seen_at = seen_at - interval '61 minutes'`) }
  },
  async database_p95() {
    const begin = async () => {
      for (let number = 0; number < 25; number++) tallyQuery(1_500)
    }
    return { begin, end: () => countsAge(2) }
  },
  async silence() {
    const id = await signedUp()
    const begin = async () => {
      await deliver('stripe', topUp(id))
      await countsAge(7)
    }
    const created = Math.floor(Date.now() / 1_000) - 3_600
    const stripe = async () =>
      Response.json({ object: 'list', data: [{ id: 'evt_1', created }], has_more: false })
    return { stripe, begin, end: () => deliver('stripe', topUp(id)) }
  },
}

describe('an alert', () => {
  it.each(Object.keys(stories))('%s opens once with its cause, and closes without it', async (name) => {
    const {
      about = '',
      env = {},
      stripe,
      noRun,
      begin,
      end,
    } = await (stories[name] as () => Promise<Story>)()
    const said = [name, about].filter((word) => word).join(' ')
    const look = async () => {
      if (!noRun) await runScheduled({}, 'roll_up')
      return (await check(env, stripe)).filter((change) => change.includes(name))
    }
    expect(await look()).toEqual([])

    await begin()
    const { afterMin = 0 } = ALERT_KINDS[name] ?? {}
    const changes = await look()
    if (afterMin > 0) {
      expect([changes, (await alertRow(name, about))?.state]).toEqual([[], 'pending'])
      await alertsAge(afterMin)
      changes.push(...(await look()))
    }
    expect(changes).toEqual([`opened ${said}`])
    expect(await alertRow(name, about)).toMatchObject({ state: 'open', repeats: 0 })
    expect(await look()).toEqual([])

    await end()
    expect(await look()).toEqual([])
    expect(await alertRow(name, about)).toMatchObject({ state: 'open' })
    await alertsAge(5)
    expect(await look()).toEqual([`closed ${said}`])
    expect(await look()).toEqual([])
    expect(await alertRow(name, about)).toMatchObject({ state: 'closed' })
  })

  it('of the list has its story, here or in health.test.ts', () => {
    const direct = ['run_late', 'database_away']
    expect([...Object.keys(stories), ...direct].sort()).toEqual(Object.keys(ALERT_KINDS).sort())
  })

  it('of a rate says nothing of few requests, unless half of them are bad', async () => {
    const id = await signedUp()
    for (let number = 0; number < 6; number++) await deliver('stripe', topUp(id))
    await badly(4)
    await runScheduled({}, 'roll_up')
    expect(await check()).toEqual([])
    await badly(3)
    await runScheduled({}, 'roll_up')
    expect(await check()).toEqual(['opened error_rate', 'opened refused_share'])
  })

  it('that was open a moment ago does not open again for ten minutes', async () => {
    const fails = (failures: number) =>
      query(`update tasks set failures = $1 where name = 'attention'`, [failures])
    await fails(4)
    expect(await check()).toContain('opened failing_task')
    await fails(0)
    await check()
    await alertsAge(5)
    expect(await check()).toContain('closed failing_task')
    await fails(4)
    expect(await check()).toEqual([])
    expect(await alertRow('failing_task')).toMatchObject({ state: 'pending' })
    await alertsAge(10)
    expect(await check()).toEqual(['opened failing_task'])
  })

  it('that goes on is said again after one hour, two, four, and so on', async () => {
    await query(`update tasks set failures = 4 where name = 'attention'`)
    expect(await check()).toEqual(['opened failing_task'])
    for (const hours of [1, 2, 4, 8, 16, 24, 24]) {
      await alertsAge(60 * hours - 1)
      expect(await check()).toEqual([])
      await alertsAge(1)
      expect(await check()).toEqual(['repeated failing_task'])
    }
  })

  it('whose value stays near its threshold does not close', async () => {
    const id = randomId('user')
    await deliver('stripe', topUp(id))
    await oneDay(id)
    expect(await check()).toEqual(['opened parked_age unknown_user'])
    await query(`update webhook_events set received_at = now() - interval '20 hours' where user_id = $1`, [
      id,
    ])
    await check()
    await alertsAge(6)
    expect(await check()).toEqual([])
    await query(`update webhook_events set received_at = now() - interval '19 hours' where user_id = $1`, [
      id,
    ])
    await check()
    await alertsAge(6)
    expect(await check()).toEqual(['closed parked_age unknown_user'])
  })

  it('names the ids behind its value', async () => {
    const event = topUp(randomId('user'))
    await deliver('stripe', event)
    await query(`update webhook_events set received_at = now() - interval '25 hours' where event_id = $1`, [
      event.id,
    ])
    await check()
    expect(await alertRow('parked_age', 'unknown_user')).toMatchObject({
      details: { provider: 'stripe', event: event.id },
      threshold: 24,
    })
  })
})

describe('ALERTS', () => {
  const late = async () => {
    const id = randomId('user')
    await deliver('stripe', topUp(id))
    await oneDay(id)
  }

  it.each([
    ['of the alert', '{"parked_age": 30}'],
    ['of one thing that it is about', '{"parked_age:unknown_user": {"threshold": 30}}'],
  ])('sets the threshold %s', async (_, ALERTS) => {
    await late()
    expect(await check({ ALERTS })).toEqual([])
    await query(
      `update webhook_events set received_at = received_at - interval '6 hours' where outcome = 'parked'`,
    )
    expect(await check({ ALERTS })).toEqual(['opened parked_age unknown_user'])
  })

  it('switches an alert off, also one that is open', async () => {
    await late()
    expect(await check({ ALERTS: '{"parked_age": false}' })).toEqual([])
    expect(await check({ ALERTS: '{"parked_age:unknown_customer": false}' })).toEqual([
      'opened parked_age unknown_user',
    ])
    await check({ ALERTS: '{"parked_age:unknown_user": false}' })
    await alertsAge(5)
    expect(await check({ ALERTS: '{"parked_age:unknown_user": false}' })).toEqual([
      'closed parked_age unknown_user',
    ])
  })
})

describe('silence', () => {
  const answering = (created: number | null) => {
    const asked: string[] = []
    const stripe: typeof fetch = async (input) => {
      asked.push(String(input instanceof Request ? input.url : input))
      return Response.json({
        object: 'list',
        data: created === null ? [] : [{ id: 'evt_1', created }],
        has_more: false,
      })
    }
    return { asked, stripe }
  }
  const secondsAgo = (seconds: number) => Math.floor(Date.now() / 1_000) - seconds
  const silentFor = async (hours: number) => {
    await deliver('stripe', topUp(await signedUp()))
    await countsAge(hours)
  }

  it('is none where Stripe has nothing new, and asks it once in ten minutes', async () => {
    await silentFor(7)
    const { asked, stripe } = answering(secondsAgo(8 * 3_600))
    expect(await check({}, stripe)).toEqual([])
    expect(await check({}, stripe)).toEqual([])
    expect(asked).toHaveLength(1)
    expect(asked[0]).toMatch(/\/v1\/events\?limit=1&/)
    await query(`update sightings set seen_at = seen_at - interval '11 minutes'`)
    expect(await check({}, stripe)).toEqual([])
    expect(asked).toHaveLength(2)
  })

  it('is none where Stripe does not answer', async () => {
    await silentFor(7)
    expect(await check({}, async () => new Response('no', { status: 500 }))).toEqual([])
  })

  it('is none within six hours, nor of a shop that never had a delivery', async () => {
    const { asked, stripe } = answering(secondsAgo(60))
    expect(await check({}, stripe)).toEqual([])
    await silentFor(5)
    expect(await check({}, stripe)).toEqual([])
    expect(asked).toEqual([])
  })

  it('may last four times as long as at this hour of one of the last four weeks', async () => {
    await silentFor(9)
    // At this hour, and at the next, should it begin just now, deliveries came every few minutes, but for a gap of three
    // hours and a half three weeks ago.
    const around: Record<number, number[]> = { 3: [-1, 2.5] }
    for (const week of [1, 2, 3, 4]) {
      for (const hours of around[week] ?? [-0.05, 0.05, 0.95, 1.05, 1.95, 2.05]) {
        const moment = `date_trunc('hour', now()) - ${week} * interval '7 days' + ${hours} * interval '1 hour'`
        await query(`insert into rates values ('stripe', slot_of(${moment}), 'rows', 't${hours}', 'applied', '', 'none', 1, 1,
          ${moment}, ${moment})`)
      }
    }
    const { asked, stripe } = answering(secondsAgo(60))
    expect(await check({}, stripe)).toEqual([])
    expect(asked).toEqual([])
    await query(`update rates set at = at - interval '12 hours', first_at = first_at - interval '12 hours',
      last_at = last_at - interval '12 hours' where at > now() - interval '1 day'`)
    expect(await check({}, stripe)).toEqual(['opened silence'])
  })

  it('is not broken by what was refused, or by what a comparison has found', async () => {
    await silentFor(7)
    await badly(3)
    await runScheduled({}, 'roll_up')
    await query(
      `insert into rates values ('stripe', slot_of(now()), 'rows', 't', 'applied', '', 'reconciled', 1, 1, now(), now())`,
    )
    expect(await check({}, answering(secondsAgo(600)).stripe)).toEqual(['opened silence'])
  })
})

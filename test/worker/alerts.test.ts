import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { randomId } from '../../local/events.ts'
import { ALERT_KINDS } from '../../src/settings/alerts.ts'
import { STEPS_MS } from '../../src/tally.ts'
import { PROBE } from '../../src/webhook/probe.ts'
import {
  badly,
  type DirectStory,
  directStories,
  ENOUGH_REQUESTS,
  FEW_REQUESTS,
  healthAsked,
  oneDay,
  type Story,
  stories,
  topUp,
} from './alert-stories.ts'
import {
  alertReceiver,
  alertRow,
  alertsAge,
  calm,
  check,
  countsAge,
  inWords,
  tasksAge,
  untold,
} from './alert-support.ts'
import { logged } from './engine-support.ts'
import { signedUp } from './people.ts'
import { consume, messageOf } from './queue-support.ts'
import { deliver, type Env, makeDue, query, runScheduled, settings, startScheduled } from './support.ts'

const receiver = alertReceiver()
beforeEach(calm)

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

  it.each(Object.keys(directStories))(
    '%s goes out at once, to deep health as well, and so does its end',
    async (name) => {
      const { begin, look, end } = directStories[name] as DirectStory
      const told = () =>
        receiver.told
          .splice(0)
          .map(({ type, data }) => inWords({ change: type.replace('alert.', ''), alert: data.alert }))
      await untold()
      await look()
      expect([told(), await healthAsked()]).toEqual([[], 200])

      await begin()
      await look()
      expect([told(), await healthAsked()]).toEqual([[`opened ${name}`], 503])
      await look()
      expect(told()).toEqual([])

      await end()
      await look()
      expect([told(), await healthAsked()]).toEqual([[`closed ${name}`], 200])
      await look()
      expect(told()).toEqual([])
    },
  )

  it('has its story here, in which its cause happens, whichever it is', () => {
    expect(Object.keys({ ...stories, ...directStories }).sort()).toEqual(Object.keys(ALERT_KINDS).sort())
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

  it('that goes on is repeated after one hour, two, four, and so on', async () => {
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

describe('late_task', () => {
  /** Makes this many scheduled runs, with as much time before each. Returns what they say of late tasks. */
  const runs = async (number: number, minutes: number, env: Env) => {
    const lines = await logged(async () => {
      for (let run = 0; run < number; run++) {
        await tasksAge(minutes)
        await alertsAge(minutes)
        await startScheduled(env)
      }
    })
    const about = lines.filter(({ alert, reason }) => [alert, reason].includes('late_task'))
    return [...new Set(about.map(({ message, change }) => `${message} ${change ?? ''}`.trim()))].sort()
  }

  it('opens in the runs themselves, and stands in the log, if they have too few requests', async () => {
    await makeDue()
    expect(await runs(16, 20, FEW_REQUESTS)).toEqual(['alert opened', 'alert repeated', 'attention'])
    expect(await alertRow('late_task')).toMatchObject({
      state: 'open',
      details: { task: expect.any(String) },
    })
  })

  it('is none while each task has its turn, however few requests there are', async () => {
    await makeDue()
    expect(await runs(16, 1, FEW_REQUESTS)).toEqual([])
  })

  it('is none when runs begin again after a pause, if the first one does what is due', async () => {
    await makeDue()
    await startScheduled()
    expect(await runs(1, 90, {})).toEqual([])
    expect(await check()).toEqual([])
  })

  it.each(['check_alerts', 'attention'])(
    'is none after a run that died and a pause, though %s has its turn after others',
    async (looks) => {
      await query(
        `update tasks set leased_until = case when name = any ($1) then now() + interval '5 minutes' end,
           next_at = now() + case when name = any ($1) then interval '-1 second' else interval '1 hour' end`,
        [['roll_up', 'send_alerts', looks]],
      )
      expect(await runs(1, 90, ENOUGH_REQUESTS)).toEqual([])
      expect((await query('select leased_until from tasks where name = $1', [looks]))[0]).toEqual({
        leased_until: null,
      })
    },
  )

  it('does not open for the minutes in which runs catch up after a pause', async () => {
    await makeDue()
    await startScheduled()
    await tasksAge(90)
    await startScheduled(FEW_REQUESTS)
    expect(await check()).toEqual([])
    expect(await alertRow('late_task')).toMatchObject({ state: 'pending' })
    await startScheduled(ENOUGH_REQUESTS)
    expect(await check()).toEqual([])
    expect(await alertRow('late_task')).toBeUndefined()
  })

  it.each(['late_task', 'failing_task'])(
    '%s does not open for a task that this version no longer has',
    async (alert) => {
      await query(
        `insert into tasks (name, next_at, failures) values ('of_another_version', now() - interval '1 day', 4)`,
      )
      onTestFinished(() => void query(`delete from tasks where name = 'of_another_version'`))
      await check()
      expect(await alertRow(alert)).toBeUndefined()
    },
  )
})

describe('old_secret', () => {
  const rotating = { STRIPE_WEBHOOK_SECRET: `whsec_the_new_one,${settings.STRIPE_WEBHOOK_SECRET}` }

  it('closes once the old secret is no longer set, whatever it matched before', async () => {
    const used = async () => deliver('stripe', topUp(await signedUp()), { env: rotating })
    await used()
    await countsAge(25)
    await used()
    await runScheduled({}, 'roll_up')
    expect(await check(rotating)).toEqual(['opened old_secret'])
    const ended = { STRIPE_WEBHOOK_SECRET: 'whsec_the_new_one' }
    await check(ended)
    await alertsAge(5)
    expect(await check(ended)).toEqual(['closed old_secret'])
  })
})

describe('database_p95', () => {
  /** So many commits took longer than the step below, and at most this long. */
  const took = (number: number, uptoMs: number) =>
    query('insert into query_times values (now(), $1, $2)', [uptoMs, number])

  it.each([
    ['at 1000 ms when commits took longer than 500', {}, 1_000, []],
    ['at 1000 ms when commits took longer', {}, 2_000, ['opened database_p95']],
    [
      'at 500 ms when commits took longer',
      { ALERTS: '{"database_p95": 500}' },
      1_000,
      ['opened database_p95'],
    ],
    [
      'at 600 ms, as at 1000, when commits took longer than 500',
      { ALERTS: '{"database_p95": 600}' },
      1_000,
      [],
    ],
    [
      'at 1500 ms, as at 2000, when commits took longer than 1000',
      { ALERTS: '{"database_p95": 1500}' },
      2_000,
      [],
    ],
    [
      'at 1500 ms when commits took longer than 2000',
      { ALERTS: '{"database_p95": 1500}' },
      5_000,
      ['opened database_p95'],
    ],
    [
      'at 10000 ms when commits took longer',
      { ALERTS: '{"database_p95": 10000}' },
      60_000,
      ['opened database_p95'],
    ],
  ] as const)('%s: opens if that is known of more than 5 of 100', async (_, env, uptoMs, changes) => {
    await took(95, 5)
    await took(5, uptoMs)
    expect([await check(env), await alertRow('database_p95')]).toEqual([[], undefined])
    await query('update query_times set queries = 6 where upto_ms = $1', [uptoMs])
    await check(env)
    await alertsAge(10)
    expect(await check(env)).toEqual(changes)
  })

  it('knows the steps by which an isolate counts', async () => {
    const below = await query<{ ms: number }>('select step_below(ms) as ms from unnest($1::float[]) ms', [
      STEPS_MS,
    ])
    expect(below.map(({ ms }) => ms)).toEqual([0, ...STEPS_MS.slice(0, -1)])
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

describe('queue_age', () => {
  const queued = async (ageMs: number) => {
    const received_at = new Date(Date.now() - ageMs).toISOString()
    const event = topUp(await signedUp())
    const body = { v: 1, provider: 'stripe', event_id: event.id, body: JSON.stringify(event), received_at }
    await consume([messageOf(body, 1, 1, ageMs)])
  }
  const sightingsAge = (minutes: number) =>
    query(
      `update sightings set seen_at = seen_at - $1 * interval '1 minute', moment = moment - $1 * interval '1 minute'`,
      [minutes],
    )

  it('of a queue that is empty is how old the last messages were when they were committed', async () => {
    await queued(180_000)
    await sightingsAge(4)
    expect(await check({ ALERTS: '{"queue_age": 5}' })).toEqual([])
    expect(await check({ ALERTS: '{"queue_age": 2}' })).toEqual(['opened queue_age'])
    await sightingsAge(2)
    await check({ ALERTS: '{"queue_age": 2}' })
    await alertsAge(5)
    expect(await check({ ALERTS: '{"queue_age": 2}' })).toEqual(['closed queue_age'])
  })

  it('of messages that were left in the queue grows until they are seen again', async () => {
    const oldest_at = new Date(Date.now() - 180_000).toISOString()
    await query(`select saw_queue($1::jsonb)`, [JSON.stringify({ oldest_at, left_over: 1, dead: null })])
    await sightingsAge(13)
    expect(await check()).toEqual(['opened queue_age'])
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
    // At this hour of the day, and at the next in case it begins just now, deliveries came every few minutes, except
    // for a gap of three and a half hours three weeks ago.
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

  it('is not broken by what was refused, by what the doctor sends, or by what a comparison has found', async () => {
    await silentFor(7)
    await badly(3)
    expect(await deliver('stripe', { id: randomId('evt'), ...JSON.parse(PROBE) })).toMatchObject({
      outcome: 'ignored',
    })
    await runScheduled({}, 'roll_up')
    await query(
      `insert into rates values ('stripe', slot_of(now()), 'rows', 't', 'applied', '', 'reconciled', 1, 1, now(), now())`,
    )
    expect(await check({}, answering(secondsAgo(600)).stripe)).toEqual(['opened silence'])
  })

  it.each(['applied', 'rejected'])(
    'is broken by an event that is sent again and that only a comparison had found: %s',
    async (outcome) => {
      await silentFor(7)
      const { stripe } = answering(secondsAgo(600))
      expect(await check({}, stripe)).toEqual(['opened silence'])
      const user = await signedUp()
      const missed = topUp(user)
      if (outcome === 'rejected') Object.assign(missed.data.object, { client_reference_id: 'user_other' })
      expect(await deliver('stripe', missed)).toMatchObject({ outcome })
      await query(
        `update webhook_events set via = 'reconcile', fallback = 'reconciled' where event_id = $1`,
        [missed.id],
      )
      const closes = async () => {
        await runScheduled({}, 'roll_up')
        await check({}, stripe)
        await alertsAge(5)
        return await check({}, stripe)
      }
      expect(await closes()).toEqual([])
      expect(await deliver('stripe', missed)).toMatchObject({
        outcome: outcome === 'applied' ? 'duplicate' : outcome,
      })
      expect(await closes()).toEqual(['closed silence'])
    },
  )
})

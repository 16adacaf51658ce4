import { createExecutionContext } from 'cloudflare:test'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import worker from '../../src/index.ts'
import { ALERT_KINDS } from '../../src/settings/alerts.ts'
import { callWith } from './account-support.ts'
import {
  ALERT_WEBHOOK_URL,
  alertReceiver,
  alertsAge,
  calm,
  check,
  later,
  TELLING_ALERTS,
  untold,
} from './alert-support.ts'
import { logged } from './engine-support.ts'
import { see, signedIn } from './ops-support.ts'
import { AWAY } from './queue-support.ts'
import { counted, type Env, query, request, runScheduled, settings, startScheduled } from './support.ts'

const receiver = alertReceiver()
beforeEach(calm)

const fails = (failures: number) =>
  query(`update tasks set failures = $1 where name = 'attention'`, [failures])
/** A scheduled run that checks alerts and sends their messages. */
const watch = async (env: Env = TELLING_ALERTS) => {
  await query(`update alert_messages set next_at = now()`)
  await runScheduled(env, 'check_alerts')
  await query(`update alert_messages set next_at = now()`)
  await runScheduled(env, 'send_alerts')
}
const types = () => receiver.told.map(({ type }) => type)

describe('a change of an alert', () => {
  it('is sent to ALERT_WEBHOOK_URL in words, signed, with the ids behind it', async () => {
    await fails(4)
    await watch()
    expect(receiver.told).toHaveLength(1)
    const [told] = receiver.told
    expect(told).toMatchObject({
      type: 'alert.opened',
      text: expect.stringMatching(
        /^🔴 Ledgerhook: alert failing_task opened\. Scheduled tasks that keep failing: 1, the threshold is 1/,
      ),
      data: {
        alert: 'failing_task',
        value: 1,
        threshold: 1,
        critical: false,
        details: { task: 'attention' },
      },
    })
    expect(told?.headerId).toBe(told?.id)
    expect(receiver.inits[0]).toMatchObject({ method: 'POST', redirect: 'manual' })
    expect(new Headers(receiver.inits[0]?.headers).get('webhook-signature')).toMatch(/^v1,/)
    await watch()
    expect(receiver.told).toHaveLength(1)
    await fails(0)
    await watch()
    await alertsAge(5)
    await watch()
    expect(types()).toEqual(['alert.opened', 'alert.closed'])
  })

  it('is sent without a signature if no secret is set, and not at all if no address is set', async () => {
    await fails(4)
    await watch({ ALERT_WEBHOOK_URL })
    expect(new Headers(receiver.inits[0]?.headers).get('webhook-signature')).toBeNull()
    await fails(0)
    await watch({})
    await alertsAge(5)
    await watch({})
    expect(receiver.told).toHaveLength(1)
    expect(await query('select * from alert_messages')).toEqual([])
  })

  it('is sent until it is accepted, with the same id, and in order', async () => {
    receiver.says = () => new Response(null, { status: 500 })
    await fails(4)
    await watch()
    await fails(0)
    await watch()
    await alertsAge(5)
    await watch()
    expect(new Set(types())).toEqual(new Set(['alert.opened']))
    expect(receiver.told.length).toBeGreaterThan(1)
    expect(new Set(receiver.told.map(({ id }) => id)).size).toBe(1)
    receiver.says = () => new Response('ok')
    receiver.told.length = 0
    await watch()
    await watch()
    expect(types()).toEqual(['alert.opened', 'alert.closed'])
    expect(await query('select * from alert_messages')).toEqual([])
  })

  it.each<[string, (typeof receiver)['says']]>([
    [
      'redirects',
      () => new Response(null, { status: 302, headers: { Location: 'https://elsewhere.example.com' } }),
    ],
    ['is not there', () => Promise.reject(new TypeError('no'))],
    ['never answers', () => Promise.reject(new DOMException('', 'TimeoutError'))],
    [
      'returns a body without end',
      () =>
        new Response(new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(1e5)) }), { status: 400 }),
    ],
  ])('to a receiver that %s is tried again later, and delays no task', async (_, says) => {
    receiver.says = says
    await fails(4)
    await runScheduled(TELLING_ALERTS, 'check_alerts')
    const lines = await logged(() => runScheduled(TELLING_ALERTS, 'send_alerts', 'release_arrived'))
    expect(lines).toContainEqual(expect.objectContaining({ message: 'alert not sent' }))
    expect(receiver.told).toHaveLength(1)
    const tasks = await query(`select name from tasks where name in ('send_alerts', 'release_arrived')
      and failures = 0 and last_good_at > now() - interval '1 minute'`)
    expect(tasks).toHaveLength(2)
    const [left] = await query<{ tries: number; later: boolean }>(
      'select tries, next_at > now() as later from alert_messages',
    )
    expect(left).toEqual({ tries: 1, later: true })
  })

  it('that was accepted, but could not be recorded as sent, is sent again with the same id', async () => {
    await fails(4)
    await query('alter function end_alert_messages(jsonb) rename to end_alert_messages_away')
    await watch()
    await query('alter function end_alert_messages_away(jsonb) rename to end_alert_messages')
    await watch()
    await watch()
    expect(types()).toEqual(['alert.opened', 'alert.opened'])
    expect(new Set(receiver.told.map(({ id }) => id)).size).toBe(1)
  })

  it('is given up after three days', async () => {
    receiver.says = () => new Response(null, { status: 500 })
    await fails(4)
    await watch()
    await query(`update alert_messages set created_at = created_at - interval '73 hours'`)
    await watch()
    expect(await query('select * from alert_messages')).toEqual([])
  })
})

describe('HEARTBEAT_URL', () => {
  const env = { HEARTBEAT_URL: 'https://beats.example.com/beat' }

  it('is requested after a successful run, also one in which a task has failed', async () => {
    await runScheduled(env, 'attention')
    expect(receiver.beats).toBe(1)
    await query('alter function attention(jsonb) rename to attention_away')
    await runScheduled(env, 'attention')
    await query('alter function attention_away(jsonb) rename to attention')
    expect(receiver.beats).toBe(2)
  })

  it('is not requested after a run that could not begin', async () => {
    await expect(startScheduled({ ...env, ...AWAY })).rejects.toThrow()
    expect(receiver.beats).toBe(0)
  })
})

const deep = async (env: Env = {}) => {
  const response = await request('/api/health/deep', {}, env)
  expect(response.headers.get('cache-control')).toBe('max-age=15')
  return [response.status, await response.json()]
}
describe('GET /api/health/deep', () => {
  beforeEach(untold)

  it('is 503 while a critical alert is open, and says only how many are', async () => {
    expect(await deep()).toEqual([200, { status: 'ok', critical: 0 }])
    await query(
      `update tasks set leased_until = null, next_at = now() - interval '20 minutes' where name = 'attention'`,
    )
    expect(await check()).toEqual([])
    await alertsAge(5)
    expect(await check()).toEqual(['opened late_task'])
    later(20_000)
    expect(await deep()).toEqual([503, { status: 'critical', critical: 1 }])
  })

  it('of an alert that is not critical is 200, and ALERTS says which are', async () => {
    await fails(4)
    await check()
    expect(await deep()).toEqual([200, { status: 'ok', critical: 0 }])
    await check({ ALERTS: '{"failing_task": {"critical": true}}' })
    later(20_000)
    expect(await deep()).toEqual([503, { status: 'critical', critical: 1 }])
  })

  it('reads the database once in 15 seconds, however often it is asked', async () => {
    const { requests } = await counted(async () => {
      for (let slice = 0; slice < 10; slice++) await Promise.all(Array.from({ length: 100 }, () => deep()))
    })
    expect(requests).toBe(1)
    later(15_001)
    expect((await counted(() => Promise.all([deep(), deep(), deep()]))).requests).toBe(1)
  })

  it('goes on with the reading that others wait for if its caller hangs up', async () => {
    later(20_000)
    const context = createExecutionContext()
    const goesOn = vi.spyOn(context, 'waitUntil')
    await worker.fetch(new Request('http://ledgerhook.test/api/health/deep'), settings, context)
    expect(await goesOn.mock.calls[0]?.[0]).toEqual({ critical: 0, run_late: false })
  })

  it('is 503 while the database is away', async () => {
    expect(await deep(AWAY)).toEqual([503, { status: 'critical', critical: 1 }])
  })

  it('is 503 once no run has ended well for five minutes, and sends that alert at most every 15 minutes', async () => {
    await query(`update tasks set last_good_at = now() - interval '6 minutes'`)
    expect(await deep(TELLING_ALERTS)).toEqual([503, { status: 'critical', critical: 1 }])
    later(20_000)
    await deep(TELLING_ALERTS)
    expect(receiver.told.map(({ data }) => data.alert)).toEqual(['run_late'])
    await untold()
    await deep(TELLING_ALERTS)
    expect(receiver.told.map(({ data }) => data.alert)).toEqual(['run_late', 'run_late'])
    // The database does not answer, so it is not known whether a run is late.
    later(20_000)
    await deep({ ...AWAY, ...TELLING_ALERTS })
    expect(types()).toEqual(['alert.opened', 'alert.opened'])
    await query('update tasks set last_good_at = now()')
    later(20_000)
    expect(await deep(TELLING_ALERTS)).toEqual([200, { status: 'ok', critical: 0 }])
    expect(types()).toEqual(['alert.opened', 'alert.opened', 'alert.closed'])
  })
})

describe('a run that cannot reach the database', () => {
  beforeEach(untold)

  it('is reported at once, at most every 15 minutes, and so is its end', async () => {
    for (let run = 0; run < 2; run++)
      await expect(startScheduled({ ...AWAY, ...TELLING_ALERTS })).rejects.toThrow()
    expect(receiver.told.map(({ type, data }) => [type, data.alert])).toEqual([
      ['alert.opened', 'database_away'],
    ])
    expect(receiver.told[0]?.text).toBe(
      '🔴 Ledgerhook: critical alert database_away opened. A scheduled run could not reach the database. docs/operations.md says what to do.',
    )
    await startScheduled(TELLING_ALERTS)
    await startScheduled(TELLING_ALERTS)
    expect(types()).toEqual(['alert.opened', 'alert.closed'])
  })

  it('is reported once in a data center, by whichever isolate was first', async () => {
    const { default: cache } = caches as unknown as { default: Cache }
    const headers = { 'Cache-Control': 'max-age=900' }
    await cache.put('https://ledgerhook.internal/alerts/database_away', new Response('', { headers }))
    await expect(startScheduled({ ...AWAY, ...TELLING_ALERTS })).rejects.toThrow()
    expect(receiver.told).toEqual([])
  })
})

describe('GET /api/ops/alerts', () => {
  it('lists run_late as long as no run ends well, as deep health counts it, and /ops does too', async () => {
    const listed = async () =>
      ((await callWith(settings.OPS_TOKEN, '/api/ops/alerts')).body.alerts as { alert: string }[]).filter(
        ({ alert }) => alert === 'run_late',
      )
    const operator = await signedIn()
    const shown = async () => (await see(operator, '/ops')).includes('run_late')
    expect([await listed(), await shown()]).toEqual([[], false])
    await query(`update tasks set last_good_at = last_good_at - interval '6 minutes'`)
    expect(await listed()).toEqual([
      expect.objectContaining({
        state: 'open',
        critical: true,
        closed_at: null,
        says: ALERT_KINDS.run_late?.says,
      }),
    ])
    expect(await shown()).toBe(true)
    await runScheduled({}, 'attention')
    expect([await listed(), await shown()]).toEqual([[], false])
  })

  it('lists what is open, in words, to operators alone', async () => {
    await fails(4)
    await check()
    expect((await request('/api/ops/alerts')).status).toBe(401)
    const headers = { Authorization: `Bearer ${settings.OPS_TOKEN}` }
    const response = await request('/api/ops/alerts', { headers })
    const { alerts } = (await response.json()) as { alerts: object[] }
    expect(alerts).toEqual([
      expect.objectContaining({
        alert: 'failing_task',
        about: null,
        state: 'open',
        critical: false,
        value: 1,
        threshold: 1,
        says: ALERT_KINDS.failing_task?.says,
      }),
    ])
  })
})

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { checkoutEvent, clerkEvent, randomId } from '../../local/events.ts'
import { type Signing, sign } from '../../local/sign.ts'
import type { Rates } from '../../src/ops/rates.ts'
import { PROBE, PROBE_HEADER } from '../../src/webhook/probe.ts'
import { signedUp, signUp } from './people.ts'
import { AWAY, consume, messageOf } from './queue-support.ts'
import {
  counted,
  deliver,
  type Env,
  query,
  request,
  runScheduled,
  secrets,
  send,
  settings,
  stripeAnswers,
} from './support.ts'

const OTHER_SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'
const COMPLETED = 'checkout.session.completed'
const topUp = (user: string) => checkoutEvent(COMPLETED, { user })

/** Each point that is written to Analytics Engine, by the names of its columns. */
interface Written {
  provider: string
  type: string
  outcome: string
  reason: string
  status: string
  fallback: string
  secret: string
  count: number
}
function metrics() {
  const points: Written[] = []
  const writeDataPoint = ({ indexes, blobs, doubles }: Record<string, unknown[]>) => {
    const [provider, type, outcome, reason, status, fallback, secret] = (blobs ?? []).map(String)
    expect(indexes).toEqual([provider])
    const [count, duration, database] = (doubles ?? []) as number[]
    expect([duration, database].every((ms) => typeof ms === 'number' && ms >= 0)).toBe(true)
    points.push({ provider, type, outcome, reason, status, fallback, secret, count } as Written)
  }
  return { points, env: { METRICS: { writeDataPoint } } as Env }
}

const kinds = ({ points }: ReturnType<typeof metrics>) =>
  points.map((p) => [p.provider, p.outcome, p.reason, p.status, p.fallback, p.secret, p.count].join(' '))

async function readRates(path = '/api/ops/rates', env: Env = {}): Promise<Rates & { metrics: unknown }> {
  const response = await request(path, { headers: { Authorization: `Bearer ${settings.OPS_TOKEN}` } }, env)
  expect(response.status).toBe(200)
  return await response.json()
}

const rollUp = (env: Env = {}) => runScheduled(env, 'roll_up')

beforeEach(async () => {
  await rollUp()
  await query('truncate rates, tallies, query_times, parked_ages')
  await query(`update webhook_events set received_at = received_at - interval '40 days'`)
})
afterEach(() => void vi.restoreAllMocks())

describe('every delivery', () => {
  it('is counted by what became of it, and by what it took', async () => {
    const [id, early] = [await signedUp(), randomId('user')]
    await deliver('stripe', topUp(early))
    await signUp(early)
    await deliver('stripe', topUp(randomId('user')))
    const read = topUp(id)
    await stripeAnswers({ [`GET /v1/events/${read.id}`]: { body: read } })
    await deliver('stripe', thin(read))
    const later = topUp(id)
    await deliver('stripe', thin(later))
    await stripeAnswers({ [`GET /v1/events/${later.id}`]: { body: later } })
    await runScheduled({}, 'retry_due')
    const spilled = topUp(id)
    const body = { v: 1, provider: 'stripe', event_id: spilled.id, body: JSON.stringify(spilled) }
    await consume([messageOf({ ...body, received_at: new Date().toISOString() })])
    await rollUp()

    const { total, hours } = await readRates()
    expect(total.outcomes).toEqual({ applied: 6, parked: 1 })
    expect(total.fallbacks).toEqual({
      none: 2,
      released: 1,
      parked: 1,
      read_from_provider: 1,
      retried: 1,
      spilled: 1,
    })
    expect(total).toMatchObject({ requests: 7, verified: 7, fallback_rate: 0.7143, error_rate: 0 })
    expect(hours).toHaveLength(24)
    expect(hours.reduce((sum, { requests }) => sum + requests, 0)).toBe(7)
  })

  it('that was refused or got 5xx is counted without a query of its own', async () => {
    const id = await signedUp()
    const { requests } = await counted(async () => {
      for (let number = 0; number < 3; number++)
        await send('stripe', JSON.stringify(topUp(id)), { secret: 'whsec_another' })
      await send('clerk', '{}', { signedAt: 0 })
      await request('/api/webhooks/clerk', { method: 'POST', body: '{}' })
      await request('/api/webhooks/clerk', { method: 'POST', body: 'x'.repeat(1024 * 1024 + 1) })
    })
    expect(requests).toBe(0)
    expect((await send('stripe', JSON.stringify(topUp(id)), { env: AWAY })).status).toBe(503)
    await deliver('stripe', topUp(id))
    await deliver('stripe', { ...topUp(id), type: 'x.y' })
    await rollUp()
    const { total, kinds } = await readRates()
    expect(total).toMatchObject({ refused: 6, unavailable: 1, verified: 3, error_rate: 0.7 })
    expect(total.outcomes).toMatchObject({ applied: 2, ignored: 1 })
    const refused = kinds.filter(({ outcome }) => outcome === 'refused')
    expect(refused.map(({ provider, reason, count }) => [provider, reason, count].join(' ')).sort()).toEqual([
      'clerk header_missing 1',
      'clerk outside_tolerance 1',
      'clerk payload_too_large 1',
      'stripe no_match 3',
    ])
  })

  it('that the doctor forges is refused and not counted, if a signature beside it says who has sent it', async () => {
    const forged = async (provider: 'clerk' | 'stripe', proof: string) => {
      const headers = { ...(await sign(provider, '{}', { secret: OTHER_SECRET })), [PROBE_HEADER]: proof }
      const body = JSON.stringify(topUp('user_1'))
      return (await request(`/api/webhooks/${provider}`, { method: 'POST', headers, body })).status
    }
    const proof = async (provider: 'clerk' | 'stripe', text: string, signing: Partial<Signing> = {}) =>
      JSON.stringify(await sign(provider, text, { secret: secrets[provider], ...signing }))
    const { result, requests } = await counted(async () => [
      await forged('clerk', await proof('clerk', PROBE)),
      await forged('stripe', await proof('stripe', PROBE)),
    ])
    expect([result, requests]).toEqual([[400, 400], 0])
    const others = [
      '{',
      'null',
      '[]',
      '{"stripe-signature": 1}',
      'a b',
      await proof('stripe', PROBE, { secret: OTHER_SECRET }),
      await proof('stripe', PROBE, { signedAt: Date.now() - 600_000 }),
      await proof('stripe', JSON.stringify(topUp('user_1'))),
      await proof('clerk', PROBE),
    ]
    for (const given of others) expect(await forged('stripe', given)).toBe(400)
    await rollUp()
    const { total, kinds } = await readRates()
    expect(total).toMatchObject({ requests: others.length, refused: others.length })
    expect(kinds.map(({ provider, reason }) => `${provider} ${reason}`)).toEqual(['stripe no_match'])
  })

  it.each(['clerk', 'stripe'] as const)(
    'of %s that the doctor signs, or that repeats it, has no effect and is not counted',
    async (provider) => {
      const counting = metrics()
      const { result, requests } = await counted(() => send(provider, PROBE, { env: counting.env }))
      expect(requests).toBe(0)
      expect(await result.json()).toMatchObject({ outcome: 'ignored', reason: 'unhandled_type' })
      await rollUp()
      const { total, kinds } = await readRates()
      expect([total.requests, kinds, counting.points]).toEqual([0, [], []])
    },
  )

  it('of which its isolate has counted something carries that, in its own statement', async () => {
    const id = await signedUp()
    const later = vi.spyOn(Date, 'now')
    const now = Date.now()
    later.mockImplementation(() => now + 60_000)
    await send('stripe', JSON.stringify(topUp(id)), { secret: 'whsec_another', signedAt: now })
    later.mockImplementation(() => now + 120_000)
    const event = topUp(id)
    const answer = await counted(() => deliver('stripe', event, { signedAt: now + 120_000 }))
    expect(answer).toMatchObject({ requests: 1, statements: 1, result: { outcome: 'applied' } })
    const carried = await query<{ counts: Record<string, number> }>('select counts from tallies')
    expect(carried.map(({ counts }) => counts['stripe refused no_match'])).toContain(1)
  })

  it('keeps which secret has matched, where it was not the first', async () => {
    const env = { STRIPE_WEBHOOK_SECRET: `whsec_the_new_one,${settings.STRIPE_WEBHOOK_SECRET}` }
    const id = await signedUp()
    await deliver('stripe', topUp(id), { env })
    await deliver('stripe', topUp(id), { env, secret: 'whsec_the_new_one' })
    await rollUp()
    const { kinds } = await readRates()
    const bySecret = kinds.filter(({ provider, type }) => provider === 'stripe' && type === COMPLETED)
    expect(bySecret.map(({ secret, count }) => [secret, count]).sort()).toEqual([
      [1, 1],
      [2, 1],
    ])
  })
})

describe('what is counted by ten minutes', () => {
  it('follows what becomes of it later', async () => {
    const early = randomId('user')
    await deliver('stripe', topUp(early))
    await query(`update webhook_events set received_at = now() - interval '1 day' where user_id = $1`, [
      early,
    ])
    await query(`update tasks set cursor = to_jsonb(now() - interval '2 days') where name = 'roll_up'`)
    await rollUp()
    expect((await readRates('/api/ops/rates?hours=48')).total.fallbacks).toEqual({ parked: 1 })
    await signUp(early)
    await rollUp()
    expect((await readRates('/api/ops/rates?hours=48')).total.fallbacks).toEqual({ released: 1, none: 1 })
  })

  it('is counted once, however often the scheduled run counts it', async () => {
    const id = await signedUp()
    await send('stripe', JSON.stringify(topUp(id)), { secret: 'whsec_another' })
    await rollUp()
    const first = (await readRates()).total
    await query(`update tasks set cursor = null where name = 'roll_up'`)
    await rollUp()
    const { database_p95_ms: _, ...again } = (await readRates()).total
    expect(first).toMatchObject(again)
  })

  it('is forgotten after 100 days', async () => {
    await signedUp()
    await rollUp()
    await query(`update rates set at = at - interval '101 days'`)
    await query(`insert into query_times values (now() - interval '101 days', 5, 1)`)
    await query(`insert into parked_ages values (now() - interval '101 days', 5)`)
    await rollUp()
    expect(await query(`select at from rates where at < now() - interval '100 days'`)).toEqual([])
    expect(await query(`select at from parked_ages where at < now() - interval '100 days'`)).toEqual([])
    expect(await query(`select at from query_times where at < now() - interval '100 days'`)).toEqual([])
  })
})

describe('the age of the oldest parked delivery', () => {
  const parked = async () => {
    const early = randomId('user')
    await deliver('stripe', topUp(early))
    return early
  }
  const waits = (user: string, hours: number) =>
    query(`update webhook_events set received_at = now() - $2 * interval '1 hour' where user_id = $1`, [
      user,
      hours,
    ])
  const pass = (hours: number) => query(`update parked_ages set at = at - $1 * interval '1 hour'`, [hours])
  const noted = async () => (await readRates()).hours.map(({ oldest_parked_hours }) => oldest_parked_hours)
  const known = async () => (await noted()).filter((hours) => hours !== null)

  beforeEach(async () => {
    await query(
      `update webhook_events set outcome = 'ignored', reason = 'no_effect' where outcome = 'parked'`,
    )
    await query('truncate parked_ages')
  })

  it('is the most of each hour, through hours and reasons, and after it was released', async () => {
    const [early, earlier] = [await parked(), await parked()]
    await query(`update webhook_events set reason = 'unknown_payment' where user_id = $1`, [early])
    for (const [user, hours] of [
      [early, 3.5],
      [earlier, 1],
    ] as const)
      await waits(user, hours)
    await rollUp()
    await pass(1)
    await waits(early, 4.5)
    await rollUp()
    expect(await known()).toEqual([3.5, 4.5])
    await query(`update webhook_events set reason = 'unknown_user' where user_id = $1`, [early])
    for (const user of [early, earlier]) await signUp(user)
    await rollUp()
    expect((await readRates()).total.oldest_parked_hours).toBe(4.5)
    await pass(1)
    await rollUp()
    expect(await known()).toEqual([3.5, 4.5, 0])
  })

  it('of an hour without a run is not known, which is not the same as none', async () => {
    await waits(await parked(), 2)
    await rollUp()
    await pass(3)
    await query(
      `update webhook_events set outcome = 'ignored', reason = 'no_effect' where outcome = 'parked'`,
    )
    await rollUp()
    const hours = await noted()
    expect([hours.indexOf(0) - hours.indexOf(2) >= 3, await known()]).toEqual([true, [2, 0]])
    expect((await readRates('/api/ops/rates?hours=1')).hours).toHaveLength(1)
  })
})

describe('the database’s time', () => {
  it('is counted by steps, of which 95 of 100 queries are below one', async () => {
    await query(`insert into query_times values (now(), 10, 90), (now(), 50, 6), (now(), 5000, 4)`)
    expect((await readRates()).total.database_p95_ms).toBe(50)
  })
})

describe('the binding METRICS', () => {
  it('gets one point for each delivery and each request, also for those that are refused', async () => {
    const counting = metrics()
    const { env } = counting
    const [id, early] = [await signedUp(), randomId('user')]
    await deliver('stripe', topUp(id), { env })
    await deliver('stripe', topUp(early), { env })
    await deliver('clerk', clerkEvent('user.created', { user: early }), { env })
    await send('stripe', '{}', { secret: 'whsec_another', env })
    await send('stripe', JSON.stringify(topUp(id)), { env: { ...env, ...AWAY } })
    await request('/api/ops/explain/user_1', {}, env)
    await request('/api/health', {}, env)
    expect(kinds(counting)).toEqual([
      'stripe applied  200 none 1 1',
      'stripe parked unknown_user 200 parked 1 1',
      'clerk applied  200 none 1 1',
      // It was counted when it arrived.
      'stripe applied   released  0',
      'stripe refused no_match 400 none  1',
      expect.stringMatching(/^stripe unavailable \S+ 503 none {2}1$/),
      'api 401  401 none  1',
      'api 200  200 none  1',
    ])
    expect(counting.points.map(({ type }) => type)).toContain('GET /api/ops/explain/:id')
    expect(JSON.stringify(counting.points)).not.toContain(id)
  })

  it('that takes no more loses nothing but a count', async () => {
    const writeDataPoint = () => {
      throw new Error('too many points')
    }
    const answer = await deliver('stripe', topUp(await signedUp()), {
      env: { METRICS: { writeDataPoint } } as Env,
    })
    expect(answer).toMatchObject({ status: 200, outcome: 'applied' })
  })
})

describe('GET /api/ops/rates', () => {
  it('is for operators, and refuses hours that are none', async () => {
    expect((await request('/api/ops/rates')).status).toBe(401)
    const headers = { Authorization: `Bearer ${settings.OPS_TOKEN}` }
    for (const hours of ['0', '721', 'x', '1.5'])
      expect((await request(`/api/ops/rates?hours=${hours}`, { headers })).status).toBe(400)
  })

  it('has of each hour what Analytics Engine says, where it can be read', async () => {
    const hour = Math.floor(Date.now() / 3_600_000) * 3_600
    const real = globalThis.fetch
    const asked: { url: string; init: RequestInit }[] = []
    let answer = () =>
      Response.json({ data: [{ hour: `${hour}`, requests: '12', refused: 3, database_p95: 41 }] })
    vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
      if (!String(input).startsWith('https://api.cloudflare.com/')) return await real(input, init)
      asked.push({ url: String(input), init: init ?? {} })
      return answer()
    })
    const env: Env = { METRICS_READ: `${'a'.repeat(32)}/ledgerhook:${'t'.repeat(40)}` }
    const read = await readRates('/api/ops/rates?hours=2', env)
    expect(read.metrics).toBe('read')
    const ofHours = read.hours.map((one) => Reflect.get(one, 'metrics'))
    expect(ofHours).toContainEqual(
      expect.objectContaining({ requests: 12, refused: 3, unavailable: 0, database_p95_ms: 41 }),
    )
    expect(ofHours).toContain(null)
    expect(asked).toHaveLength(1)
    expect(asked[0]?.url).toContain(`/accounts/${'a'.repeat(32)}/analytics_engine/sql`)
    expect(asked[0]?.init).toMatchObject({
      redirect: 'manual',
      headers: { Authorization: `Bearer ${'t'.repeat(40)}` },
    })
    answer = () => new Response('no', { status: 403 })
    expect((await readRates('/api/ops/rates', env)).metrics).toBe('unavailable')
    expect((await readRates()).metrics).toBe('off')
  })
})

/** Returns the event that a thin destination delivers for a snapshot event. */
const thin = (snapshot: { id: string; type: string; data: { object: object } }) => ({
  id: `${snapshot.id}_thin`,
  object: 'v2.core.event',
  type: `v1.${snapshot.type}`,
  context: null,
  created: '2026-05-01T12:00:00.000Z',
  livemode: false,
  snapshot_event: snapshot.id,
  related_object: { id: (snapshot.data.object as { id: string }).id, type: 'checkout.session', url: null },
})

import { beforeEach, describe, expect, it, vi } from 'vitest'
import { checkoutEvent, clerkEvent, randomId } from '../../local/events.ts'
import { sign } from '../../local/sign.ts'
import { signUp } from './people.ts'
import {
  balance,
  counted,
  deliver,
  eventRow,
  query,
  request,
  runScheduled,
  secrets,
  send,
} from './support.ts'

const COMPLETED = 'checkout.session.completed'
const MINUTE = 60_000
const OTHER_SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'
const bodies = {
  clerk: () => JSON.stringify(clerkEvent('user.created', { user: randomId('user') })),
  stripe: () => JSON.stringify(checkoutEvent(COMPLETED, { user: randomId('user') })),
}
const providers = ['clerk', 'stripe'] as const
const INVALID = { status: 400, body: { error: 'invalid_signature' } }

async function refusal(response: Promise<Response>) {
  const { result, requests } = await counted(() => response)
  expect(requests).toBe(0)
  return { status: result.status, body: await result.json() }
}

describe.each(providers)('a %s signature', (provider) => {
  const body = bodies[provider]

  it('that is missing costs no query, and the response does not say why', async () => {
    expect(await refusal(request(`/api/webhooks/${provider}`, { method: 'POST', body: body() }))).toEqual(
      INVALID,
    )
  })

  it('of a wrong secret is refused', async () => {
    expect(await refusal(send(provider, body(), { secret: OTHER_SECRET }))).toEqual(INVALID)
  })

  it('of another body is refused', async () => {
    const headers = await sign(provider, '{}', { secret: secrets[provider] })
    expect(
      await refusal(request(`/api/webhooks/${provider}`, { method: 'POST', headers, body: body() })),
    ).toEqual(INVALID)
  })

  it.each([-6 * MINUTE, 6 * MINUTE])('made %i ms from now is refused', async (offset) => {
    expect(await refusal(send(provider, body(), { signedAt: Date.now() + offset }))).toEqual(INVALID)
  })

  it.each([-4 * MINUTE, 4 * MINUTE])('made %i ms from now is accepted', async (offset) => {
    expect((await send(provider, body(), { signedAt: Date.now() + offset })).status).toBe(200)
  })

  it('may be of any of several secrets, and the log says which by position', async () => {
    const env = { [`${provider.toUpperCase()}_WEBHOOK_SECRET`]: `${OTHER_SECRET}, ${secrets[provider]}` }
    const log = vi.spyOn(console, 'log')
    for (const [secret, position] of [
      [secrets[provider], 2],
      [OTHER_SECRET, 1],
    ] as const) {
      expect((await send(provider, body(), { secret, env })).status).toBe(200)
      expect(JSON.parse(String(log.mock.lastCall?.[0]))).toMatchObject({
        message: 'delivery',
        secret: position,
      })
    }
    expect(JSON.stringify(log.mock.calls)).not.toContain('whsec_')
  })
})

describe('a Stripe signature whose moment is written oddly', () => {
  it.each([
    (t: number) => `t= ${t}`,
    (t: number) => `t=+${t}`,
    (t: number) => `t=0,t= ${t}`,
    (t: number) => `t=${t}.5`,
  ])('is refused when it is dated ahead: %s', async (write) => {
    const body = bodies.stripe()
    const signedAt = Date.now() + 60 * MINUTE
    const { 'stripe-signature': header = '' } = await sign('stripe', body, {
      secret: secrets.stripe,
      signedAt,
    })
    const ahead = header.replace(/t=\d+/, write(Math.floor(signedAt / 1000)))
    const response = request('/api/webhooks/stripe', {
      method: 'POST',
      headers: { 'stripe-signature': ahead },
      body,
    })
    expect(await refusal(response)).toEqual(INVALID)
  })
})

describe('Stripe sends one signature per secret while it rolls', () => {
  it('and any of them may match', async () => {
    const body = bodies.stripe()
    const [old, current] = [
      await sign('stripe', body, { secret: OTHER_SECRET }),
      await sign('stripe', body, { secret: secrets.stripe }),
    ]
    const header = `${old['stripe-signature']},${current['stripe-signature']?.split(',')[1]},v0=1234`
    const response = await request('/api/webhooks/stripe', {
      method: 'POST',
      headers: { 'stripe-signature': header },
      body,
    })
    expect(response.status).toBe(200)
  })
})

describe('the body', () => {
  it.each(providers)('of %s above 1 MiB is refused before verification', async (provider) => {
    const body = JSON.stringify({ padding: 'x'.repeat(1024 * 1024) })
    expect(await refusal(send(provider, body))).toEqual({ status: 413, body: { error: 'payload_too_large' } })
  })

  it('above 1 MiB without a Content-Length is refused as well', async () => {
    const chunk = new Uint8Array(64 * 1024)
    let sent = 0
    const body = new ReadableStream({
      pull(controller) {
        sent++ < 17 ? controller.enqueue(chunk) : controller.close()
      },
    })
    const response = request('/api/webhooks/stripe', { method: 'POST', body, duplex: 'half' } as RequestInit)
    expect(await refusal(response)).toMatchObject({ status: 413 })
  })

  it('of almost 1 MiB is taken', async () => {
    const event = {
      ...checkoutEvent(COMPLETED, { user: randomId('user') }),
      padding: 'x'.repeat(1000 * 1024),
    }
    expect(await deliver('stripe', event)).toMatchObject({ outcome: 'parked' })
  })

  it('is verified as the bytes that came: a byte order mark is part of it, and then is not JSON', async () => {
    const response = await send('stripe', `\ufeff${bodies.stripe()}`)
    expect(await response.json()).toMatchObject({ outcome: 'parked', reason: 'unreadable' })
  })
})

describe('an unhandled type', () => {
  it.each([
    ['clerk', { type: 'session.created', data: { id: 'sess_1' } }],
    ['clerk', { type: 'subscription.created', data: {} }],
    ['stripe', { id: 'evt_unhandled', object: 'event', type: 'product.created', livemode: false }],
    ['stripe', { id: 'evt_unhandled', type: '__proto__' }],
    ['stripe', { id: 'evt_unhandled', type: 'constructor' }],
  ] as const)('of %s never reaches the database: %o', async (provider, event) => {
    const { result, requests } = await counted(() => deliver(provider, event))
    expect(result).toMatchObject({
      status: 200,
      type: event.type,
      outcome: 'ignored',
      reason: 'unhandled_type',
    })
    expect(requests).toBe(0)
  })
})

describe('a ping of a new destination', () => {
  it('is returned as such, and costs neither a query nor a row', async () => {
    const ping = {
      id: randomId('evt'),
      object: 'v2.core.event',
      type: 'v2.core.event_destination.ping',
      livemode: false,
    }
    const { result, requests } = await counted(() => deliver('stripe', ping))
    expect([result.outcome, result.reason, requests]).toEqual(['ignored', 'ping', 0])
  })
})

describe('a verified body that cannot be read', () => {
  const unreadable: [string, 'clerk' | 'stripe', string, boolean][] = [
    ['malformed JSON', 'stripe', '{"id": "evt_1", "type":', false],
    ['malformed JSON', 'clerk', 'hello', false],
    ['null', 'stripe', 'null', true],
    ['an array', 'stripe', '[]', true],
    ['a number', 'clerk', '7', true],
    ['no type', 'stripe', '{"id":"evt_no_type","object":"event"}', true],
    ['a raw NUL', 'stripe', '{"type":"\u0000"}', false],
    ['an escaped NUL', 'stripe', '{"type":"\\u0000"}', false],
    ['a lone surrogate', 'clerk', '{"type":"\\ud800"}', false],
    ['a boundless number', 'stripe', '{"n":1e999999}', false],
    ['a deep nesting', 'stripe', `${'['.repeat(200_000)}${']'.repeat(200_000)}`, false],
    ['an unknown shape', 'clerk', '{"type":"user.created","data":{"id":"user_1"}}', true],
    ['no data', 'stripe', `{"id":"${randomId('evt')}","type":"${COMPLETED}","livemode":false}`, true],
    ['no livemode', 'stripe', `{"id":"${randomId('evt')}","type":"${COMPLETED}"}`, true],
    [
      'a date beyond all calendars',
      'stripe',
      `{"id":"${randomId('evt')}","created":1e300,"type":"${COMPLETED}"}`,
      true,
    ],
    [
      'a thin event',
      'stripe',
      `{"id":"evt_thin","object":"v2.core.event","type":"${COMPLETED}","livemode":false}`,
      true,
    ],
  ]

  it.each(unreadable)(
    '%s from %s is parked with its payload where jsonb can hold it',
    async (_name, provider, body, kept) => {
      const { result, requests } = await counted(() => send(provider, body))
      expect(result.status).toBe(200)
      expect(requests).toBe(1)
      const answer = (await result.json()) as { event: string }
      expect(answer).toMatchObject({ outcome: 'parked', reason: 'unreadable' })
      const row = await eventRow(answer.event)
      expect(row).toMatchObject({ provider, outcome: 'parked', reason: 'unreadable', settled_at: null })
      expect(row?.payload).toEqual(kept && body !== 'null' ? JSON.parse(body) : null)
    },
  )

  it('is keyed by the hash of its body where it has no usable id, and counted when it comes again', async () => {
    const answers = [
      await deliver('stripe', { object: 'event' }),
      await deliver('stripe', { object: 'event' }),
    ]
    expect(answers[0]?.event).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(answers[1]?.event).toBe(answers[0]?.event)
    expect(await eventRow(answers[0]?.event ?? '')).toMatchObject({ attempts: 2 })
  })

  it('is kept with the user it names, so that it can be found', async () => {
    const id = randomId('user')
    const answer = await deliver('clerk', { type: 'user.created', data: { id } })
    expect(await eventRow(answer.event)).toMatchObject({ reason: 'unreadable', user_id: id })
  })

  it('is read again by the scheduled run, and takes its effect once this deployment can read it', async () => {
    const id = randomId('user')
    await query(
      `insert into webhook_events (provider, event_id, type, outcome, reason, payload)
       values ('clerk', $1, 'user.created', 'parked', 'unreadable', $2)`,
      [`msg_${id}`, JSON.stringify(clerkEvent('user.created', { user: id }))],
    )
    await query(
      `insert into waiting (subject, provider, event_id, occurred_at, retry_at)
       values ('event:' || $1, 'clerk', $1, now(), now())`,
      [`msg_${id}`],
    )
    const unreadable = await deliver('clerk', { type: 'user.created', data: { id } })
    await runScheduled()
    expect(await balance(id)).toBe(40)
    expect(await eventRow(`msg_${id}`)).toMatchObject({ outcome: 'applied', via: 'release', user_id: id })
    expect(await eventRow(unreadable.event)).toMatchObject({ outcome: 'parked', reason: 'unreadable' })
  })
})

describe('the log', () => {
  beforeEach(() => vi.restoreAllMocks())

  it('has one structured line per delivery, with ids and times and nothing personal', async () => {
    const log = vi.spyOn(console, 'log')
    const id = randomId('user')
    await deliver('clerk', clerkEvent('user.created', { user: id }), { id: `msg_${id}` })
    expect(log).toHaveBeenCalledTimes(1)
    expect(JSON.parse(String(log.mock.lastCall?.[0]))).toEqual({
      message: 'delivery',
      level: 'info',
      provider: 'clerk',
      event: `msg_${id}`,
      type: 'user.created',
      outcome: 'applied',
      reason: null,
      user: id,
      via: 'webhook',
      secret: 1,
      duration_ms: expect.any(Number),
      database_ms: expect.any(Number),
    })
  })

  it('never has a payload, an address, a name or a secret, whatever happens', async () => {
    const log = vi.spyOn(console, 'log')
    for (const provider of providers) {
      await send(provider, bodies[provider]())
      await send(provider, bodies[provider](), { secret: OTHER_SECRET })
      await send(provider, `${bodies[provider]()}!`)
      await send(provider, bodies[provider](), {
        env: {
          DATABASE_URL: 'postgres://owner:hunter2hunter2@db.invalid/none',
          NEON_FETCH_ENDPOINT: 'http://127.0.0.1:1/sql',
        },
      })
    }
    const lines = log.mock.calls.map(([line]) => String(line))
    expect(lines).toHaveLength(8)
    expect(lines.join('\n')).not.toMatch(/example\.com|Ada|Lovelace|whsec_|hunter2|sk_test|customer_details/)
  })

  it('names every hour what waits for a person, by reason and age', async () => {
    await query('update webhook_events set received_at = $1', ['2026-01-01T00:00:00Z'])
    const log = vi.spyOn(console, 'log')
    await runScheduled({}, 'release_arrived')
    expect(log).not.toHaveBeenCalled()
    await runScheduled({}, 'attention')
    const lines = log.mock.calls.map(([line]) => JSON.parse(String(line)))
    expect(lines).toContainEqual({
      message: 'attention',
      level: 'warn',
      outcome: 'parked',
      reason: 'unknown_user',
      deliveries: expect.any(Number),
      oldest: expect.stringContaining('2026-01-01'),
    })
  })

  it('has a line for each delivery that another one released, and warns of what is rejected or of another mode', async () => {
    const id = randomId('user')
    const parked = checkoutEvent(COMPLETED, { user: id })
    await deliver('stripe', parked)
    const log = vi.spyOn(console, 'log')
    await signUp(id)
    await deliver('stripe', checkoutEvent(COMPLETED, { user: id, livemode: true }))
    const lines = log.mock.calls.map(([line]) => JSON.parse(String(line)))
    expect(lines).toMatchObject([
      { type: 'user.created', outcome: 'applied', via: 'webhook', level: 'info' },
      { event: parked.id, type: COMPLETED, outcome: 'applied', user: id, via: 'release', level: 'info' },
      { reason: 'mode_mismatch', level: 'warn' },
    ])
  })

  it('has one line for each of several deliveries that release each other, as what became of it', async () => {
    const id = randomId('user')
    const session = { customer: `cus_${id}` }
    const parked = [
      checkoutEvent(COMPLETED, { user: id, session }),
      checkoutEvent(COMPLETED, { user: id, session }),
    ]
    for (const event of parked) await deliver('stripe', event)
    const log = vi.spyOn(console, 'log')
    await signUp(id)
    const released = log.mock.calls
      .map(([line]) => JSON.parse(String(line)))
      .filter((line) => line.via === 'release')
    expect(released.map(({ event, outcome }) => [event, outcome]).sort()).toEqual(
      parked.map((event) => [event.id, 'applied']).sort(),
    )
  })

  it('says that a scheduled run failed, and why', async () => {
    const log = vi.spyOn(console, 'log')
    await expect(runScheduled({ STRIPE_SECRET_KEY: '' })).rejects.toThrow()
    expect(JSON.parse(String(log.mock.lastCall?.[0]))).toEqual({
      message: 'scheduled run failed',
      level: 'error',
      cause: 'misconfigured: STRIPE_SECRET_KEY: is missing',
      'error.type': 'misconfigured: STRIPE_SECRET_KEY: is missing',
    })
  })

  it('says why a signature was refused, to the operator alone', async () => {
    const log = vi.spyOn(console, 'log')
    await request('/api/webhooks/clerk', { method: 'POST', body: '{}' })
    await send('stripe', '{}', { signedAt: Date.now() + 10 * MINUTE })
    await send('clerk', '{}', { signedAt: Date.now() - 10 * MINUTE })
    await send('stripe', '{}', { secret: OTHER_SECRET })
    const causes = log.mock.calls.map(([line]) => JSON.parse(String(line)).cause)
    expect(causes).toEqual(['header_missing', 'outside_tolerance', 'outside_tolerance', 'no_match'])
  })
})

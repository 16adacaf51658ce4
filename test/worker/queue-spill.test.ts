import { describe, expect, it, vi } from 'vitest'
import { checkoutEvent, clerkEvent, randomId } from '../../local/events.ts'
import { signedUp } from './people.ts'
import { AWAY, drain, taken, testQueue } from './queue-support.ts'
import {
  balance,
  counted,
  deliver,
  eventRow,
  failNext,
  holdOpen,
  ledger,
  request,
  said,
  send,
  settings,
  stripeAnswers,
  waitingForLocks,
} from './support.ts'

const COMPLETED = 'checkout.session.completed'
const away = Array.from({ length: 4 }, () => 'unavailable')
const lockUser = (id: string): [string, unknown[]] => [`select lock_subjects('user:' || $1)`, [id]]

function logged() {
  const log = vi.spyOn(console, 'log')
  return () => log.mock.calls.map(([line]) => JSON.parse(String(line)))
}

describe('a verified delivery that is not known to be committed', () => {
  it.each(['before', 'after_commit', 'half_answer', 'unavailable'])(
    'is queued and 200 where every connection drops %s, and has its effect once',
    async (fault) => {
      const queue = testQueue()
      const user = await signedUp()
      const event = checkoutEvent(COMPLETED, { user })
      await failNext(...away.map(() => fault))
      expect(await deliver('stripe', event, { env: { SPILL: queue } })).toEqual({
        status: 200,
        event: event.id,
        type: COMPLETED,
        outcome: 'queued',
        reason: null,
      })
      await failNext()
      expect(queue.sent).toHaveLength(1)
      expect((await drain(queue)).acked).toHaveLength(1)
      expect(await balance(user)).toBe(540)
      expect(await eventRow(event.id)).toMatchObject({
        outcome: 'applied',
        via: 'webhook',
        attempts: expect.any(Number),
      })
    },
  )

  it('keeps which secret matched, so that one is not called unused while the queue takes the deliveries', async () => {
    const queue = testQueue()
    const user = await signedUp()
    const event = checkoutEvent(COMPLETED, { user })
    const rotating = { STRIPE_WEBHOOK_SECRET: `whsec_the_new_one,${settings.STRIPE_WEBHOOK_SECRET}` }
    await deliver('stripe', event, { env: { ...rotating, SPILL: queue, SPILL_ALWAYS: 'true' } })
    expect((await drain(queue, rotating)).acked).toHaveLength(1)
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'applied', secret: 2 })
  })

  it('is kept with the signed text, its id and the moment in which it was received, and no row is made', async () => {
    const queue = testQueue()
    const event = clerkEvent('user.created', { user: randomId('user') })
    const before = Date.now()
    await deliver('clerk', event, { id: 'msg_kept', env: { ...AWAY, SPILL: queue } })
    const [{ body } = { body: undefined }] = queue.sent
    expect(body).toMatchObject({ v: 1, provider: 'clerk', event_id: 'msg_kept', body: JSON.stringify(event) })
    expect(Date.parse(body?.received_at ?? '')).toBeGreaterThanOrEqual(before)
    expect(await eventRow('msg_kept')).toBeUndefined()
  })

  it('is queued after 2 seconds, within 4; the database may still commit it, and then the message is a duplicate', async () => {
    const queue = testQueue()
    const user = await signedUp()
    const event = checkoutEvent(COMPLETED, { user })
    const lines = logged()
    const release = await holdOpen(lockUser(user))
    const startedAt = Date.now()
    const answer = deliver('stripe', event, { env: { SPILL: queue } })
    await waitingForLocks(1)
    expect(await answer).toMatchObject({ status: 200, outcome: 'queued' })
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(1_900)
    expect(lines().at(-1)).toMatchObject({
      message: 'delivery',
      outcome: 'queued',
      cause: 'late',
      level: 'info',
    })
    // Both commit it now, in any order.
    await release()
    expect((await drain(queue)).acked).toHaveLength(1)
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'applied' })
    expect((await ledger(user)).map(({ kind }) => kind)).toEqual(['signup_bonus', 'purchase'])
  })

  it('and the isolate dies after it is sent: the provider delivers again, and the message is a duplicate', async () => {
    const queue = testQueue()
    const user = await signedUp()
    const event = checkoutEvent(COMPLETED, { user })
    // The sender does not get the response.
    await deliver('stripe', event, { env: { ...AWAY, SPILL: queue } })
    expect(await deliver('stripe', event)).toMatchObject({ outcome: 'applied' })
    await drain(queue)
    expect(await balance(user)).toBe(540)
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'applied', attempts: 2 })
  })

  it('is 503 where the queue fails as well, never 200', async () => {
    const queue = testQueue()
    queue.mode = 'fails'
    const lines = logged()
    const response = await send('stripe', JSON.stringify(checkoutEvent(COMPLETED, { user: 'user_1' })), {
      env: { ...AWAY, SPILL: queue },
    })
    expect([response.status, await response.json()]).toEqual([503, { error: 'unavailable' }])
    expect(lines().map(({ message }) => message)).toContain('not queued')
  })

  it('is 503 where the queue does not answer, and 200 where the database does meanwhile', async () => {
    const queue = testQueue()
    queue.mode = 'hangs'
    const env = { SPILL: queue }
    const event = checkoutEvent(COMPLETED, { user: 'user_1' })
    expect((await send('stripe', JSON.stringify(event), { env: { ...env, ...AWAY } })).status).toBe(503)

    const user = await signedUp()
    const release = await holdOpen(lockUser(user))
    const late = deliver('stripe', checkoutEvent(COMPLETED, { user }), { env })
    await waitingForLocks(1)
    await vi.waitFor(() => expect(queue.asked).toBe(2), 60_000)
    await release()
    const { status, outcome } = await late
    // If an attempt was cancelled just after its commit, the next one reports that.
    expect([status, outcome === 'duplicate' ? 'applied' : outcome]).toEqual([200, 'applied'])
  })

  it('is 503 where it is too large for a message, and the log counts it', async () => {
    const queue = testQueue()
    const lines = logged()
    const event = checkoutEvent(COMPLETED, { user: 'user_1', session: { custom_text: 'x'.repeat(128_000) } })
    const response = await send('stripe', JSON.stringify(event), { env: { ...AWAY, SPILL: queue } })
    expect(response.status).toBe(503)
    expect(lines()).toContainEqual({
      message: 'not queued',
      level: 'error',
      provider: 'stripe',
      event: event.id,
      cause: 'too_large',
      'error.type': 'too_large',
    })
    expect(queue.sent).toEqual([])
  })

  it('goes into a message of up to 127.8 KB, as bytes are counted: Cloudflare needs some of the 128 KB', async () => {
    const queue = testQueue()
    const env = { ...AWAY, SPILL: queue }
    const statusOf = async (text: string) => {
      const event = clerkEvent('user.created', { user: 'user_1', data: { text } })
      return (await send('clerk', JSON.stringify(event), { id: 'msg_large', env })).status
    }
    await statusOf('')
    const room = 127_800 - new TextEncoder().encode(JSON.stringify(queue.sent[0]?.body)).length
    expect([await statusOf('x'.repeat(room)), await statusOf('x'.repeat(room + 1))]).toEqual([200, 503])
    expect([await statusOf('é'.repeat(room / 2)), await statusOf('é'.repeat(room / 2 + 1))]).toEqual([
      200, 503,
    ])
  })

  it('is 503 where the database refuses: what will not pass by itself is for a person, soon', async () => {
    const queue = testQueue()
    const elsewhere = new URL(settings.DATABASE_URL)
    elsewhere.pathname = '/no_such_database'
    const env = { SPILL: queue, DATABASE_URL: elsewhere.href }
    const body = JSON.stringify(checkoutEvent(COMPLETED, { user: 'user_1' }))
    expect((await send('stripe', body, { env })).status).toBe(503)
    expect(queue.sent).toEqual([])
  })
})

describe('with the queue bound', () => {
  it('a delivery that is committed in time is one request and one statement, and nothing is sent', async () => {
    const queue = testQueue()
    const user = await signedUp()
    const { result, requests, statements } = await counted(() =>
      deliver('stripe', checkoutEvent(COMPLETED, { user }), { env: { SPILL: queue } }),
    )
    expect([result.outcome, requests, statements, queue.sent]).toEqual(['applied', 1, 1, []])
  })

  it('what is not verified, and what nobody handles, is not sent', async () => {
    const queue = testQueue()
    const env = { ...AWAY, SPILL: queue }
    const event = checkoutEvent(COMPLETED, { user: 'user_1' })
    const forged = await send('stripe', JSON.stringify(event), { env, secret: 'whsec_somebody_else_s' })
    expect(forged.status).toBe(400)
    expect(await deliver('stripe', { ...event, type: 'product.created' }, { env })).toMatchObject({
      outcome: 'ignored',
    })
    expect(queue.sent).toEqual([])
  })

  it('a delivery that is parked in time waits for Stripe as long as it may, and is not sent', async () => {
    const queue = testQueue()
    const thin = {
      id: randomId('evt'),
      object: 'v2.core.event',
      type: 'v1.checkout.session.completed',
      livemode: false,
      context: null,
      created: new Date().toISOString(),
      snapshot_event: 'evt_slow',
      related_object: null,
    }
    await stripeAnswers({ 'GET /v1/events/evt_slow': { hang: true } })
    const startedAt = Date.now()
    expect(said(await deliver('stripe', thin, { env: { SPILL: queue } }))).toBe('parked unreadable')
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(1_900)
    expect(queue.sent).toEqual([])
  })

  it('a database that has failed three times is left alone, until a delivery tries it again', async () => {
    const queue = testQueue()
    const env = { SPILL: queue }
    const bodies = Array.from({ length: 5 }, () => checkoutEvent(COMPLETED, { user: 'user_1' }))
    for (const event of bodies.slice(0, 3)) await deliver('stripe', event, { env: { ...env, ...AWAY } })
    const { result, requests } = await counted(() => deliver('stripe', bodies[3] ?? {}, { env }))
    expect([result.outcome, requests]).toEqual(['queued', 0])

    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 11_000 })
    try {
      expect(await deliver('stripe', bodies[4] ?? {}, { env })).toMatchObject({ outcome: 'parked' })
    } finally {
      vi.useRealTimers()
    }
    expect(await deliver('stripe', bodies[0] ?? {}, { env })).toMatchObject({ outcome: 'parked' })
    expect(taken(queue)).toHaveLength(4)
  })
})

describe('SPILL_ALWAYS', () => {
  it('sends every delivery to the queue, and asks the database nothing', async () => {
    const queue = testQueue()
    const user = await signedUp()
    const event = checkoutEvent(COMPLETED, { user })
    const env = { SPILL: queue, SPILL_ALWAYS: 'true' }
    const { result, requests } = await counted(() => deliver('stripe', event, { env }))
    expect([result.outcome, requests]).toEqual(['queued', 0])
    await drain(queue)
    expect(await balance(user)).toBe(540)
  })

  it('without a queue is a wrong setting, for webhooks and for the uptime service', async () => {
    const env = { SPILL_ALWAYS: 'true' }
    const { status } = await deliver('stripe', checkoutEvent(COMPLETED, { user: 'user_1' }), { env })
    const deep = await request('/api/health/deep', {}, env)
    expect([status, deep.status, await deep.json()]).toEqual([500, 500, { error: 'misconfigured' }])
  })

  it('commits what the queue does not take', async () => {
    const queue = testQueue()
    const user = await signedUp()
    const event = checkoutEvent(COMPLETED, { user, session: { custom_text: 'x'.repeat(128_000) } })
    const env = { SPILL: queue, SPILL_ALWAYS: 'true' }
    expect(await deliver('stripe', event, { env })).toMatchObject({ status: 200, outcome: 'applied' })
  })

  it('without a queue is a mistake, and says so', async () => {
    const lines = logged()
    const body = JSON.stringify(clerkEvent('user.created', { user: 'user_1' }))
    expect((await send('clerk', body, { env: { SPILL_ALWAYS: 'true' } })).status).toBe(500)
    expect(lines().at(-1)).toMatchObject({ message: 'misconfigured', settings: ['SPILL'] })
  })
})

describe('QUEUE_SPEED', () => {
  it('is refused where neither the database nor Stripe is local: delays are for Cloudflare to keep', async () => {
    const lines = logged()
    const body = JSON.stringify(clerkEvent('user.created', { user: 'user_1' }))
    const env = { QUEUE_SPEED: '60', NEON_FETCH_ENDPOINT: '', STRIPE_API_BASE: '' }
    expect((await send('clerk', body, { env })).status).toBe(500)
    expect(lines().at(-1)).toMatchObject({ message: 'misconfigured', settings: ['QUEUE_SPEED'] })
  })
})

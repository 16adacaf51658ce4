import { Webhook } from 'svix'
import { describe, expect, it, vi } from 'vitest'
import { subscriptionEvent } from '../../local/billing-events.ts'
import { checkoutEvent, clerkEvent, randomId } from '../../local/events.ts'
import { reversalEvent } from '../../local/reversal-events.ts'
import { GRANTS, grant, spend } from './account-support.ts'
import { EVENTS_SECRET, EVENTS_URL, heardOf, receiver, sendAll, TELLING } from './outgoing-support.ts'
import { leave, link, signUp } from './people.ts'
import {
  counted,
  deliver,
  failNext,
  makeDue,
  query,
  requestOnly,
  runScheduled,
  startScheduled,
} from './support.ts'

const app = receiver()
const env = TELLING
const told = (id: string) => heardOf(app, id).map(({ type }) => type)
const rows = (id: string) =>
  query<{ type: string; state: string; tries: number; last_status: number | null; id: string }>(
    'select * from outgoing_events where user_id = $1 order by sequence',
    [id],
  )
async function newUser() {
  const id = randomId('user')
  await signUp(id, {}, { env })
  return id
}
const status =
  (code: number, more: ResponseInit = {}) =>
  () =>
    new Response(null, { status: code, ...more })
/** Does not respond until the sender closes the connection. */
const hangs = (signal: AbortSignal | null | undefined) =>
  new Promise<Response>((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason))
  })
const topUp = (user: string, more = {}) => checkoutEvent('checkout.session.completed', { user, ...more })

describe('the events for your app', () => {
  it('are about a user, in order, with ids, amounts and balance, and no personal data', async () => {
    const id = await newUser()
    const payment = `pi_${id}`
    await deliver('stripe', topUp(id, { payment, credits: 500 }), { env })
    const dispute = reversalEvent('charge.dispute.funds_withdrawn', { payment, amount: 500 })
    await deliver('stripe', dispute, { env })
    await grant(
      { user_id: id, amount: 5, idempotency_key: id, note: 'Sorry', campaign: 'open' },
      { ...GRANTS, ...env },
    )
    await link(id)
    const subscription = { subscription: `sub_${id}`, customer: `cus_${id}`, user: id }
    await deliver('stripe', subscriptionEvent('customer.subscription.created', subscription), { env })
    const bad = topUp(id, { session: { metadata: { user_id: id } } })
    await deliver('stripe', bad, { env })
    await leave(id, { env })
    await sendAll(env)

    const heard = heardOf(app, id)
    expect(heard.map(({ type, data }) => [type, data.sequence])).toEqual([
      ['user.created', 1],
      ['credits.granted', 2],
      ['credits.purchased', 3],
      ['credits.reversed', 4],
      ['credits.granted', 5],
      ['subscription.changed', 6],
      ['payment.rejected', 7],
      ['user.deleted', 8],
    ])
    expect(heard[2]?.data).toEqual({
      user_id: id,
      sequence: 3,
      entry: expect.any(Number),
      kind: 'purchase',
      amount: 500,
      balance: 540,
      payment,
    })
    expect(heard[4]?.data).toMatchObject({ kind: 'grant', campaign: 'open', amount: 5 })
    expect(heard[5]?.data).toMatchObject({ subscription: `sub_${id}`, status: 'active', plan: null })
    expect(heard[6]?.data).toMatchObject({ event: bad.id, reason: 'invalid_metadata' })
    expect(JSON.stringify(heard)).not.toMatch(/example\.com|@|Sorry/)
  })

  it('are sent at once: one request before the response, and one after', async () => {
    const id = await newUser()
    app.took = []
    const { requests, statements } = await counted(() => deliver('stripe', topUp(id), { env }))
    expect(told(id)).toEqual(['credits.purchased'])
    expect([requests, statements]).toEqual([2, 2])
    expect(await rows(id)).toMatchObject([
      { state: 'sent' },
      { state: 'sent' },
      { state: 'sent', last_status: 204 },
    ])
  })

  it('are not written while EVENTS_URL is unset: no row, and no further request', async () => {
    const id = randomId('user')
    const { requests, statements } = await counted(async () => {
      await signUp(id)
      await deliver('stripe', topUp(id))
      await spend({ user_id: id, amount: 530, idempotency_key: id }, { LOW_BALANCE: '20' })
    })
    expect([requests, statements]).toEqual([3, 3])
    expect(await rows(id)).toEqual([])
    await runScheduled()
    await makeDue('send_events')
    const { requests: ofRun } = await counted(() => startScheduled())
    expect(ofRun).toBe(2)
  })

  it('are written once for each fact, whatever is delivered again', async () => {
    const id = await newUser()
    const event = topUp(id)
    const bad = topUp(id, { session: { metadata: { user_id: id } } })
    for (let again = 0; again < 3; again++) {
      await deliver('stripe', event, { env })
      await deliver('stripe', bad, { env })
    }
    await sendAll(env)
    expect(told(id)).toEqual(['user.created', 'credits.granted', 'credits.purchased', 'payment.rejected'])
  })
})

describe('a low balance', () => {
  const take = (user_id: string, amount: number) =>
    spend({ user_id, amount, idempotency_key: randomId('key') }, env)
  const give = (user_id: string, amount: number) =>
    grant({ user_id, amount, idempotency_key: randomId('key'), note: 'More' }, { ...GRANTS, ...env })
  const low = (id: string) =>
    heardOf(app, id).flatMap(({ type, data }) =>
      type === 'credits.low' ? [[data.threshold, data.balance]] : [],
    )

  it('is reported once, whatever takes it below, and again after it was well above', async () => {
    const id = await newUser()
    await take(id, 20) // 20
    expect(low(id)).toEqual([])
    await take(id, 1) // 19
    await take(id, 1) // 18
    await give(id, 5) // 23: not yet well above
    await take(id, 4) // 19
    await sendAll(env)
    expect(low(id)).toEqual([[20, 19]])
    await give(id, 5) // 24: armed again
    await take(id, 5)
    await sendAll(env)
    expect(low(id)).toEqual([
      [20, 19],
      [20, 19],
    ])
    await give(id, 30)
    await take(id, 45) // 4: both
    await sendAll(env)
    expect(low(id).slice(2)).toEqual([
      [20, 4],
      [10, 4],
    ])
  })

  it('keeps which are armed with the wallet, also for spends at once', async () => {
    const id = await newUser()
    await Promise.all(Array.from({ length: 8 }, () => take(id, 4)))
    await sendAll(env)
    expect(low(id)).toHaveLength(2)
    const [wallet] = await query<{ low_armed: number[] }>(
      'select low_armed from wallets where user_id = $1',
      [id],
    )
    expect(wallet?.low_armed).toEqual([])
  })
})

describe('a receiver', () => {
  it('that is down is tried again later, in order, and holds up nobody else', async () => {
    const id = randomId('user')
    app.says = ({ data }) => new Response(null, { status: data.user_id === id ? 503 : 200 })
    await signUp(id, {}, { env })
    expect(await rows(id)).toMatchObject([
      { type: 'user.created', state: 'open', tries: 1, last_status: 503 },
      { type: 'credits.granted', state: 'open', tries: 0 },
    ])
    const other = await newUser()
    await runScheduled(env, 'send_events')
    expect(told(other)).toEqual(['user.created', 'credits.granted'])
    // It is due later each time.
    expect((await rows(id))[0]?.tries).toBe(1)
    app.says = status(200)
    await sendAll(env)
    expect(told(id)).toEqual(['user.created', 'credits.granted'])
  })

  it('that refuses is tried three times, then the next event has its turn, and the first can be sent again', async () => {
    const id = randomId('user')
    app.says = ({ type }) => new Response(null, { status: type === 'user.created' ? 400 : 200 })
    await signUp(id, {}, { env })
    await sendAll(env)
    expect(await rows(id)).toMatchObject([
      { type: 'user.created', state: 'undelivered', tries: 3, last_status: 400 },
      { type: 'credits.granted', state: 'sent' },
    ])
    const lines: string[] = []
    vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(line))
    await runScheduled(env, 'attention')
    expect(lines.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ message: 'attention', reason: 'undelivered_event', count: 1 }),
    )
    const [first] = await rows(id)
    const listed = await query<{ answer: { id: string }[] }>(
      `select undelivered_events('{"most": 10}') as answer`,
    )
    expect(listed[0]?.answer).toMatchObject([{ id: first?.id, status: 400, sequence: 1 }])
    app.says = status(200)
    const resent = await query(`select resend_events($1) as answer`, [
      JSON.stringify({ ids: [first?.id], most: 1 }),
    ])
    expect(resent).toEqual([{ answer: { resent: 1 } }])
    await sendAll(env)
    expect(heardOf(app, id).map(({ data }) => data.sequence)).toEqual([2, 1])
  })

  it.each([408, 409, 425, 429, 500, 302])('that returns %i is tried for three days', async (code) => {
    const id = randomId('user')
    app.says = status(code, { headers: { Location: 'https://elsewhere.example/' } })
    await signUp(id, {}, { env })
    expect(app.inits[0]?.redirect).toBe('manual')
    for (let again = 0; again < 4; again++) {
      await query(`update outgoing_events set next_at = now() where next_at is not null and user_id = $1`, [
        id,
      ])
      await runScheduled(env, 'send_events')
    }
    expect(await rows(id)).toMatchObject([
      { state: 'open', tries: 5 },
      { state: 'open', tries: 0 },
    ])
    await query(`update outgoing_events set created_at = now() - interval '73 hours' where user_id = $1`, [
      id,
    ])
    await sendAll(env)
    expect((await rows(id)).map(({ state }) => state)).toEqual(['undelivered', 'undelivered'])
    await query(`delete from outgoing_events`)
  })

  it('that never ends its body is not waited for', async () => {
    const id = randomId('user')
    let cancelled = 0
    app.says = () =>
      new Response(new ReadableStream({ pull: () => new Promise(() => {}), cancel: () => void cancelled++ }))
    await signUp(id, {}, { env })
    expect([told(id), cancelled]).toEqual([['user.created', 'credits.granted'], 2])
  })

  it('that hangs is given five seconds, and neither the response nor anybody else waits for it', async () => {
    const [id, other] = [randomId('user'), randomId('user')]
    app.says = ({ data }) =>
      data.user_id === id ? hangs(app.inits.at(-1)?.signal) : new Response(null, { status: 200 })
    const event = clerkEvent('user.created', { user: id })
    const { response, ended } = await requestOnly('clerk', event, { env })
    expect(response.status).toBe(200)
    expect(await rows(id)).toMatchObject([{ state: 'open', tries: 1, last_status: null }, { tries: 0 }])
    await signUp(other, {}, { env })
    expect(told(other)).toEqual(['user.created', 'credits.granted'])
    await ended
    expect([told(id), app.inits[0]?.signal?.aborted]).toEqual([[], true])
    app.says = status(200)
    await sendAll(env)
    expect(told(id)).toEqual(['user.created', 'credits.granted'])
  })

  it('that throws is as one that is down', async () => {
    const id = randomId('user')
    app.says = () => Promise.reject(new TypeError('connection refused'))
    await signUp(id, {}, { env })
    expect(await rows(id)).toMatchObject([{ state: 'open', tries: 1, last_status: null }, { tries: 0 }])
    app.says = status(200)
    await sendAll(env)
  })

  it('verifies by either of two secrets during a rotation', async () => {
    const newer = `whsec_${'AAAA'.repeat(8)}`
    await signUp(randomId('user'), {}, { env: { ...env, EVENTS_SECRET: `${newer}, ${EVENTS_SECRET}` } })
    const [init] = app.inits
    const headers = Object.fromEntries(new Headers(init?.headers))
    for (const secret of [newer, EVENTS_SECRET])
      expect(() => new Webhook(secret).verify(String(init?.body), headers)).not.toThrow()
  })
})

describe('a Worker that dies', () => {
  it('before the commit: no event about what has not happened', async () => {
    const id = await newUser()
    await failNext('before', 'before', 'before', 'before')
    expect((await deliver('stripe', topUp(id), { env })).status).toBe(503)
    await sendAll(env)
    expect(told(id)).toEqual(['user.created', 'credits.granted'])
  })

  it('after the commit, before it sends: the scheduled run sends, once the lease is over', async () => {
    const id = await newUser()
    await failNext('after_commit')
    expect((await deliver('stripe', topUp(id), { env })).outcome).toBe('duplicate')
    expect(told(id)).toEqual(['user.created', 'credits.granted'])
    await runScheduled(env, 'send_events')
    expect(told(id)).toHaveLength(2)
    await sendAll(env)
    expect(told(id)).toEqual(['user.created', 'credits.granted', 'credits.purchased'])
  })

  it('after it has sent, before it says so: the event comes twice, with one id', async () => {
    const id = await newUser()
    await failNext('none', 'before', 'before', 'before', 'before')
    await deliver('stripe', topUp(id), { env })
    expect((await rows(id)).at(-1)).toMatchObject({ state: 'open', tries: 1 })
    await sendAll(env)
    const [one, two] = heardOf(app, id).slice(2)
    expect([one?.type, one?.id]).toEqual(['credits.purchased', two?.id])
    expect(one).toEqual(two)
  })
})

describe('a Worker that dies, and the turn of the next event', () => {
  it('after what it says has been committed: the next one follows once its lease is over, and the first never again', async () => {
    const id = randomId('user')
    await failNext('none', 'after_commit')
    await signUp(id, {}, { env })
    expect(told(id)).toEqual(['user.created'])
    expect(await rows(id)).toMatchObject([{ state: 'sent' }, { state: 'open', tries: 1 }])
    await runScheduled(env, 'send_events')
    expect(told(id)).toEqual(['user.created'])
    await sendAll(env)
    expect(app.sent.map(({ type }) => type)).toEqual(['user.created', 'credits.granted'])
  })

  it('in a scheduled run, after it has sent, before it says so: the event comes twice, and then the next', async () => {
    const id = randomId('user')
    app.says = status(503)
    await signUp(id, {}, { env })
    app.says = status(200)
    await query(`update outgoing_events set next_at = now() where next_at is not null`)
    await makeDue('send_events')
    // The tasks are leased, the event is taken, and recording its end fails.
    await failNext('none', 'none', 'before', 'before', 'before', 'before')
    await startScheduled(env)
    expect(told(id)).toEqual(['user.created'])
    await sendAll(env)
    expect(told(id)).toEqual(['user.created', 'user.created', 'credits.granted'])
  })
})

describe('the scheduled run', () => {
  it('sends in bounded bites, and forgets what was sent a week ago', async () => {
    app.says = () => new Response(null, { status: 500 })
    const ids = await Promise.all(Array.from({ length: 8 }, () => newUser()))
    app.says = () => new Response(null, { status: 200 })
    await query(`update outgoing_events set next_at = now() where next_at is not null`)
    await query(`update outgoing_events set ended_at = now() - interval '8 days' where state = 'sent'`)
    await makeDue('send_events')
    app.sent = []
    const { requests } = await counted(() => runScheduled(env, 'send_events'))
    expect(requests).toBeLessThanOrEqual(16)
    expect(app.sent.length).toBeLessThanOrEqual(10)
    await sendAll(env)
    for (const id of ids) expect(told(id)).toEqual(['user.created', 'credits.granted'])
    expect(await query(`select from outgoing_events where ended_at < now() - interval '7 days'`)).toEqual([])
  })

  it('sends several events of one user in a run, in order, where few others wait', async () => {
    await sendAll(env)
    const id = randomId('user')
    app.says = status(503)
    await signUp(id, {}, { env })
    for (const payment of [`pi_1_${id}`, `pi_2_${id}`])
      await deliver('stripe', topUp(id, { payment }), { env })
    app.says = status(200)
    await query(`update outgoing_events set next_at = now() where next_at is not null`)
    await makeDue('send_events')
    const { requests } = await counted(() => runScheduled(env, 'send_events'))
    expect(told(id)).toEqual(['user.created', 'credits.granted', 'credits.purchased', 'credits.purchased'])
    expect(requests).toBeLessThanOrEqual(16)
  })

  /** Nine users with two events each. All first events are due. */
  async function nineWait() {
    await sendAll(env)
    app.says = status(503)
    const ids = await Promise.all(Array.from({ length: 9 }, () => newUser()))
    app.says = status(200)
    await query(`update outgoing_events set next_at = now() where next_at is not null`)
    await makeDue('send_events')
    return ids
  }
  const ALL = { ...env, RUN_SUBREQUESTS: '400' }

  it('sends more where a run may make more requests', async () => {
    const ids = await nineWait()
    await runScheduled(ALL, 'send_events')
    for (const id of ids) expect(told(id)).toEqual(['user.created', 'credits.granted'])
  })

  it('sends no more than five at once: six connections are open, and who waits for one loses its five seconds', async () => {
    await nineWait()
    let [now, most] = [0, 0]
    app.says = async () => {
      most = Math.max(most, ++now)
      await new Promise((resolve) => setTimeout(resolve, 20))
      now--
      return new Response(null, { status: 200 })
    }
    await runScheduled(ALL, 'send_events')
    expect(most).toBe(5)
  })

  it('sends all of one user’s in a run, where it may make so many requests', async () => {
    await sendAll(env)
    const id = randomId('user')
    app.says = status(503)
    await signUp(id, {}, { env })
    for (let n = 1; n <= 7; n++) await deliver('stripe', topUp(id, { payment: `pi_${n}_${id}` }), { env })
    app.says = status(200)
    await query(`update outgoing_events set next_at = now() where next_at is not null`)
    await makeDue('send_events')
    app.sent = []
    await runScheduled(ALL, 'send_events')
    expect(app.sent.map(({ data }) => data.sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
  })
})

describe('EVENTS_URL', () => {
  const accepts = async (url: string, more: object = {}) =>
    (await deliver('clerk', {}, { env: { EVENTS_URL: url, EVENTS_SECRET, ...more } })).status !== 500

  it.each([
    'http://app.example.com/',
    'https://10.0.0.1/',
    'https://169.254.169.254/latest',
    'https://[fd00::1]/',
    'https://0x0a000001/',
    'https://db.internal/',
    'https://printer.local/',
    'https://intranet/',
    'ftp://app.example.com/',
    'https://[::ffff:10.0.0.1]/',
    'not a url',
  ])('is not %s', async (url) => {
    expect(await accepts(url)).toBe(false)
  })

  it('is public and https, or on this machine in development', async () => {
    expect(await accepts(EVENTS_URL)).toBe(true)
    expect(await accepts('http://127.0.0.1:4000/hooks')).toBe(true)
    const production = { NEON_FETCH_ENDPOINT: '', STRIPE_API_BASE: '' }
    expect(await accepts('http://127.0.0.1:4000/hooks', production)).toBe(false)
    expect(await accepts('https://localhost/hooks', production)).toBe(false)
  })

  it('needs a secret', async () => {
    expect(await accepts(EVENTS_URL, { EVENTS_SECRET: '' })).toBe(false)
  })
})

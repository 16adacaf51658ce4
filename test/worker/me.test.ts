import { describe, expect, it, vi } from 'vitest'
import { checkoutEvent, clerkEvent, randomId } from '../../local/events.ts'
import { routes } from '../../src/api/routes.ts'
import type { Statement } from '../support/transactions.ts'
import { callWith, ORIGIN, spend, tokenFor } from './account-support.ts'
import { logged } from './engine-support.ts'
import { during, heldCreate, heldDelete, heldPayment, heldSession } from './held.ts'
import { as, leave, signedUp, signUp } from './people.ts'
import {
  balance,
  counted,
  deliver,
  eventRow,
  failNext,
  holdOpen,
  ledger,
  query,
  request,
  runScheduled,
  user,
} from './support.ts'

const COMPLETED = 'checkout.session.completed'

/** The transactions that wrote these rows last. */
const versions = (id: string) =>
  query(
    'select users.xmin::text as user, wallets.xmin::text as wallet from users join wallets on user_id = id where id = $1',
    [id],
  )

describe('GET /api/me', () => {
  it('returns the user, the balance and the subscription, in one request to the database', async () => {
    const id = randomId('user')
    await deliver(
      'clerk',
      clerkEvent('user.created', { user: id, data: { first_name: 'Ada', last_name: null } }),
    )
    const { result, requests, statements } = await counted(() => as(id, '/api/me'))
    expect(result.status).toBe(200)
    expect(result.body).toEqual({
      id,
      email: `${id}@example.com`,
      name: 'Ada',
      balance: 40,
      banned: false,
      subscription: null,
    })
    expect([requests, statements]).toEqual([1, 1])
    expect(result.headers.get('Cache-Control')).toBe('no-store')
  })

  it('waits for nobody who is writing, and writes nothing itself', async () => {
    const id = await signedUp()
    const before = await versions(id)
    const commit = await holdOpen(
      [`select lock_subjects('user:' || $1)`, [id]],
      ['select from users where id = $1 for update', [id]],
      ['select from wallets where user_id = $1 for update', [id]],
    )
    expect((await as(id, '/api/me')).status).toBe(200)
    expect((await as(id, '/api/wallet')).status).toBe(200)
    await commit()
    expect(await versions(id)).toEqual(before)
  })
})

describe('the first request of a user whom the webhook has not brought', () => {
  it.each(['/api/me', '/api/wallet'])(
    '%s brings user and wallet, in that one request, and no bonus: a session does not say when one signed up',
    async (path) => {
      const id = randomId('user')
      const { result, requests, statements } = await counted(() => as(id, path))
      expect([result.status, result.body.balance]).toEqual([200, 0])
      expect([requests, statements]).toEqual([1, 1])
      expect(await user(id)).toMatchObject({
        email: null,
        name: null,
        provisioned_by: 'session',
        clerk_updated_at: null,
      })
      expect(await ledger(id)).toEqual([])
    },
  )

  it('leaves the bonus that is configured to the webhook, and none where it is none', async () => {
    const [some, none] = [randomId('user'), randomId('user')]
    for (const id of [some, none]) await as(id, '/api/me')
    await signUp(some, {}, { env: { SIGNUP_BONUS_CREDITS: '7' } })
    await signUp(none, {}, { env: { SIGNUP_BONUS_CREDITS: '0' } })
    expect([await balance(some), await balance(none)]).toEqual([7, 0])
    expect(await ledger(none)).toEqual([])
  })

  it('the webhook then completes the user, and grants the bonus once', async () => {
    const id = randomId('user')
    await as(id, '/api/me')
    expect(await signUp(id)).toMatchObject({ outcome: 'applied' })
    expect(await user(id)).toMatchObject({ email: `${id}@example.com`, provisioned_by: 'session' })
    expect((await user(id))?.clerk_updated_at).toBeInstanceOf(Date)
    expect(await ledger(id)).toHaveLength(1)
    expect((await as(id, '/api/me')).body).toMatchObject({ email: `${id}@example.com`, balance: 40 })
  })

  it('releases what was parked for the user in the same commit', async () => {
    const id = randomId('user')
    const event = checkoutEvent(COMPLETED, { user: id, credits: 500 })
    expect(await deliver('stripe', event)).toMatchObject({ outcome: 'parked' })
    const { result, requests } = await counted(() => as(id, '/api/me'))
    expect([result.body.balance, requests]).toEqual([500, 1])
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'applied', via: 'release' })
  })

  it('does so where another program has made half of the user', async () => {
    const [walletOnly, userOnly] = [randomId('user'), randomId('user')]
    await query('insert into wallets (user_id) values ($1)', [walletOnly])
    await query('insert into users (id) values ($1)', [userOnly])
    expect((await as(walletOnly, '/api/me')).body).toMatchObject({ id: walletOnly, balance: 0 })
    expect((await as(userOnly, '/api/me')).body).toMatchObject({ id: userOnly, balance: 0 })
  })

  it('100 of them at once make one user', async () => {
    const id = randomId('user')
    const token = await tokenFor(id)
    const replies = await Promise.all(
      Array.from({ length: 100 }, (_, i) => callWith(token, i % 2 ? '/api/me' : '/api/wallet')),
    )
    expect(replies.map((reply) => [reply.status, reply.body.balance])).toEqual(replies.map(() => [200, 0]))
    expect(await user(id)).toMatchObject({ provisioned_by: 'session' })
  })

  it('50 of them beside 50 of the webhook make one user and one bonus', async () => {
    const id = randomId('user')
    const event = clerkEvent('user.created', { user: id })
    const replies = await Promise.all(
      Array.from({ length: 100 }, (_, i) => (i % 2 ? as(id, '/api/me') : deliver('clerk', event))),
    )
    expect(replies.every((reply) => reply.status === 200)).toBe(true)
    expect(await ledger(id)).toHaveLength(1)
    expect(await user(id)).toMatchObject({ email: `${id}@example.com` })
  })
})

describe('a session beside', () => {
  it('a creation that was still open finds that user', async () => {
    const id = randomId('user')
    const [reply] = await during([heldCreate(id)], () => [as(id, '/api/me')])
    expect(reply.body).toMatchObject({ email: `${id}@example.com`, balance: 40 })
    expect(await ledger(id)).toHaveLength(1)
    expect(await user(id)).toMatchObject({ provisioned_by: 'webhook' })
  })

  it('a creation that waits for it is completed by that', async () => {
    const id = randomId('user')
    const [answer] = await during([heldSession(id)], () => [signUp(id)])
    expect(answer).toMatchObject({ outcome: 'applied' })
    expect(await ledger(id)).toHaveLength(1)
    expect(await user(id)).toMatchObject({ email: `${id}@example.com`, provisioned_by: 'session' })
  })

  it('a deletion that was still open is refused', async () => {
    const id = randomId('user')
    const [reply] = await during([heldDelete(id)], () => [as(id, '/api/me')])
    expect([reply.status, reply.body]).toEqual([403, { error: 'user_deactivated' }])
    expect(await user(id)).toBeUndefined()
    expect(await ledger(id)).toEqual([])
  })

  it('a deletion that waits for it is deleted', async () => {
    const id = randomId('user')
    const [answer] = await during([heldSession(id)], () => [leave(id)])
    expect(answer).toMatchObject({ outcome: 'applied' })
    expect((await user(id))?.deactivated_at).toBeInstanceOf(Date)
    expect((await as(id, '/api/me')).status).toBe(403)
  })

  it('a payment that was still being parked releases it', async () => {
    const id = randomId('user')
    const [reply] = await during([heldPayment(id)], () => [as(id, '/api/me')])
    expect(reply.body).toMatchObject({ balance: 500 })
  })

  it('another program that was just inserting the user finds that user', async () => {
    const id = randomId('user')
    const inserts: Statement[] = [
      ['insert into wallets (user_id) values ($1)', [id]],
      ['insert into users (id) values ($1)', [id]],
    ]
    const [reply] = await during(inserts, () => [as(id, '/api/me')])
    expect(reply.body).toMatchObject({ id, balance: 0 })
  })
})

describe('a deleted user', () => {
  const gone: [string, (id: string) => Promise<unknown>][] = [
    ['deactivated', async (id) => [await signUp(id), await leave(id)]],
    [
      'deleted with the row',
      async (id) => [
        await signUp(id),
        await leave(id, { env: { USER_DELETION: 'delete' } }),
        await runScheduled(),
      ],
    ],
    ['deleted before anything else came', (id) => leave(id)],
    ['who had come by a session', async (id) => [await as(id, '/api/me'), await leave(id)]],
  ]
  it.each(gone)('%s is refused on every route, and never revived', async (_, goes) => {
    const id = randomId('user')
    await goes(id)
    const before = [await user(id), await ledger(id)]
    for (const path of ['/api/me', '/api/wallet', '/api/wallet?limit=1']) {
      const { result, requests } = await counted(() => as(id, path))
      expect([result.status, result.body]).toEqual([403, { error: 'user_deactivated' }])
      expect(requests).toBe(1)
    }
    expect(await spend({ user_id: id, amount: 1, idempotency_key: id })).toMatchObject({
      status: 403,
      body: { error: 'user_deactivated' },
    })
    await runScheduled()
    expect([await user(id), await ledger(id)]).toEqual(before)
  })
})

describe('CORS', () => {
  const preflight = (path: string, origin: string, method = 'GET') =>
    callWith(null, path, {
      method: 'OPTIONS',
      headers: {
        Origin: origin,
        'Access-Control-Request-Method': method,
        'Access-Control-Request-Headers': 'authorization',
      },
    })

  it('lets the app’s origins in, each by its name, also if the response is a refusal', async () => {
    for (const origin of [ORIGIN, 'https://admin.example.com']) {
      const { status, headers } = await preflight('/api/wallet', origin)
      expect(status).toBe(204)
      expect(headers.get('Access-Control-Allow-Origin')).toBe(origin)
      expect(headers.get('Access-Control-Allow-Methods')).toBe('GET')
      expect(headers.get('Access-Control-Allow-Headers')).toBe('Authorization,Content-Type')
      expect(headers.get('Access-Control-Allow-Credentials')).toBeNull()
      expect(headers.get('Vary')).toContain('Origin')

      const refusal = await callWith('not-a-token', '/api/me', { headers: { Origin: origin } })
      expect([refusal.status, refusal.headers.get('Access-Control-Allow-Origin')]).toEqual([401, origin])
      expect(refusal.headers.get('Vary')).toContain('Origin')
    }
  })

  it('lets nobody else in', async () => {
    for (const origin of ['https://evil.example.com', `${ORIGIN}.evil.example`, 'null', `${ORIGIN}:8443`]) {
      expect((await preflight('/api/me', origin)).headers.get('Access-Control-Allow-Origin')).toBeNull()
      const reply = await callWith(await tokenFor(randomId('user')), '/api/me', {
        headers: { Origin: origin },
      })
      expect(reply.headers.get('Access-Control-Allow-Origin')).toBeNull()
      expect(reply.headers.get('Vary')).toContain('Origin')
    }
    const unset = await callWith(null, '/api/me', { headers: { Origin: ORIGIN } }, { APP_ORIGINS: '' })
    expect(unset.headers.get('Access-Control-Allow-Origin')).toBeNull()
  })

  it('is refused in the log, because the browser says why to nobody: not for our own page, or the app', async () => {
    const refused = async (origin: string) =>
      (await logged(() => preflight('/api/checkout/cs_1', origin))).map(({ path, cause }) => [path, cause])
    expect(await refused('http://127.0.0.1:3000')).toEqual([['/api/checkout/:id', 'origin_not_allowed']])
    for (const origin of [ORIGIN, 'http://ledgerhook.test']) expect(await refused(origin)).toEqual([])
    expect(await logged(() => callWith(null, '/api/me'))).toEqual([])
  })

  it('is not for routes that no browser calls', async () => {
    const ofBackends = routes.flatMap(({ caller, path }) =>
      caller === 'service' ? [path.replace('{id}', 'user_x')] : [],
    )
    expect(ofBackends).toContain('/api/wallet/grant')
    for (const path of [...ofBackends, '/api/webhooks/clerk', '/api/ready']) {
      const { status, headers } = await preflight(path, ORIGIN)
      expect([status, headers.get('Access-Control-Allow-Origin')]).toEqual([405, null])
    }
  })
})

describe('trouble', () => {
  it('of the database is 503 as for webhooks, and a browser may read it', async () => {
    const log = vi.spyOn(console, 'log')
    const token = await tokenFor(randomId('user'))
    const away = { NEON_FETCH_ENDPOINT: 'http://127.0.0.1:1/sql' }
    const reply = await callWith(token, '/api/me', { headers: { Origin: ORIGIN } }, away)
    expect([reply.status, reply.body]).toEqual([503, { error: 'unavailable' }])
    expect(reply.headers.get('Retry-After')).toBe('10')
    expect(reply.headers.get('Access-Control-Allow-Origin')).toBe(ORIGIN)
    expect(JSON.parse(String(log.mock.lastCall?.[0]))).toMatchObject({
      message: 'unavailable',
      path: '/api/me',
    })
    expect((await spend({ user_id: 'user_x', amount: 1, idempotency_key: 'k' }, away)).status).toBe(503)
  })

  it('that passes is not noticed, and a lost response brings nothing twice', async () => {
    const id = randomId('user')
    await failNext('after_commit')
    expect((await as(id, '/api/me')).body).toMatchObject({ id, balance: 0 })
    expect(await user(id)).toMatchObject({ provisioned_by: 'session' })
  })

  it('of a method: 405, and what is allowed', async () => {
    for (const [method, path, allow] of [
      ['POST', '/api/me', 'GET, HEAD'],
      ['DELETE', '/api/wallet', 'GET, HEAD'],
      ['GET', '/api/wallet/spend', 'POST'],
      ['POST', '/api/openapi.json', 'GET, HEAD'],
    ] as const) {
      const response = await request(path, { method })
      expect([response.status, response.headers.get('Allow')]).toEqual([405, allow])
    }
  })
})

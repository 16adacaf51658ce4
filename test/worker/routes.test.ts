import { describe, expect, it, vi } from 'vitest'
import { checkoutEvent, clerkEvent, randomId } from '../../local/events.ts'
import { counted, type Env, query, request, send, settings } from './support.ts'

describe('routes', () => {
  it('GET /api/health answers without the database and without settings', async () => {
    const { result, requests } = await counted(() => request('/api/health', {}, { DATABASE_URL: '' }))
    expect([result.status, await result.json()]).toEqual([200, { status: 'ok' }])
    expect(requests).toBe(0)
  })

  it.each([
    ['GET', '/api/webhooks/clerk', 'POST'],
    ['PUT', '/api/webhooks/stripe', 'POST'],
    ['POST', '/api/health', 'GET, HEAD'],
    ['DELETE', '/api/ready', 'GET, HEAD'],
  ])('%s %s answers 405 and says what is allowed', async (method, path, allow) => {
    const response = await request(path, { method })
    expect([response.status, response.headers.get('Allow')]).toEqual([405, allow])
    expect(await response.json()).toEqual({ error: 'method_not_allowed' })
  })

  it('any other path is 404', async () => {
    expect((await request('/api/nothing')).status).toBe(404)
  })
})

describe('GET /api/ready', () => {
  const ready = (token?: string, env?: Env) =>
    request('/api/ready', token ? { headers: { Authorization: `Bearer ${token}` } } : {}, env)

  it('is for operators', async () => {
    for (const token of [undefined, 'wrong-token-of-somebody', `${settings.OPS_TOKEN}x`]) {
      const { result, requests } = await counted(() => ready(token))
      expect([result.status, await result.json()]).toEqual([401, { error: 'unauthorized' }])
      expect(requests).toBe(0)
    }
    expect((await ready('', { OPS_TOKEN: '' })).status).toBe(401)
  })

  it('answers 200 while the database answers and is migrated', async () => {
    const response = await ready(settings.OPS_TOKEN)
    expect([response.status, await response.json()]).toEqual([200, { status: 'ready' }])
  })

  it('answers 503 while nothing is migrated at all', async () => {
    await query('alter table drizzle.__drizzle_migrations rename to elsewhere')
    const response = await ready(settings.OPS_TOKEN)
    expect([response.status, await response.json()]).toEqual([503, { status: 'not_migrated' }])
    await query('alter table drizzle.elsewhere rename to __drizzle_migrations')
  })

  it('answers 503 while a migration is missing, or the database cannot be reached, and tells no secret', async () => {
    await query('update drizzle.__drizzle_migrations set created_at = created_at - 1')
    expect((await ready(settings.OPS_TOKEN)).status).toBe(503)
    await query('update drizzle.__drizzle_migrations set created_at = created_at + 1')

    const away = await ready(settings.OPS_TOKEN, { NEON_FETCH_ENDPOINT: 'http://127.0.0.1:1/sql' })
    expect([away.status, await away.json()]).toEqual([503, { status: 'unavailable' }])
  })
})

describe('settings', () => {
  const required = [
    'DATABASE_URL',
    'CLERK_WEBHOOK_SECRET',
    'STRIPE_WEBHOOK_SECRET',
    'STRIPE_SECRET_KEY',
  ] as const
  const malformed: Env[] = [
    ...required.map((name) => ({ [name]: '' })),
    ...required.map((name) => ({ [name]: ' ' })),
    ...required.map((name) => ({ [name]: 'placeholder' })),
    { STRIPE_WEBHOOK_SECRET: 'whsec_good_enough,short' },
    { CLERK_WEBHOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUP' },
    { DATABASE_URL: 'postgres://localhost' },
    { STRIPE_SECRET_KEY: 'pk_test_0123456789abcdef' },
    { OPS_TOKEN: 'short' },
    { OPS_TOKEN: 'with a space' },
    { SERVICE_TOKEN: 'no<bearer>token' },
    { CLERK_JWT_KEY: 'sk_test_a_secret_key_instead' },
    { CLERK_ISSUER: 'http://clerk.example.com' },
    { APP_ORIGINS: 'https://app.example.com/path' },
    { APP_ORIGINS: '*' },
    { SIGNUP_BONUS_CREDITS: '-1' },
    { SIGNUP_BONUS_CREDITS: '1.5' },
    { REQUIRE_EMAIL: 'yes' },
    { USER_DELETION: 'archive' },
    { CLERK_INSTANCE_ID: 'production' },
    { NEON_FETCH_ENDPOINT: 'https://elsewhere.example/sql' },
    { NEON_FETCH_ENDPOINT: 'http://127.0.0.1.elsewhere.example/sql' },
  ]

  it.each(malformed)('%o: nothing is accepted, the log names it, the caller learns nothing', async (env) => {
    const log = vi.spyOn(console, 'log')
    const [name, value] = Object.entries(env)[0] ?? []
    for (const [provider, event] of [
      ['clerk', clerkEvent('user.created', { user: randomId('user') })],
      ['stripe', checkoutEvent('checkout.session.completed', { user: randomId('user') })],
    ] as const) {
      const { result, requests } = await counted(() => send(provider, JSON.stringify(event), { env }))
      expect([result.status, await result.json()]).toEqual([500, { error: 'misconfigured' }])
      expect(requests).toBe(0)
      expect(JSON.parse(String(log.mock.lastCall?.[0]))).toMatchObject({
        message: 'misconfigured',
        settings: [name],
      })
      if (value?.trim()) expect(String(log.mock.lastCall?.[0])).not.toContain(value)
    }
  })

  it('that are empty are unset: the defaults hold', async () => {
    const env = {
      SIGNUP_BONUS_CREDITS: '',
      REQUIRE_EMAIL: '',
      USER_DELETION: '',
      CLERK_INSTANCE_ID: '',
      OPS_TOKEN: '',
    }
    const event = clerkEvent('user.created', { user: randomId('user') })
    expect((await send('clerk', JSON.stringify(event), { env })).status).toBe(200)
  })
})

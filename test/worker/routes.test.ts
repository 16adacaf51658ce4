import { describe, expect, it, vi } from 'vitest'
import { checkoutEvent, clerkEvent, randomId } from '../../local/events.ts'
import { BUILD } from '../../src/ops/functions.gen.ts'
import { counted, type Env, query, request, send, settings } from './support.ts'

describe('routes', () => {
  it('GET /api/health responds without the database and without settings', async () => {
    const { result, requests } = await counted(() => request('/api/health', {}, { DATABASE_URL: '' }))
    expect([result.status, await result.json()]).toEqual([200, { status: 'ok' }])
    expect(requests).toBe(0)
  })

  it.each([
    ['GET', '/api/webhooks/clerk', 'POST'],
    ['PUT', '/api/webhooks/stripe', 'POST'],
    ['POST', '/api/health', 'GET, HEAD'],
    ['DELETE', '/api/ready', 'GET, HEAD'],
  ])('%s %s returns 405 and says what is allowed', async (method, path, allow) => {
    const response = await request(path, { method })
    expect([response.status, response.headers.get('Allow')]).toEqual([405, allow])
    expect(await response.json()).toEqual({ error: 'method_not_allowed' })
  })

  it('any other path is 404', async () => {
    expect((await request('/api/nothing')).status).toBe(404)
  })

  it('`/` leads on in development, and is 404 in production', async () => {
    const response = await request('/')
    expect([response.status, await response.text()]).toEqual([200, expect.stringContaining('/api/docs')])
    const deployed = await request('/', {}, { NEON_FETCH_ENDPOINT: '', STRIPE_API_BASE: '' })
    expect([deployed.status, await deployed.json()]).toEqual([404, { error: 'not_found' }])
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

  it('returns 200 while the database responds and is migrated', async () => {
    const response = await ready(settings.OPS_TOKEN)
    expect([response.status, await response.json()]).toEqual([200, { status: 'ready' }])
  })

  it('names the build that responds', async () => {
    expect((await ready(settings.OPS_TOKEN)).headers.get('ledgerhook-build')).toBe(BUILD)
    expect(BUILD).toMatch(/^[0-9a-f]{12}$/)
    expect((await ready('wrong-token-of-somebody')).headers.get('ledgerhook-build')).toBe(null)
  })

  /** Returns the response while this statement is in effect in the database, until the other one has run. */
  async function readyAfter(statement: string, back: string, env?: Env): Promise<unknown[]> {
    await query(statement)
    const response = await ready(settings.OPS_TOKEN, env)
    await query(back)
    expect((await ready(settings.OPS_TOKEN)).status).toBe(200)
    return [response.status, await response.json()]
  }

  it('returns 503 while nothing is migrated at all', async () => {
    const rename = (from: string, to: string) => `alter function ${from}(jsonb) rename to ${to}`
    expect(await readyAfter(rename('readiness', 'elsewhere'), rename('elsewhere', 'readiness'))).toEqual([
      503,
      { status: 'not_migrated' },
    ])
  })

  it('returns 503 while a migration is missing, or is another one', async () => {
    const rename = (from: string, to: string) =>
      `update migrations set tag = replace(tag, '${from}', '${to}') where tag like '0001%'`
    expect(await readyAfter(rename('0001_', '0001_no_'), rename('0001_no_', '0001_'))).toEqual([
      503,
      { status: 'not_migrated' },
    ])
    const change = `update migrations set hash = reverse(hash) where tag like '0000%'`
    expect(await readyAfter(change, change)).toEqual([503, { status: 'not_migrated' }])
  })

  it('returns 503 while older functions are in force, or one that it calls is gone; newer ones do not matter', async () => {
    const inForce = (since: string) =>
      `insert into function_sets (hash, first_applied_at, applied_at, names, fingerprint)
       values ('another', '${since}', '2100-01-01', '{}', '')`
    const gone = `delete from function_sets where hash = 'another'`
    expect(await readyAfter(inForce('2000-01-01'), gone)).toEqual([503, { status: 'functions_outdated' }])
    expect(await readyAfter(inForce('2100-01-01'), gone)).toEqual([200, { status: 'ready' }])

    const rename = (from: string, to: string) => `alter function ${from}(jsonb) rename to ${to}`
    expect(await readyAfter(rename('spend', 'spent'), rename('spent', 'spend'))).toEqual([
      503,
      { status: 'functions_outdated' },
    ])
  })

  it.each(['repeatable read', 'serializable'])('returns 503 while transactions are %s', async (level) => {
    const alter = (change: string) =>
      `do $$ begin execute format('alter role worker in database %I ${change}', current_database()); end $$`
    const setting = 'default_transaction_isolation'
    expect(
      await readyAfter(alter(`set ${setting} = ''${level}''`), alter(`reset ${setting}`), {
        // Another connection string, so that a new connection is opened, which has the new default.
        DATABASE_URL: `${settings.DATABASE_URL}?application_name=${level.slice(0, 3)}`,
      }),
    ).toEqual([503, { status: 'wrong_isolation' }])
  })

  it('returns 503 while the database cannot be reached, and reveals no secret', async () => {
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
      if (typeof value === 'string' && value.trim())
        expect(String(log.mock.lastCall?.[0])).not.toContain(value)
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

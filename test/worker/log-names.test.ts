import { describe, expect, it } from 'vitest'
import { checkoutEvent } from '../../local/events.ts'
import { SEMANTIC } from '../../src/log.ts'
import { logged } from './engine-support.ts'
import { signedUp } from './people.ts'
import { AWAY } from './queue-support.ts'
import { deliver, query, request, runScheduled, send, settings } from './support.ts'

const headers = { Authorization: `Bearer ${settings.OPS_TOKEN}` }

describe('a line of the log', () => {
  it('of a failure names its cause as OpenTelemetry does', async () => {
    const [refused] = await logged(() => send('stripe', '{}', { secret: 'whsec_another' }))
    expect(refused).toMatchObject({ message: 'refused', cause: 'no_match', 'error.type': 'no_match' })
    expect(refused).not.toHaveProperty(['db.response.status_code'])
  })

  it('has a code of Postgres as what it is', async () => {
    await query('alter function attention(jsonb) rename to attention_away')
    const lines = await logged(() => runScheduled({}, 'attention'))
    await query('alter function attention_away(jsonb) rename to attention')
    expect(lines).toContainEqual(
      expect.objectContaining({
        message: 'task failed',
        cause: '42883',
        'error.type': '42883',
        'db.response.status_code': '42883',
      }),
    )
  })

  it('has the route in place of a path that somebody may have typed an address into', async () => {
    const lines = await logged(() => request('/api/ops/explain/ada@example.com', { headers }, AWAY))
    expect(lines).toMatchObject([{ message: 'unavailable', 'http.route': '/api/ops/explain/:id' }])
    expect(JSON.stringify(lines)).not.toContain('ada@')
  })

  it('has the path where it has no id', async () => {
    const lines = await logged(() =>
      request('/ops/sign-in', {
        method: 'POST',
        body: new URLSearchParams({ token: 'wrong-token' }),
        headers: { origin: 'http://ledgerhook.test', 'cf-connecting-ip': '192.0.2.62' },
      }),
    )
    expect(lines).toContainEqual(
      expect.objectContaining({ message: 'refused', 'http.route': '/ops/sign-in' }),
    )
  })

  it.each([
    ['/api/webhooks/clerk', { provider: 'clerk' }],
    ['/api/webhooks/stripe', { provider: 'stripe' }],
    ['/ops/sign-in', {}],
  ])('of a body that is too large has the path %s, and the provider of a webhook', async (path, provider) => {
    const from = { origin: 'http://ledgerhook.test', 'Content-Type': 'application/x-www-form-urlencoded' }
    const body = 'x'.repeat(1024 * 1024 + 1)
    const lines = await logged(() => request(path, { method: 'POST', body, headers: from }))
    const said = { message: 'refused', level: 'warn', path, cause: 'payload_too_large', ...provider }
    expect(lines).toEqual([{ ...said, 'error.type': 'payload_too_large', 'http.route': path }])
  })

  it('of a network that has to wait does not call a right token wrong', async () => {
    const attempt = (token: string) =>
      logged(() =>
        request('/ops/sign-in', {
          method: 'POST',
          body: new URLSearchParams({ token }),
          headers: { origin: 'http://ledgerhook.test', 'cf-connecting-ip': '192.0.2.63' },
        }),
      )
    const wrong = [{ message: 'refused', path: '/ops/sign-in', cause: 'wrong_token' }]
    expect(await attempt('wrong-token')).toMatchObject(wrong)
    await query('update sign_in_failures set failures = 40')
    for (let blocked = 0; blocked < 2; blocked++) expect(await attempt('wrong-token')).toMatchObject(wrong)
    expect(await attempt(settings.OPS_TOKEN)).toMatchObject([
      { message: 'refused', path: '/ops/sign-in', cause: 'too_many_attempts' },
    ])
  })

  it('of an ordinary delivery is as short as before', async () => {
    const id = await signedUp()
    const lines = await logged(() =>
      deliver('stripe', checkoutEvent('checkout.session.completed', { user: id })),
    )
    expect(lines).toMatchObject([{ message: 'delivery', outcome: 'applied' }])
    for (const name of Object.values(SEMANTIC)) expect(lines[0]).not.toHaveProperty([name])
  })
})

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

  it('of an ordinary delivery is as short as before', async () => {
    const id = await signedUp()
    const lines = await logged(() =>
      deliver('stripe', checkoutEvent('checkout.session.completed', { user: id })),
    )
    expect(lines).toMatchObject([{ message: 'delivery', outcome: 'applied' }])
    for (const name of Object.values(SEMANTIC)) expect(lines[0]).not.toHaveProperty([name])
  })
})

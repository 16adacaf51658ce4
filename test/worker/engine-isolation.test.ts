import { afterEach, describe, expect, it } from 'vitest'
import { checkoutEvent, fixtures, randomId } from '../../local/events.ts'
import { accountSettings, spend } from './account-support.ts'
import { count, logged, makeOnlyDue, scheduled } from './engine-support.ts'
import { as, signedUp, signUp } from './people.ts'
import { balance, deliver, type Env, query, request, said, settings, user } from './support.ts'

const COMPLETED = 'checkout.session.completed'

/** Sets the default isolation of the Worker's role in this database, and returns settings with new connections. */
async function isolation(level: string | null): Promise<Env> {
  const [database] = await query<{ name: string }>('select quote_ident(current_database()) as name')
  const change =
    level === null ? 'reset default_transaction_isolation' : `set default_transaction_isolation = '${level}'`
  await query(`alter role worker in database ${database?.name} ${change}`)
  return { DATABASE_URL: `${settings.DATABASE_URL}?connections=${randomId('new')}` }
}

afterEach(async () => {
  await isolation(null)
})

const TABLES = [
  'webhook_events',
  'users',
  'wallets',
  'credit_ledger',
  'payments',
  'stripe_customers',
  'waiting',
  'arrived',
]
const rows = async () => await Promise.all(TABLES.map((table) => count(table)))

const events = Object.entries(fixtures).flatMap(([provider, types]) =>
  Object.values(types).map((event) => ({ provider: provider as 'clerk' | 'stripe', event })),
)

describe.each(['repeatable read', 'serializable'])('a database whose default isolation is "%s"', (level) => {
  it('gets no delivery of any type: 503, and nothing of it is there', async () => {
    const before = await rows()
    const env = await isolation(level)
    const lines = await logged(async () => {
      for (const { provider, event } of events) {
        const made = { ...event, ...(provider === 'stripe' && { id: randomId('evt'), livemode: false }) }
        const answer = await deliver(provider, made, { env })
        expect([event.type, answer.status]).toEqual([event.type, 503])
      }
    })
    expect(new Set(lines.map(({ message, cause }) => `${message} ${cause}`))).toEqual(
      new Set(['unavailable 25000']),
    )
    expect(await rows()).toEqual(before)
  })

  it('keeps what was there: a payment, a spend and a session of it are 503, and work once it is corrected', async () => {
    const [id, stranger] = [await signedUp(), randomId('user')]
    const payment = checkoutEvent(COMPLETED, { user: id })
    const env = await isolation(level)
    const taken = { user_id: id, amount: 1, idempotency_key: id }
    expect((await deliver('stripe', payment, { env })).status).toBe(503)
    expect((await deliver('stripe', { ...payment, id: randomId('evt'), data: {} }, { env })).status).toBe(503)
    expect((await spend(taken, env)).status).toBe(503)
    expect((await as(stranger, '/api/me', { env })).status).toBe(503)
    expect([await balance(id), await user(stranger), await balance(stranger)]).toEqual([40, undefined, null])

    const mended = await isolation(null)
    expect(said(await deliver('stripe', payment, { env: mended }))).toBe('applied')
    expect((await spend(taken, mended)).status).toBe(200)
    expect((await as(stranger, '/api/me', { env: mended })).status).toBe(200)
    expect(await balance(id)).toBe(539)
  })

  it('leaves what has arrived to a run after it is corrected', async () => {
    const id = randomId('user')
    for (let i = 0; i < 27; i++) await deliver('stripe', checkoutEvent(COMPLETED, { user: id, credits: 1 }))
    await signUp(id)
    expect(await balance(id)).toBe(65)
    const env = await isolation(level)
    await makeOnlyDue('release_arrived')
    const lines = await logged(() => scheduled(env))
    expect(lines).toContainEqual(expect.objectContaining({ message: 'task failed', cause: '25000' }))
    expect([await balance(id), await count('arrived')]).toEqual([65, 1])
    await makeOnlyDue('release_arrived')
    await scheduled(await isolation(null))
    expect([await balance(id), await count('arrived')]).toEqual([67, 0])
  })

  it('is said by /api/ready', async () => {
    const headers = { Authorization: `Bearer ${settings.OPS_TOKEN}` }
    const ready = async (env: Env) => {
      const response = await request('/api/ready', { headers }, { ...accountSettings, ...env })
      return [response.status, await response.json()]
    }
    expect(await ready(await isolation(level))).toEqual([503, { status: 'wrong_isolation' }])
    expect(await ready(await isolation(null))).toEqual([200, { status: 'ready' }])
  })
})

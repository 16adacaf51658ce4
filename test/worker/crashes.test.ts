import { describe, expect, it, vi } from 'vitest'
import { checkoutEvent, clerkEvent, randomId } from '../../local/events.ts'
import { balance, deliver, eventRow, failNext, ledger, send } from './support.ts'

const COMPLETED = 'checkout.session.completed'
/** The number of attempts of the Worker within one delivery. */
const EVERY_ATTEMPT = 4
const crashPoints = ['before', 'after_commit', 'half_answer', 'unavailable']
const retries = (fault: string) => Array.from({ length: EVERY_ATTEMPT }, () => fault)

describe.each(crashPoints)('every connection dropped %s', (fault) => {
  it('is answered 503 with Retry-After, and the redelivery ends as if nothing had happened', async () => {
    const user = randomId('user')
    const created = clerkEvent('user.created', { user })
    const paid = checkoutEvent(COMPLETED, { user })
    for (const [provider, event, id] of [
      ['clerk', created, `msg_${user}`],
      ['stripe', paid, paid.id],
    ] as const) {
      await failNext(...retries(fault))
      const failed = await send(provider, JSON.stringify(event), { id })
      expect([failed.status, await failed.json()]).toEqual([503, { error: 'unavailable' }])
      expect(Number(failed.headers.get('Retry-After'))).toBeGreaterThan(0)

      const again = await deliver(provider, event, { id })
      const committed = fault === 'after_commit' || fault === 'half_answer'
      expect(again).toMatchObject(
        committed
          ? { outcome: 'duplicate', reason: 'already_processed' }
          : { outcome: 'applied', reason: null },
      )
      expect(await eventRow(id)).toMatchObject({ outcome: 'applied' })
    }
    expect(await balance(user)).toBe(540)
    expect((await ledger(user)).map(({ kind }) => kind)).toEqual(['signup_bonus', 'purchase'])
  })

  it('while a user arrives whose payment is parked credits it once', async () => {
    const user = randomId('user')
    await deliver('stripe', checkoutEvent(COMPLETED, { user }))
    await failNext(...retries(fault))
    const created = clerkEvent('user.created', { user })
    await send('clerk', JSON.stringify(created), { id: `msg_${user}` })
    await deliver('clerk', created, { id: `msg_${user}` })
    expect(await balance(user)).toBe(540)
  })
})

describe('a database that does not answer', () => {
  it('is given up within 8 seconds, as the log says, and the redelivery is applied', async () => {
    const log = vi.spyOn(console, 'log')
    const user = randomId('user')
    const event = clerkEvent('user.created', { user })
    await failNext('hang', 'hang')
    const startedAt = Date.now()
    const response = await send('clerk', JSON.stringify(event), { id: `msg_${user}` })
    expect(response.status).toBe(503)
    expect(Date.now() - startedAt).toBeLessThan(8_000)
    expect(JSON.parse(String(log.mock.lastCall?.[0]))).toMatchObject({
      message: 'unavailable',
      cause: 'TimeoutError',
    })

    expect(await deliver('clerk', event, { id: `msg_${user}` })).toMatchObject({ outcome: 'applied' })
    expect(await balance(user)).toBe(40)
  })
})

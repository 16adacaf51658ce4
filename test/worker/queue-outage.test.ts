import { expect, it } from 'vitest'
import { checkoutEvent, clerkEvent } from '../../local/events.ts'
import { cloudflareQueues } from './cloudflare-queues.ts'
import { AWAY } from './queue-support.ts'
import { balance, deliver, eventRow, query, user } from './support.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const USERS = 6

it.each([
  {
    outage: 40 * HOUR_MS,
    retention: DAY_MS,
    says: '40 hours, on the free plan, which keeps a message for a day',
  },
  { outage: 14 * DAY_MS, retention: 4 * DAY_MS, says: '14 days, with messages that are kept for four' },
])(
  'an outage of $says loses nothing, and doubles nothing',
  { timeout: 600_000 },
  async ({ outage, retention }) => {
    const queues = cloudflareQueues(retention)
    const env = { SPILL: queues.producer }
    const name = `outage_${outage}`
    const ids = Array.from({ length: USERS }, (_, number) => `user_${number}_${name}`)
    let sent = 0
    let queued = 0
    const send = async (provider: 'clerk' | 'stripe', event: object) => {
      const answer = await deliver(provider, event, { id: `msg_${++sent}_${name}`, env: { ...env, ...AWAY } })
      queued++
      expect([answer.status, answer.outcome]).toEqual([200, 'queued'])
    }

    // During the outage people sign up, change their name and pay, and one of them leaves. Clerk's retries end after 28
    // h.
    const at = Date.now() - outage
    const payments: string[] = []
    const pay = async (id: string, when: number) => {
      const event = checkoutEvent('checkout.session.completed', {
        user: id,
        at: at + when,
        event: `evt_${++sent}_${name}`,
      })
      payments.push(event.id)
      await send('stripe', event)
    }
    for (const [number, id] of ids.entries()) {
      const when = (outage / USERS) * number
      await queues.run(when, { ...env, ...AWAY })
      await pay(id, when)
      await send('clerk', clerkEvent('user.created', { user: id, at: at + when }))
      await send(
        'clerk',
        clerkEvent('user.updated', { user: id, at: at + when + 60_000, data: { first_name: 'New' } }),
      )
      await pay(id, when)
    }
    await send('clerk', clerkEvent('user.deleted', { user: ids[0] ?? '', at: at + outage - HOUR_MS }))
    await queues.run(outage, { ...env, ...AWAY })
    expect([queues.lost, queues.left()]).toEqual([[], queued])
    expect(queues.mostAttempts()).toBeGreaterThan(10)
    expect(await query('select 1 from webhook_events where event_id = any ($1)', [payments])).toEqual([])

    // The database is back: the remaining messages arrive within a quarter of an hour, plus a little for late ones.
    await queues.run(outage + HOUR_MS, env)
    expect([queues.lost, queues.left()]).toEqual([[], 0])
    const [deleted = '', ...living] = ids
    for (const id of living) {
      expect([id, await balance(id)]).toEqual([id, 40 + 2 * 500])
      expect((await user(id))?.name).toMatch(/^New/)
    }
    expect((await user(deleted))?.deactivated_at).not.toBeNull()
    for (const event of payments) {
      const row = await eventRow(event)
      expect(['applied', 'rejected']).toContain(row?.outcome)
      // It was received when it arrived, not when it was committed.
      expect(Date.parse(String(row?.received_at))).toBeLessThanOrEqual(Date.parse(String(row?.settled_at)))
    }
  },
)

import { describe, expect, it } from 'vitest'
import { checkoutEvent, clerkEvent, randomId } from '../../local/events.ts'
import { count, logged, makeOnlyDue, scheduled } from './engine-support.ts'
import { signUp } from './people.ts'
import { balance, deliver, type Env, eventRow, query, request, said, settings } from './support.ts'

const COMPLETED = 'checkout.session.completed'
const THIRTY: Env = { PAYLOAD_RETENTION_DAYS: '30' }

/** Starts a scheduled run of only this task. Returns what it logs about payloads. */
async function expire(env: Env = THIRTY) {
  await makeOnlyDue('expire_payloads')
  return (await logged(() => scheduled(env))).filter(({ message }) => message === 'payloads expired')
}
/** As if it had been received, and settled if it is, this many days ago. */
const age = (event: string, days: number) =>
  query(
    `update webhook_events set received_at = received_at - $2 * interval '1 day',
       settled_at = settled_at - $2 * interval '1 day' where event_id = $1`,
    [event, days],
  )
async function paid(user: string) {
  const event = checkoutEvent(COMPLETED, { user })
  return { event, answer: said(await deliver('stripe', event)) }
}

describe('the payload of a delivery that was settled longer ago than PAYLOAD_RETENTION_DAYS', () => {
  it('goes, and everything else that is known of it stays', async () => {
    const user = randomId('user')
    await signUp(user)
    const [old, young] = [await paid(user), await paid(user)]
    await age(old.event.id, 31)
    await age(young.event.id, 29)
    const before = await eventRow(old.event.id)
    expect(before?.payload).toMatchObject({ id: old.event.id })

    expect(await expire()).toMatchObject([{ level: 'info', deliveries: 1 }])
    expect(await eventRow(old.event.id)).toEqual({ ...before, payload: null })
    expect((await eventRow(young.event.id))?.payload).toMatchObject({ id: young.event.id })

    // Nothing needs it later.
    expect(said(await deliver('stripe', old.event))).toBe('duplicate already_processed')
    expect(await balance(user)).toBe(1040)
    const headers = { authorization: `Bearer ${settings.OPS_TOKEN}` }
    const explained = await request(`/api/ops/explain/${old.event.id}`, { headers })
    expect(await explained.json()).toMatchObject({ about: 'event', sum: 500 })
    expect(await expire()).toEqual([])
  })

  it('stays for ever where the setting is unset', async () => {
    const user = randomId('user')
    await signUp(user)
    const { event } = await paid(user)
    await age(event.id, 4000)
    expect(await expire({})).toEqual([])
    expect((await eventRow(event.id))?.payload).not.toBeNull()
  })

  it('counts from when it was released, where it has waited', async () => {
    const user = randomId('user')
    const { event, answer } = await paid(user)
    expect(answer).toBe('parked unknown_user')
    await age(event.id, 400)
    await signUp(user)
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'applied', via: 'release' })
    await expire()
    expect((await eventRow(event.id))?.payload).not.toBeNull()
    await age(event.id, 31)
    await expire()
    expect((await eventRow(event.id))?.payload).toBeNull()
  })
})

describe('what is parked or rejected', () => {
  it('keeps its payload, however old it is, and still has its effect', async () => {
    const [stranger, member] = [randomId('user'), randomId('user')]
    await signUp(member)
    const parked = await paid(stranger)
    const bad = checkoutEvent(COMPLETED, { user: member, session: { metadata: { user_id: member } } })
    expect([parked.answer, said(await deliver('stripe', bad))]).toEqual([
      'parked unknown_user',
      'rejected invalid_metadata',
    ])
    // This version cannot read the form, but a later one will, from the payload.
    const unread = { ...clerkEvent('user.created', { user: stranger }), data: { id: stranger } }
    const id = randomId('msg')
    expect(said(await deliver('clerk', unread, { id }))).toBe('parked unreadable')
    for (const event of [parked.event.id, bad.id, id]) await age(event, 4000)

    await expire({ PAYLOAD_RETENTION_DAYS: '1' })
    for (const event of [parked.event.id, bad.id, id])
      expect([event, (await eventRow(event))?.payload]).toEqual([event, expect.anything()])
    await signUp(stranger)
    expect(await balance(stranger)).toBe(540)
  })
})

describe('a pile of payloads', () => {
  it('is worked off in bites of one run, and a row that is locked is left for a later one', async () => {
    await query(
      `insert into webhook_events (provider, event_id, type, outcome, reason, payload, settled_at)
       select 'stripe', 'evt_pile_' || n, $1, 'ignored', 'no_effect', '{"a": 1}', now() - interval '40 days'
       from generate_series(1, 12000) n`,
      [COMPLETED],
    )
    const bites = await expire()
    expect(bites.map(({ deliveries }) => deliveries)).toEqual([5000, 5000, 2000])
    expect(await count('webhook_events', `event_id like 'evt_pile_%' and payload is not null`)).toBe(0)
  })
})

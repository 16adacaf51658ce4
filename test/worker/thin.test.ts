import { describe, expect, it } from 'vitest'
import { checkoutEvent, randomId } from '../../local/events.ts'
import { settingsOf } from '../../src/settings.ts'
import { readWhole } from '../../src/stripe/thin.ts'
import { signedUp } from './people.ts'
import {
  balance,
  counted,
  deliver,
  eventRow,
  runScheduled,
  settings,
  stripeAnswers,
  stripeCalls,
} from './support.ts'

const COMPLETED = 'checkout.session.completed'

/** Returns the event that a thin destination delivers for a snapshot event (Stripe: thin events for v1 resources). */
const thin = (snapshot: { id: string; type: string; data: { object: object } }, more: object = {}) => ({
  id: `${snapshot.id}_thin`,
  object: 'v2.core.event',
  type: `v1.${snapshot.type}`,
  created: '2026-05-01T12:00:00.000Z',
  livemode: false,
  context: null,
  snapshot_event: snapshot.id,
  related_object: { id: (snapshot.data.object as { id: string }).id, type: 'checkout.session', url: null },
  ...more,
})

const snapshotAt = (event: { id: string }) => ({ [`GET /v1/events/${event.id}`]: { body: event } })

describe('a thin event', () => {
  it('has the effect of its snapshot, which is read from Stripe by one call', async () => {
    const id = await signedUp()
    const event = checkoutEvent(COMPLETED, { user: id, credits: 500 })
    await stripeAnswers(snapshotAt(event))
    expect(await deliver('stripe', thin(event))).toMatchObject({ event: event.id, outcome: 'applied' })
    expect(await balance(id)).toBe(540)
    expect(await stripeCalls(event.id)).toEqual([`GET /v1/events/${event.id}`])
  })

  it('and its snapshot are one event, whichever comes first', async () => {
    const id = await signedUp()
    const [first, second] = [checkoutEvent(COMPLETED, { user: id }), checkoutEvent(COMPLETED, { user: id })]
    await stripeAnswers({ ...snapshotAt(first), ...snapshotAt(second) })
    await deliver('stripe', thin(first))
    expect(await deliver('stripe', first)).toMatchObject({
      outcome: 'duplicate',
      reason: 'already_processed',
    })
    await deliver('stripe', second)
    expect(await deliver('stripe', thin(second))).toMatchObject({ outcome: 'duplicate' })
    expect(await balance(id)).toBe(1040)
  })

  it('waits while Stripe cannot be reached, and is read by the scheduled run', async () => {
    const id = await signedUp()
    const event = checkoutEvent(COMPLETED, { user: id })
    expect(await deliver('stripe', thin(event))).toMatchObject({ outcome: 'parked', reason: 'unreadable' })
    await stripeAnswers(snapshotAt(event))
    await runScheduled()
    expect(await balance(id)).toBe(540)
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'applied', type: COMPLETED, user_id: id })
  })

  it('without a snapshot has the effect of its object as Stripe has it now', async () => {
    const id = await signedUp()
    const event = checkoutEvent(COMPLETED, { user: id })
    const session = event.data.object as { id: string }
    await stripeAnswers({ [`GET /v1/checkout/sessions/${session.id}`]: { body: session } })
    const url = `/v1/checkout/sessions/${session.id}`
    const bare = thin(event, { snapshot_event: null, related_object: { id: session.id, url } })
    expect(await deliver('stripe', bare)).toMatchObject({ event: bare.id, outcome: 'applied' })
    expect(await balance(id)).toBe(540)
  })

  it('without a snapshot is dated by Stripe’s clock when its object was read', async () => {
    const event = checkoutEvent(COMPLETED, { user: 'user_x' })
    const url = '/v1/checkout/sessions/cs_1'
    const bare = thin(event, { snapshot_event: null, related_object: { id: 'cs_1', url } })
    const date = 'Fri, 01 May 2026 12:34:56 GMT'
    const answer = async () => Response.json({ id: 'cs_1' }, { headers: { date } })
    const whole = await readWhole(bare, settingsOf(settings), answer)
    expect(whole).toMatchObject({ created: Date.parse(date) / 1000, data: { object: { id: 'cs_1' } } })
  })

  it('of a connected account is ignored, and one that nobody registered costs no query', async () => {
    const event = checkoutEvent(COMPLETED, { user: 'user_x' })
    expect(await deliver('stripe', thin(event, { context: 'acct_1' }))).toMatchObject({
      outcome: 'ignored',
      reason: 'connected_account',
    })
    const { result, requests } = await counted(() =>
      deliver('stripe', thin({ ...event, id: randomId('evt'), type: 'product.created' })),
    )
    expect([result.outcome, result.reason, requests]).toEqual(['ignored', 'unhandled_type', 0])
  })

  it.each([
    'v2.core.health.event_generation_failure.resolved',
    'v2.core.account[configuration.merchant].updated',
    'v2.checkout.session.completed',
  ])('%s of Stripe’s newer API is unhandled: neither a row nor a query', async (type) => {
    const event = { id: randomId('evt'), object: 'v2.core.event', type, livemode: false }
    const { result, requests } = await counted(() => deliver('stripe', event))
    expect([result.type, result.outcome, result.reason, requests]).toEqual([
      type,
      'ignored',
      'unhandled_type',
      0,
    ])
  })

  it('that names another path than an object’s asks nothing', async () => {
    const event = checkoutEvent(COMPLETED, { user: 'user_x' })
    const url = '/v1/../../evil'
    await deliver('stripe', thin(event, { snapshot_event: null, related_object: { id: 'x', url } }))
    expect(await stripeCalls('evil')).toEqual([])
  })
})

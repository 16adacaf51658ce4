import { describe, expect, it } from 'vitest'
import {
  billingEvent,
  itemsOf,
  type SubscriptionOptions,
  subscriptionEvent,
  subscriptionEventOf2020,
} from '../../local/billing-events.ts'
import { checkoutEvent, randomId } from '../../local/events.ts'
import { as, leave, link, linked, signUp } from './people.ts'
import {
  billing,
  deliver,
  eventRow,
  query,
  runScheduled,
  said,
  stripeAnswers,
  stripeCalls,
  subscription,
  user,
} from './support.ts'

const CREATED = 'customer.subscription.created'
const UPDATED = 'customer.subscription.updated'
const PAUSED = 'customer.subscription.paused'
const RESUMED = 'customer.subscription.resumed'
const DELETED = 'customer.subscription.deleted'
const T = Date.parse('2026-05-01T12:00:00Z')
const PLANS = JSON.stringify({
  price_pro: { key: 'pro', credits: 100 },
  price_team: { key: 'team', credits: 500 },
})

/** A world of one user with one subscription, whose events are not delivered yet. */
function world() {
  const id = randomId('user')
  const [customer, sub] = [`cus_${id}`, `sub_${id}`]
  return {
    id,
    customer,
    sub,
    signUp: () => signUp(id, { at: T }),
    leave: (env = {}) => leave(id, { env }),
    link: () => link(id, customer),
    tell: async (
      type: Parameters<typeof subscriptionEvent>[0],
      seconds: number,
      options: Partial<SubscriptionOptions> = {},
    ) => {
      const event = subscriptionEvent(type, {
        subscription: sub,
        customer,
        at: T + seconds * 1000,
        ...options,
      })
      return said(await deliver('stripe', event, { env: { PLANS } }))
    },
  }
}

describe('a subscription', () => {
  it('is stored with its price, plan, period and cancellation, and shows in user_billing', async () => {
    const { id, customer, sub, tell } = await linked(world())
    expect(await tell(CREATED, 0, { price: 'price_pro', periodEnd: 1_790_000_000 })).toBe('applied')
    expect(await subscription(sub)).toMatchObject({
      user_id: id,
      stripe_customer_id: customer,
      stripe_price_id: 'price_pro',
      plan_key: 'pro',
      status: 'active',
      current_period_end: new Date('2026-09-21T14:13:20Z'),
      cancel_at_period_end: false,
      canceled_at: null,
      ended_at: null,
      last_event_at: new Date(T),
    })
    expect(await billing(id)).toEqual({
      id,
      email: `${id}@example.com`,
      stripe_customer_id: customer,
      stripe_subscription_id: sub,
      stripe_price_id: 'price_pro',
      subscription_status: 'active',
      subscription_current_period_end: new Date('2026-09-21T14:13:20Z'),
      cancel_at_period_end: false,
      plan_key: 'pro',
      balance: '40',
      cancel_at: null,
      collection_paused: false,
    })
  })

  it('changes its plan, pauses, resumes, is cancelled for the end of the period, and ends', async () => {
    const { id, sub, tell } = await linked(world())
    await tell(CREATED, 0, { price: 'price_pro' })
    expect(await tell(UPDATED, 1, { price: 'price_team' })).toBe('applied')
    expect(await billing(id)).toMatchObject({ plan_key: 'team' })
    expect(await tell(PAUSED, 2, { price: 'price_team' })).toBe('applied')
    expect(await billing(id)).toMatchObject({ subscription_status: 'paused' })
    expect(await tell(RESUMED, 3, { price: 'price_team' })).toBe('applied')
    expect(await billing(id)).toMatchObject({ subscription_status: 'active' })
    await tell(UPDATED, 4, { set: { cancel_at_period_end: true, canceled_at: T / 1000 + 4 } })
    expect(await billing(id)).toMatchObject({ subscription_status: 'active', cancel_at_period_end: true })
    expect(await tell(DELETED, 5)).toBe('applied')
    expect(await billing(id)).toMatchObject({ subscription_status: 'canceled' })
    expect((await subscription(sub))?.ended_at).toBeInstanceOf(Date)
  })

  it('is replaced whole by a newer event, as if nothing had been stored before', async () => {
    const [first, second] = [await linked(world()), await linked(world())]
    const change = {
      customer: second.customer,
      price: 'price_team',
      periodEnd: 1_795_000_000,
      set: {
        status: 'past_due',
        created: 1_777_000_000,
        cancel_at_period_end: true,
        cancel_at: 1_794_000_000,
        canceled_at: 1_793_000_000,
        ended_at: 1_792_000_000,
      },
    }
    await first.tell(CREATED, 0, { price: 'price_pro' })
    expect(await first.tell(UPDATED, 5, change)).toBe('applied')
    expect(await first.tell(UPDATED, 5, { ...change, subscription: `sub_new_${first.id}` })).toBe('applied')
    const rows = [await subscription(first.sub), await subscription(`sub_new_${first.id}`)]
    const [changed, told] = rows.map((row) => ({ ...row, id: null, updated_at: null }))
    expect(changed).toEqual(told)
    expect(changed).toMatchObject({ user_id: second.id, stripe_customer_id: second.customer })
  })

  it('keeps the price where neither a lookup key nor PLANS knows it, and prefers the lookup key', async () => {
    const { sub, tell } = await linked(world())
    await tell(CREATED, 0, { price: 'price_unknown' })
    expect(await subscription(sub)).toMatchObject({ stripe_price_id: 'price_unknown', plan_key: null })
    await tell(UPDATED, 1, { price: 'price_pro', lookupKey: 'gold' })
    expect(await subscription(sub)).toMatchObject({ stripe_price_id: 'price_pro', plan_key: 'gold' })
    await tell(UPDATED, 2, { price: 'constructor' })
    expect(await subscription(sub)).toMatchObject({ stripe_price_id: 'constructor', plan_key: null })
  })

  it('shows that its collection is paused, though its status stays active, and that it ends with its period', async () => {
    const { id, sub, tell } = await linked(world())
    await tell(CREATED, 0, { price: 'price_pro', periodEnd: 1_790_000_000 })
    await tell(UPDATED, 1, { price: 'price_pro', set: { pause_collection: { behavior: 'void' } } })
    expect(await billing(id)).toMatchObject({ subscription_status: 'active', collection_paused: true })
    expect((await as(id, '/api/me')).body).toMatchObject({ subscription: { collection_paused: true } })
    await tell(UPDATED, 2, {
      price: 'price_pro',
      periodEnd: 1_790_000_000,
      set: { pause_collection: null, cancel_at: 1_790_000_000, cancel_at_period_end: false },
    })
    expect(await subscription(sub)).toMatchObject({ collection_paused: false, cancel_at_period_end: false })
    expect(await billing(id)).toMatchObject({
      cancel_at_period_end: true,
      cancel_at: new Date('2026-09-21T14:13:20Z'),
    })
  })

  it('is that of the item that PLANS knows, though an add-on with a lookup key stands first', async () => {
    const { id, tell } = await linked(world())
    const addOn = itemsOf({ price: 'price_seats', lookupKey: 'extra_seats', periodEnd: 1_800_000_000 }).data
    const plan = itemsOf({ price: 'price_pro', periodEnd: 1_790_000_000 }).data
    await tell(CREATED, 0, { set: { items: { data: [...addOn, ...plan] } } })
    expect(await billing(id)).toMatchObject({ stripe_price_id: 'price_pro', plan_key: 'pro' })
  })

  it('of several items has the price and the period of the first one with a plan, else of the first', async () => {
    const { sub, tell } = await linked(world())
    const items = (...prices: [string, number][]) => ({
      data: prices.flatMap(([price, periodEnd]) => itemsOf({ price, periodEnd }).data),
    })
    await tell(CREATED, 0, {
      set: { items: items(['price_seat', 1_900_000_000], ['price_pro', 1_790_000_000]) },
    })
    expect(await subscription(sub)).toMatchObject({
      stripe_price_id: 'price_pro',
      current_period_end: new Date('2026-09-21T14:13:20Z'),
    })
    await tell(UPDATED, 1, {
      set: { items: items(['price_seat', 1_790_000_000], ['price_x', 1_900_000_000]) },
    })
    expect(await subscription(sub)).toMatchObject({
      stripe_price_id: 'price_seat',
      current_period_end: new Date('2026-09-21T14:13:20Z'),
    })
  })

  it('is read in Stripe’s form from before 2025-03-31, with its period at the top', async () => {
    const { id, customer, sub } = await linked(world())
    const event = subscriptionEventOf2020({ subscription: sub, customer })
    expect(said(await deliver('stripe', event))).toBe('applied')
    expect(await subscription(sub)).toMatchObject({
      user_id: id,
      stripe_price_id: 'price_1IDQm5JDPojXS6LNM31hxKzp',
      current_period_end: new Date('2021-07-08T10:41:58Z'),
    })
  })

  it('keeps a status that Stripe has added since, and a form it does not know is parked', async () => {
    const { sub, tell } = await linked(world())
    expect(await tell(CREATED, 0, { set: { status: 'hibernating' } })).toBe('applied')
    expect(await subscription(sub)).toMatchObject({ status: 'hibernating' })
    expect(await tell(UPDATED, 1, { set: { items: null } })).toBe('parked unreadable')
  })
})

describe('user_billing', () => {
  it('has the subscription that entitles most, then the newest', async () => {
    const { id, sub, tell } = await linked(world())
    const created = (seconds: number) => ({ created: T / 1000 + seconds })
    const other = (n: number, status: string, seconds: number) =>
      tell(CREATED, 0, { subscription: `${sub}_${n}`, set: { status, ...created(seconds) } })
    const chosen = async () => (await billing(id))?.stripe_subscription_id
    expect(await chosen()).toBeNull()
    await other(1, 'incomplete_expired', 9)
    await other(2, 'canceled', 8)
    expect(await chosen()).toBe(`${sub}_2`)
    for (const [n, status] of ['hibernating', 'incomplete', 'unpaid', 'paused', 'past_due'].entries()) {
      await other(n + 3, status, 7 - n)
      expect(await chosen()).toBe(`${sub}_${n + 3}`)
    }
    await other(8, 'trialing', 1)
    expect(await chosen()).toBe(`${sub}_8`)
    await other(9, 'active', 0)
    expect(await chosen()).toBe(`${sub}_9`)
    await other(10, 'active', 2)
    await other(11, 'active', 1)
    expect(await chosen()).toBe(`${sub}_10`)
    expect(await query('select count(*)::int n from user_billing where id = $1', [id])).toEqual([{ n: 1 }])
  })

  it('shows what current_subscription returns, which is null for a user without one', async () => {
    const { id, sub, tell } = await linked(world())
    const current = async () =>
      (await query<{ current: unknown }>('select current_subscription($1) current', [id]))[0]?.current
    expect(await current()).toBeNull()
    await tell(CREATED, 0, { price: 'price_pro', periodEnd: 1_790_000_000 })
    expect(await current()).toEqual({
      id: sub,
      status: 'active',
      plan: 'pro',
      price: 'price_pro',
      current_period_end: '2026-09-21T14:13:20+00:00',
      cancel_at_period_end: false,
      cancel_at: null,
      collection_paused: false,
    })
  })
})

describe('order', () => {
  it('never overwrites newer with older', async () => {
    const { sub, tell } = await linked(world())
    await tell(UPDATED, 5, { price: 'price_team' })
    expect(await tell(CREATED, 4, { price: 'price_pro' })).toBe('stale older_than_stored')
    expect(await tell(UPDATED, 4, { price: 'price_pro' })).toBe('stale older_than_stored')
    expect(await subscription(sub)).toMatchObject({ plan_key: 'team' })
  })

  it('an ended subscription stays ended, whatever other events report, of any moment', async () => {
    for (const end of [
      { type: DELETED, status: 'canceled' },
      { type: UPDATED, status: 'incomplete_expired' },
    ] as const) {
      const { sub, tell } = await linked(world())
      await tell(CREATED, 0)
      await tell(UPDATED, 9)
      expect(await tell(end.type, 5, { set: { status: end.status } })).toBe('applied')
      expect(await tell(UPDATED, 5)).toBe('stale older_than_stored')
      expect(await tell(UPDATED, 12)).toBe('stale older_than_stored')
      expect(await subscription(sub)).toMatchObject({ status: end.status })
    }
  })
})

describe('two events of one second', () => {
  const states = { incomplete: { set: { status: 'incomplete' } }, active: { set: { status: 'active' } } }
  const pastDue = { set: { status: 'past_due' } }

  it('the creation loses to the change, whichever comes first, without asking Stripe', async () => {
    const [first, second] = [await linked(world()), await linked(world())]
    await first.tell(CREATED, 0, states.incomplete)
    expect(await first.tell(UPDATED, 0, states.active)).toBe('applied')
    await second.tell(UPDATED, 0, states.active)
    expect(await second.tell(CREATED, 0, states.incomplete)).toBe('stale older_than_stored')
    for (const { sub } of [first, second]) {
      expect(await subscription(sub)).toMatchObject({ status: 'active' })
      expect(await stripeCalls(sub)).toEqual([])
    }
  })

  it('the end wins, whichever comes first', async () => {
    const [first, second] = [await linked(world()), await linked(world())]
    await first.tell(UPDATED, 0)
    expect(await first.tell(DELETED, 0)).toBe('applied')
    await second.tell(DELETED, 0)
    expect(await second.tell(UPDATED, 0)).toBe('stale older_than_stored')
    expect(await subscription(first.sub)).toMatchObject({ status: 'canceled' })
    expect(await subscription(second.sub)).toMatchObject({ status: 'canceled' })
  })

  it('that say the same need no order', async () => {
    const { sub, tell } = await linked(world())
    await tell(UPDATED, 0)
    expect(await tell(UPDATED, 0, { set: { description: 'new' } })).toBe('duplicate already_processed')
    expect(await stripeCalls(sub)).toEqual([])
  })

  it('are ordered by what they say was before', async () => {
    const change = { ...pastDue, previous: { status: 'active' } }
    const before = { ...states.active, previous: { status: 'incomplete' } }
    const [first, second] = [await linked(world()), await linked(world())]
    await first.tell(UPDATED, 0, before)
    expect(await first.tell(UPDATED, 0, change)).toBe('applied')
    await second.tell(UPDATED, 0, change)
    expect(await second.tell(UPDATED, 0, before)).toBe('stale older_than_stored')
    for (const { sub } of [first, second]) {
      expect(await subscription(sub)).toMatchObject({ status: 'past_due' })
      expect(await stripeCalls(sub)).toEqual([])
    }
  })

  it('are ordered by items that were before, as a renewal shows since 2025-03-31', async () => {
    const { sub, tell } = await linked(world())
    const items = (periodEnd: number) => itemsOf({ price: 'price_pro', periodEnd })
    await tell(UPDATED, 0, {
      set: { items: items(1_790_000_000), status: 'past_due' },
      previous: { items: items(1_780_000_000) },
    })
    const earlier = {
      set: { items: items(1_780_000_000), status: 'past_due' },
      previous: { status: 'active' },
    }
    expect(await tell(UPDATED, 0, earlier)).toBe('stale older_than_stored')
    expect(await stripeCalls(sub)).toEqual([])
  })

  /** Stripe's response about the subscription: the object of such an event. */
  const readBack = ({ sub, customer, id }: ReturnType<typeof world>, set: Record<string, unknown>) =>
    stripeAnswers({
      [`GET /v1/subscriptions/${sub}`]: {
        body: subscriptionEvent(UPDATED, { subscription: sub, customer, user: id, set }).data.object,
      },
    })

  it('are settled by what Stripe says now, if they do not say', async () => {
    for (const now of ['active', 'past_due']) {
      const made = await linked(world())
      await readBack(made, { status: now })
      await made.tell(UPDATED, 0, states.active)
      expect(await made.tell(UPDATED, 0, pastDue)).toBe('applied')
      expect(await subscription(made.sub)).toMatchObject({ status: now, last_source: 'read' })
      expect(await stripeCalls(made.sub)).toEqual([`GET /v1/subscriptions/${made.sub}`])
    }
  })

  it('are settled by Stripe where each could have been before the other', async () => {
    const made = await linked(world())
    await readBack(made, { status: 'active' })
    await made.tell(UPDATED, 0, { ...states.active, previous: { status: 'past_due' } })
    expect(await made.tell(UPDATED, 0, { ...pastDue, previous: { status: 'active' } })).toBe('applied')
    expect(await subscription(made.sub)).toMatchObject({ status: 'active', last_source: 'read' })
  })

  it('a third one is settled by Stripe: the first two may have been two of a circle', async () => {
    const made = await linked(world())
    await made.tell(UPDATED, 0, { ...states.active, previous: { status: 'incomplete' } })
    await made.tell(UPDATED, 0, { ...pastDue, previous: { status: 'active' } })
    await readBack(made, { status: 'active' })
    const third = { set: { status: 'unpaid' }, previous: { status: 'past_due' } }
    expect(await made.tell(UPDATED, 0, third)).toBe('applied')
    expect(await subscription(made.sub)).toMatchObject({ status: 'active', last_source: 'read' })
  })

  it('wait while Stripe cannot be reached, and the scheduled run asks again', async () => {
    for (const trouble of [
      { status: 503, body: {} },
      { status: 200, body: { id: 'nonsense' } },
      { hang: true },
    ]) {
      const made = await linked(world())
      await stripeAnswers({ [`GET /v1/subscriptions/${made.sub}`]: trouble })
      await made.tell(UPDATED, 0, states.active)
      expect(await made.tell(UPDATED, 0, pastDue)).toBe('parked ambiguous_order')
      expect(await subscription(made.sub)).toMatchObject({ status: 'active' })

      await readBack(made, { status: 'past_due' })
      await runScheduled({ PLANS })
      expect(await subscription(made.sub)).toMatchObject({ status: 'past_due' })
      const waiting = `select 1 from webhook_events where user_id = $1 and outcome = 'parked'`
      expect(await query(waiting, [made.id])).toEqual([])
    }
  })

  it('do not matter any more once something newer has come', async () => {
    const made = await linked(world())
    await made.tell(UPDATED, 0, states.active)
    expect(await made.tell(UPDATED, 0, pastDue)).toBe('parked ambiguous_order')
    await made.tell(UPDATED, 1, { set: { status: 'unpaid' } })
    await runScheduled({ PLANS })
    expect(await subscription(made.sub)).toMatchObject({ status: 'unpaid' })
  })
})

describe('whose a subscription is', () => {
  it('is the living user’s whom its metadata names, before whoever holds the customer', async () => {
    const [holder, named] = [await linked(world()), world()]
    await named.signUp()
    expect(await holder.tell(CREATED, 0, { user: named.id })).toBe('applied')
    expect(await subscription(holder.sub)).toMatchObject({ user_id: named.id })
  })

  it('is decided by metadata if the customer is not linked, and then for everything of that customer', async () => {
    const { id, customer, sub, signUp, tell } = world()
    await signUp()
    expect(await tell(CREATED, 0, { subscription: `${sub}_2` })).toBe('parked unknown_customer')
    expect(await tell(CREATED, 0, { user: id })).toBe('applied')
    expect(await subscription(sub)).toMatchObject({ user_id: id })
    expect(await subscription(`${sub}_2`)).toMatchObject({ user_id: id })
    expect(await user(id)).toMatchObject({ stripe_customer_id: customer })
  })

  it('waits for the user it names, and follows in the commit that brings the user', async () => {
    const { id, sub, signUp, tell } = world()
    expect(await tell(CREATED, 0, { user: id })).toBe('parked unknown_user')
    await signUp()
    expect(await subscription(sub)).toMatchObject({ user_id: id, status: 'active' })
  })

  it('waits for its customer, and follows in the commit that links it', async () => {
    const { id, sub, signUp, link, tell } = world()
    expect(await tell(UPDATED, 1, { price: 'price_team' })).toBe('parked unknown_customer')
    expect(await tell(CREATED, 0, { price: 'price_pro' })).toBe('parked unknown_customer')
    await signUp()
    expect(await subscription(sub)).toBeUndefined()
    expect(said(await link())).toBe('applied')
    expect(await subscription(sub)).toMatchObject({ user_id: id, plan_key: 'team' })
  })

  it('follows a top-up that links the customer', async () => {
    const { id, customer, sub, signUp, tell } = world()
    await tell(CREATED, 0)
    await signUp()
    await deliver('stripe', checkoutEvent('checkout.session.completed', { user: id, session: { customer } }))
    expect(await subscription(sub)).toMatchObject({ user_id: id })
  })

  it('follows by the scheduled run where another program has linked the customer', async () => {
    const { id, customer, sub, signUp, tell } = world()
    await signUp()
    await tell(CREATED, 0)
    await query('update users set stripe_customer_id = $2 where id = $1', [id, customer])
    await runScheduled()
    expect(await subscription(sub)).toMatchObject({ user_id: id })
  })

  it('is given up as not ours after seven days, and a later link still releases it', async () => {
    const { id, customer, sub, signUp, link } = world()
    const event = subscriptionEvent(CREATED, { subscription: sub, customer, at: T })
    await deliver('stripe', event)
    await runScheduled()
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'parked', reason: 'unknown_customer' })
    await query(`update webhook_events set received_at = now() - interval '8 days' where event_id = $1`, [
      event.id,
    ])
    await runScheduled()
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'ignored', reason: 'not_ours' })
    await signUp()
    await link()
    expect(await subscription(sub)).toMatchObject({ user_id: id })
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'applied', via: 'release' })
  })

  it('keeps no personal data once it is given up, where erasing is asked for', async () => {
    const { customer, sub } = world()
    const event = subscriptionEvent(CREATED, {
      subscription: sub,
      customer,
      at: T,
      set: { description: 'for Ada' },
    })
    const erasing = { USER_DELETION: 'delete' }
    await deliver('stripe', event, { env: erasing })
    await query(`update webhook_events set received_at = now() - interval '8 days' where event_id = $1`, [
      event.id,
    ])
    await runScheduled(erasing)
    const row = await eventRow(event.id)
    expect(row).toMatchObject({ outcome: 'ignored', reason: 'not_ours', payload: null })
  })
})

describe('customer.deleted', () => {
  const gone = (customer: string, object: object = {}) =>
    deliver('stripe', billingEvent('customer.deleted', { id: customer, ...object })).then(said)
  const topUp = (id: string, customer: string) =>
    deliver('stripe', checkoutEvent('checkout.session.completed', { user: id, session: { customer } })).then(
      said,
    )

  it('unlinks the customer, whether it comes whole or as a stump, and once', async () => {
    const { id, customer } = await linked(world())
    expect(await gone(customer, { deleted: undefined, email: 'ada@example.com' })).toBe('applied')
    expect(await user(id)).toMatchObject({ stripe_customer_id: null })
    expect(await gone(customer)).toBe('duplicate already_processed')
  })

  it('is remembered: nothing links it again, also when it came first', async () => {
    const [first, second] = [await linked(world()), world()]
    await second.signUp()
    for (const { id, customer, link } of [first, second]) {
      await gone(customer)
      expect(said(await link())).toBe('applied')
      expect(await topUp(id, customer)).toBe('applied')
      expect(await user(id)).toMatchObject({ stripe_customer_id: null })
    }
  })

  it('leaves its subscriptions their user, whatever comes first', async () => {
    const [first, second] = [await linked(world()), world()]
    await second.signUp()
    await first.tell(CREATED, 0)
    await gone(first.customer)
    await gone(second.customer)
    await second.tell(CREATED, 0)
    await second.link()
    for (const { id, sub, tell } of [first, second]) {
      expect(await tell(DELETED, 1)).toBe('applied')
      expect(await subscription(sub)).toMatchObject({ user_id: id, status: 'canceled' })
    }
  })

  it('lets another customer of the user take its place', async () => {
    const { id, customer } = await linked(world())
    expect(await topUp(id, `${customer}_2`)).toBe('applied')
    expect(await user(id)).toMatchObject({ stripe_customer_id: customer })
    await gone(customer)
    expect(await user(id)).toMatchObject({ stripe_customer_id: `${customer}_2` })
    expect(await billing(id)).toMatchObject({ balance: '540' })
  })

  it('lets a payment be credited that was refused because another user had the customer', async () => {
    const [holder, other] = [await linked(world()), world()]
    await other.signUp()
    expect(await topUp(other.id, holder.customer)).toBe('rejected customer_mismatch')
    await holder.leave()
    await gone(holder.customer)
    expect(await billing(other.id)).toMatchObject({ stripe_customer_id: null, balance: '540' })
  })

  it('keeps it for whose it was, and credits what somebody else has paid by it', async () => {
    const [holder, other] = [await linked(world()), world()]
    await other.signUp()
    await gone(holder.customer)
    expect(await topUp(other.id, holder.customer)).toBe('applied')
    expect(await user(other.id)).toMatchObject({ stripe_customer_id: null })
    const [owner] = await query('select user_id from stripe_customers where id = $1', [holder.customer])
    expect(owner).toEqual({ user_id: holder.id })
  })
})

describe('a deleted user', () => {
  const cancelled = (sub: string) => ({
    [`DELETE /v1/subscriptions/${sub}`]: { body: { id: sub, status: 'canceled' } },
  })

  it('does not go on paying: the scheduled run cancels at Stripe, once', async () => {
    for (const USER_DELETION of ['deactivate', 'delete']) {
      const { sub, tell, leave } = await linked(world())
      await tell(CREATED, 0)
      await tell(CREATED, 0, { subscription: `${sub}_ended`, set: { status: 'canceled' } })
      await leave({ USER_DELETION })
      await stripeAnswers(cancelled(sub))
      await runScheduled()
      await runScheduled()
      expect(await stripeCalls(sub)).toEqual([`DELETE /v1/subscriptions/${sub}`])
      expect((await subscription(sub))?.cancel_requested_at).not.toBeNull()
      expect(await tell(DELETED, 1)).toBe('applied')
      expect(await subscription(sub)).toMatchObject({ status: 'canceled' })
    }
  })

  it('is tried again until Stripe has cancelled, also by a key that does not see it, and one that has ended is done', async () => {
    const { sub, tell, leave } = await linked(world())
    await tell(CREATED, 0)
    await leave()
    await stripeAnswers({
      [`DELETE /v1/subscriptions/${sub}`]: {
        status: 400,
        body: { error: { type: 'invalid_request_error', code: 'lock_timeout' } },
      },
    })
    await runScheduled()
    expect(await subscription(sub)).toMatchObject({ cancel_requested_at: null })
    await stripeAnswers({
      [`DELETE /v1/subscriptions/${sub}`]: {
        status: 404,
        body: { error: { type: 'invalid_request_error', code: 'resource_missing' } },
      },
    })
    await runScheduled()
    expect(await subscription(sub)).toMatchObject({ cancel_requested_at: null })
    await stripeAnswers({ [`GET /v1/subscriptions/${sub}`]: { body: { id: sub, status: 'canceled' } } })
    await runScheduled()
    expect(await subscription(sub)).not.toMatchObject({ cancel_requested_at: null })
    const calls = await stripeCalls(sub)
    await runScheduled()
    expect(await stripeCalls(sub)).toEqual(calls)
  })

  it('is cancelled again where the subscription lives on', async () => {
    const { sub, tell, leave } = await linked(world())
    await tell(CREATED, 0)
    await leave()
    await stripeAnswers(cancelled(sub))
    await runScheduled()
    await tell(UPDATED, 1)
    await runScheduled()
    expect(await stripeCalls(sub)).toHaveLength(1)
    await tell(UPDATED, (Date.now() - T) / 1000 + 3600)
    await runScheduled()
    expect(await stripeCalls(sub)).toHaveLength(2)
  })

  it('is cancelled too when the subscription, its customer or its user comes after the deletion', async () => {
    for (const USER_DELETION of ['deactivate', 'delete']) {
      const [before, named, linkedLate, erased] = [world(), world(), world(), world()]
      await before.tell(CREATED, 0, { user: before.id })
      await before.leave({ USER_DELETION })
      await named.leave({ USER_DELETION })
      expect(await named.tell(CREATED, 0, { user: named.id })).toBe('applied')
      await linkedLate.leave({ USER_DELETION })
      await linkedLate.tell(CREATED, 0)
      expect(said(await linkedLate.link())).toBe('rejected user_deactivated')
      await erased.signUp()
      // Written by another program, which does not record whose customer it was.
      const byHand = 'update users set stripe_customer_id = $2 where id = $1'
      await query(byHand, [erased.id, erased.customer])
      await erased.leave({ USER_DELETION })
      expect(await erased.tell(CREATED, 0)).toBe('applied')
      const subs = [before.sub, named.sub, linkedLate.sub, erased.sub]
      await stripeAnswers(Object.assign({}, ...subs.map(cancelled)))
      await runScheduled()
      for (const sub of subs) expect(await stripeCalls(sub)).toEqual([`DELETE /v1/subscriptions/${sub}`])
    }
  })

  it('is reported once an hour instead where CANCEL_ON_DELETION is "false"', async ({ onTestFinished }) => {
    const lines: string[] = []
    const write = console.log
    console.log = (line: string) => lines.push(line)
    onTestFinished(() => {
      console.log = write
    })
    const { sub, tell, leave } = await linked(world())
    await tell(CREATED, 0)
    await leave()
    await runScheduled({ CANCEL_ON_DELETION: 'false' })
    await runScheduled({ CANCEL_ON_DELETION: 'false' }, 'attention')
    expect(await stripeCalls(sub)).toEqual([])
    expect(lines.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ message: 'attention', reason: 'live_subscription_of_deleted_user' }),
    )
    await stripeAnswers(cancelled(sub))
    await runScheduled()
  })
})

import { describe, expect, it, vi } from 'vitest'
import { subscriptionEvent } from '../../local/billing-events.ts'
import { randomId } from '../../local/events.ts'
import { atStripe, checkout, failStripe, releaseStripe, shop, stripeSession } from './checkout-support.ts'
import { buy, deliverAllTo, makeLink } from './links-support.ts'
import { as, customerOf, signedUp } from './people.ts'
import { counted, deliver, makeDue, query, request, runScheduled, said, stripeUrl } from './support.ts'

await atStripe('prices/price_addon/create', { unit_amount: 500 })
await atStripe('prices/price_euro/create', { unit_amount: 1900, currency: 'eur' })

const env = {
  PLANS: JSON.stringify({
    price_pro: { key: 'pro', credits: 1000 },
    price_team_monthly: { key: 'team', credits: 5000 },
    price_addon: { key: 'storage', group: 'addons' },
    price_euro: { key: 'euro' },
  }),
}
const start = (id: string, plan = 'pro', more = {}) => checkout(id, { plan }, { ...env, ...more })
const already = { status: 409, body: { error: 'already_subscribed', portal: '/api/billing-portal' } }

/** Returns the user's customer, which the first click on any page creates. */
async function customerFor(id: string): Promise<string> {
  if (!(await customerOf(id))) await checkout(id)
  return String(await customerOf(id))
}

/** Stripe reports a subscription of this user. */
async function subscribed(id: string, set: Record<string, unknown> = {}, price = 'price_pro') {
  const [subscription, customer] = [randomId('sub'), await customerFor(id)]
  const about = { subscription, customer, user: id, price, set }
  const event = subscriptionEvent('customer.subscription.created', about)
  expect(said(await deliver('stripe', event, { env }))).toBe('applied')
  return subscription
}
const statusOf = async (session: unknown) => (await stripeSession(session)).status

describe('POST /api/checkout for a plan', () => {
  it.each(['active', 'trialing', 'past_due', 'paused', 'unpaid'])(
    'while one is %s is 409 and points to the portal, for any plan of the group',
    async (status) => {
      const id = await signedUp()
      await subscribed(id, { status })
      const { result, requests } = await counted(() => start(id))
      expect([result, requests]).toMatchObject([already, 1])
      expect(await start(id, 'team')).toMatchObject(already)
      // A pack is no plan.
      expect(await checkout(id)).toMatchObject({ status: 200 })
    },
  )

  it.each(['canceled', 'incomplete', 'incomplete_expired'])('while one is %s is sold', async (status) => {
    const id = await signedUp()
    await subscribed(id, { status })
    expect(await start(id)).toMatchObject({ status: 200 })
  })

  it('is sold beside plans of other groups, and beside what is no plan', async () => {
    const id = await signedUp()
    await subscribed(id, {}, 'price_addon')
    await subscribed(id, {}, 'price_of_no_plan')
    expect(await start(id)).toMatchObject({ status: 200 })
    expect(await start(id, 'storage')).toMatchObject(already)
  })

  it('is sold to whom only a reference says to be subscribed, which anybody could have bought', async () => {
    const id = await signedUp()
    await deliverAllTo((await buy(await makeLink([{ price: 'price_pro' }]), id)).events)
    expect(await start(id)).toMatchObject({ status: 200 })
  })
})

describe('a plan named by its product, or by its lookup key', () => {
  const named = (name: string) => ({
    PLANS: JSON.stringify({ [name]: { key: 'pro', price: 'price_pro', credits: 1000 } }),
  })
  it.each([
    ['prod_pro', { product: 'prod_pro' }],
    ['pro_monthly', { lookup_key: 'pro_monthly' }],
    ['anything', {}],
  ])('is known by %s', async (name, price) => {
    const [id, subscription] = [await signedUp(), randomId('sub')]
    const customer = await customerFor(id)
    const bought = await checkout(id, { plan: 'pro' }, named(name))
    expect(bought.status).toBe(200)
    const event = subscriptionEvent('customer.subscription.created', {
      subscription,
      customer,
      user: id,
      price: 'price_pro',
    })
    const [item] = (event.data.object.items as { data: { price: object }[] }).data
    Object.assign(item?.price ?? {}, price)
    await deliver('stripe', event, { env: named(name) })
    const { body } = await as<{ subscription: { plan: string } }>(id, '/api/me')
    expect(['pro', 'pro_monthly']).toContain(body.subscription.plan)
    expect(await checkout(id, { plan: 'pro' }, named(name))).toMatchObject(already)
  })
})

describe('a plan’s page', () => {
  it('expires the user’s other open one, of the same group alone', async () => {
    const [id, other] = [await signedUp(), await signedUp()]
    const [pro, addon, pack, others] = [
      await start(id),
      await start(id, 'storage'),
      await checkout(id),
      await start(other),
    ]
    const team = await start(id, 'team')
    expect(await statusOf(pro.body.id)).toBe('expired')
    for (const open of [team, addon, pack, others]) expect(await statusOf(open.body.id)).toBe('open')
  })

  it('of clicks at once leaves one open', async () => {
    const id = await signedUp()
    await checkout(id)
    const pages = await Promise.all(Array.from({ length: 4 }, () => start(id)))
    const statuses = await Promise.all(pages.map(({ body }) => statusOf(body.id)))
    expect(statuses.filter((status) => status === 'open')).toHaveLength(1)
  })

  it('is 409 where the other one is paid just then, and stays closed', async () => {
    const id = await signedUp()
    const first = await start(id)
    // The customer exists, so the calls are: create, list, expire. The last is held until the person has paid.
    await failStripe('none', 'none', 'held')
    const second = start(id)
    const sessions = async () =>
      (await (await fetch(`${stripeUrl}/test/sessions`)).json()) as {
        id: string
        client_reference_id: string
      }[]
    await expect.poll(async () => (await heldCalls()).length, { interval: 20, timeout: 60_000 }).toBe(1)
    await atStripe(`sessions/${first.body.id}/pay`, { deliver: false })
    await releaseStripe()
    expect(await second).toMatchObject(already)
    const mine = (await sessions()).filter(({ client_reference_id }) => client_reference_id === id)
    expect(await Promise.all(mine.map(({ id }) => statusOf(id)))).toEqual(
      expect.arrayContaining(['complete', 'expired']),
    )
  })

  const heldCalls = async () =>
    (
      (await (await fetch(`${stripeUrl}/test/requests`)).json()) as { path: string; status: unknown }[]
    ).filter(({ path, status }) => path.endsWith('/expire') && status === null)
})

describe('a plan in another currency than the customer’s', () => {
  it('is 409 while a subscription runs', async () => {
    const id = await signedUp()
    const { body } = await start(id, 'storage')
    await atStripe(`sessions/${body.id}/pay`, { deliver: false })
    expect(await start(id, 'euro')).toMatchObject({ status: 409, body: { error: 'currency_conflict' } })
  })

  it('is 409 also where Stripe says it in other words: its customer and its price decide', async () => {
    const id = await signedUp()
    const { body } = await start(id, 'storage')
    await atStripe(`sessions/${body.id}/pay`, { deliver: false })
    const [refused, reads] = ['refused', ['none', 'none', 'none']]
    await failStripe(refused, ...reads, 'none', refused, ...reads)
    expect(await start(id, 'euro')).toMatchObject({ status: 409, body: { error: 'currency_conflict' } })
  })

  it('takes the place of a page that was merely open, in whatever words', async () => {
    const id = await signedUp()
    const dollars = await start(id)
    await failStripe('refused')
    const euros = await start(id, 'euro')
    expect(euros).toMatchObject({ status: 200 })
    expect([await statusOf(dollars.body.id), await statusOf(euros.body.id)]).toEqual(['expired', 'open'])
  })

  it('is the reason only where the currencies differ', async () => {
    const id = await signedUp()
    await start(id)
    await failStripe('refused')
    expect(await start(id)).toMatchObject({ status: 502, body: { error: 'stripe_refused' } })
  })

  it('takes the place of a page that was merely open', async () => {
    const id = await signedUp()
    const dollars = await start(id)
    const euros = await start(id, 'euro')
    expect(euros).toMatchObject({ status: 200 })
    expect([await statusOf(dollars.body.id), await statusOf(euros.body.id)]).toEqual(['expired', 'open'])
  })
})

describe('two live plans of one group', () => {
  const reported = async () => {
    const log = vi.spyOn(console, 'log')
    log.mockClear()
    await makeDue('attention')
    await runScheduled({}, 'attention')
    const lines = log.mock.calls.map(([line]) => JSON.parse(String(line)))
    return lines.find(({ reason }) => reason === 'double_subscription')?.count ?? 0
  }
  const doubles = async (id: string) =>
    (
      await query<{ id: string }>(
        `select id from subscriptions where user_id = $1 and double_since is not null order by id`,
        [id],
      )
    ).map(({ id }) => id)

  it('are reported, however they came about, until one has ended', async () => {
    const id = await signedUp()
    const before = await reported()
    const first = await subscribed(id)
    expect(await doubles(id)).toEqual([])
    const second = await subscribed(id, { status: 'past_due' }, 'price_team_monthly')
    expect(await doubles(id)).toEqual([first, second].sort())
    expect(await reported()).toBe(before + 2)
    const ended = subscriptionEvent('customer.subscription.deleted', {
      subscription: second,
      customer: await customerFor(id),
      user: id,
      price: 'price_team_monthly',
      set: { status: 'canceled' },
    })
    await deliver('stripe', ended, { env })
    expect(await doubles(id)).toEqual([])
    expect(await reported()).toBe(before)
  })

  it('also where one was bought by a reference', async () => {
    const id = await signedUp()
    await subscribed(id)
    await deliverAllTo((await buy(await makeLink([{ price: 'price_pro' }]), id)).events, {
      ...shop,
      ...env,
    })
    expect(await doubles(id)).toHaveLength(2)
  })

  it('are none where their groups differ, or one is no plan', async () => {
    const id = await signedUp()
    await subscribed(id)
    await subscribed(id, {}, 'price_addon')
    await subscribed(id, {}, 'price_of_no_plan')
    expect(await doubles(id)).toEqual([])
  })

  it('are no longer two where one turns out to be another user’s', async () => {
    const [id, other] = [await signedUp(), await signedUp()]
    await subscribed(id)
    const second = await subscribed(id)
    const moved = subscriptionEvent('customer.subscription.updated', {
      subscription: second,
      customer: await customerFor(id),
      user: other,
      price: 'price_pro',
      at: Date.now() + 60_000,
    })
    await deliver('stripe', moved, { env })
    expect([await doubles(id), await doubles(other)]).toEqual([[], []])
  })
})

it('a group of plans that is no word is refused at the start', async () => {
  const PLANS = JSON.stringify({ price_pro: { key: 'pro', group: 'a b' } })
  expect((await request('/api/me', {}, { PLANS })).status).toBe(500)
})

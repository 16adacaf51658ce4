import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { checkoutEvent, randomId } from '../../local/events.ts'
import { reversalEvent } from '../../local/reversal-events.ts'
import type { Event } from '../../local/stripe/state.ts'
import { atStripe, checkout, customersMade, portal } from './checkout-support.ts'
import { buy, deliverAllTo, deliverTo, linkShop, makeLink } from './links-support.ts'
import { as, customerOf, leave, link, linked, signedUp, signUp } from './people.ts'
import { playing } from './random-histories.ts'
import { allSaid, balance, deliver, query, said, user } from './support.ts'

const owned = async (id: string) =>
  await query<{ id: string; by_reference: boolean }>(
    `select id, by_reference from stripe_customers where user_id = $1 order by created_at, id`,
    [id],
  )
const me = async (id: string) => (await as(id, '/api/me')).body as { subscription: { plan: string } | null }
const proLink = () => makeLink([{ price: 'price_pro' }])

describe('somebody pays with ?client_reference_id=user_victim', () => {
  let victim: string
  beforeEach(async () => {
    victim = await signedUp()
  })

  /** The payer's customer sells nothing for the victim, and shows nothing of the victim's. */
  async function expectUnbound(payers: string[]) {
    expect(payers).not.toContain(await customerOf(victim))
    expect(await portal(victim)).toMatchObject({ status: 409, body: { error: 'no_customer' } })
    expect(await checkout(victim, { pack: 'starter' }, linkShop)).toMatchObject({ status: 200 })
    const own = await customersMade(victim)
    expect(own).toEqual([await customerOf(victim)])
    expect(payers).not.toContain(own[0])
    expect((await portal(victim)).body.url).toContain(own[0])
  }

  it('the victim gets plan and credits, and never holds the payer’s customer, in any order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.nat()), async (order) => {
        victim = await signedUp()
        const [plan, pack] = [
          await buy(await proLink(), victim, { email: 'payer@example.com' }),
          await buy(await makeLink([{ price: 'price_pack' }]), victim, { email: 'payer@example.com' }),
        ]
        const renewed = await atStripe(`subscriptions/${plan.object.subscription}/renew`, { deliver: false })
        const events = [...plan.events, ...pack.events, ...renewed.events]
        const shuffled = events
          .map((event) => ({ event, rank: order.next().value ?? 0 }))
          .sort((a, b) => a.rank - b.rank)
        await deliverAllTo([...shuffled.map(({ event }) => event), ...events])
        // 40, a pack of 500, two months of 1000.
        expect(await balance(victim)).toBe(2540)
        expect((await me(victim)).subscription).toMatchObject({ plan: 'pro' })
        await expectUnbound([String(plan.object.customer), String(pack.object.customer)])
      }),
      playing(12),
    )
  })

  it('nor does it take the place of the victim’s own customer that is deleted', async () => {
    const paid = await buy(await proLink(), victim)
    await deliverAllTo(paid.events)
    await checkout(victim)
    const own = String(await customerOf(victim))
    const { events } = await atStripe(`customers/${own}/delete`, { deliver: false })
    await deliverAllTo(events)
    expect(await customerOf(victim)).toBeNull()
    await expectUnbound([String(paid.object.customer)])
  })

  it('the payer’s plan hides no plan of the victim’s own', async () => {
    await link(victim, `cus_${victim}`)
    const own = await atStripe(`pricing_tables/price_team_monthly/open`, {})
    const paid = await atStripe(`sessions/${own.object.id}/pay`, { deliver: false })
    const named = named_(paid.events, victim)
    await deliverAllTo(named)
    await deliverAllTo((await buy(await proLink(), victim)).events)
    expect((await me(victim)).subscription).toMatchObject({ plan: 'team' })
  })

  it('is shown in the portal to whom its verified address belongs', async () => {
    victim = await signedUp({ email: 'Ada@example.com' })
    const other = await signedUp({ email: 'ada@example.org', verified: false })
    const [mine, theirs] = [
      await buy(await proLink(), victim, { email: 'ada@example.com' }),
      await buy(await proLink(), other, { email: 'ada@example.org' }),
    ]
    await deliverAllTo([...mine.events, ...theirs.events])
    expect((await portal(victim)).body.url).toContain(String(mine.object.customer))
    expect(await portal(other)).toMatchObject({ status: 409 })
    // The user is still known only by a reference.
    expect(await customerOf(victim)).toBeNull()
  })
})

/** Events in the form that has our metadata on the session and the subscription. */
const named_ = (events: Event[], user: string) =>
  events.map((event) => {
    const copy = structuredClone(event)
    copy.data.object.metadata = { user_id: user }
    return copy
  })

describe('whose it is', () => {
  it('a holder comes before a reference, which the browser can change', async () => {
    const [holder, other] = [await signedUp(), await signedUp()]
    await checkout(holder)
    const customer = String(await customerOf(holder))
    const visit = { customer, client_reference_id: other }
    const { object } = await atStripe('pricing_tables/price_pro/open', visit)
    const { events } = await atStripe(`sessions/${object.id}/pay`, { deliver: false })
    await deliverAllTo([...events].reverse())
    expect([await balance(holder), await balance(other)]).toEqual([1040, 40])
    expect(await owned(other)).toEqual([])
  })

  it('our metadata comes before a reference, and binds the customer', async () => {
    const [referred, named] = [await signedUp(), await signedUp()]
    const { events, object } = await buy(await proLink(), referred)
    await deliverAllTo(events)
    expect(await owned(referred)).toEqual([{ id: object.customer, by_reference: true }])
    const renewed = await atStripe(`subscriptions/${object.subscription}/renew`, { deliver: false })
    const [changed] = renewed.events
    if (changed) changed.data.object.metadata = { user_id: named }
    await deliverTo(changed)
    expect(await owned(named)).toEqual([{ id: object.customer, by_reference: false }])
    expect([await customerOf(named), await customerOf(referred)]).toEqual([object.customer, null])
  })

  it('our metadata on an invoice of a subscription binds as well', async () => {
    const id = await signedUp()
    const { events, object } = await buy(await proLink(), id)
    await deliverAllTo(events)
    expect(await owned(id)).toEqual([{ id: object.customer, by_reference: true }])
    const renewed = await atStripe(`subscriptions/${object.subscription}/renew`, { deliver: false })
    const paid = renewed.events.find(({ type }) => type === 'invoice.paid')
    const parent = { subscription_details: { subscription: object.subscription, metadata: { user_id: id } } }
    if (paid) Object.assign(paid.data.object, { parent: { type: 'subscription_details', ...parent } })
    expect(said(await deliverTo(paid))).toBe('applied')
    expect(await owned(id)).toEqual([{ id: object.customer, by_reference: false }])
    expect(await customerOf(id)).toBe(object.customer)
  })

  it('our metadata that names the same user binds as well', async () => {
    const id = await signedUp()
    const { events, object } = await buy(await proLink(), id)
    await deliverAllTo(events)
    await link(id, String(object.customer))
    expect(await owned(id)).toEqual([{ id: object.customer, by_reference: false }])
    expect(await customerOf(id)).toBe(object.customer)
  })

  it('a reference takes no customer from whom it is known to belong to', async () => {
    const { id: holder } = await linked({ id: randomId('user'), customer: randomId('cus') })
    const customer = String(await customerOf(holder))
    const other = await signedUp()
    const { events } = await buy(await proLink(), other)
    for (const event of events) event.data.object.customer = customer
    await deliverAllTo(events)
    expect(await customerOf(holder)).toBe(customer)
    expect([await owned(other), await balance(other), await balance(holder)]).toEqual([[], 40, 1040])
  })

  it('a plan waits for the user whom its reference names', async () => {
    const id = randomId('user')
    const { events, object } = await buy(await proLink(), id)
    expect(new Set(allSaid(await deliverAllTo(events)))).toEqual(
      new Set(['parked unknown_customer', 'parked unknown_user', 'applied']),
    )
    await signUp(id)
    expect(await balance(id)).toBe(1040)
    expect(await owned(id)).toEqual([{ id: object.customer, by_reference: true }])
  })

  it('what a deleted user pays for is found, to be cancelled', async () => {
    const id = await signedUp()
    await leave(id)
    const { events, object } = await buy(await proLink(), id)
    await deliverAllTo(events)
    const [row] = await query<{ due: boolean }>(
      `select cancel_due_at is not null as due from subscriptions where id = $1`,
      [object.subscription],
    )
    expect(row).toEqual({ due: true })
  })

  it('a referral tool’s id names nobody, and its subscription is not ours', async () => {
    const { events } = await buy(await proLink(), 'aff-17')
    const answers = await deliverAllTo(events)
    expect(said(answers.at(-1) as never)).toBe('ignored not_ours')
    expect(await user('aff-17')).toBeUndefined()
  })

  it('a refund of what a reference gave takes its credits back', async () => {
    const id = await signedUp()
    const { events, object } = await buy(await makeLink([{ price: 'price_pack' }]), id)
    await deliverAllTo(events)

    await deliver(
      'stripe',
      reversalEvent('refund.created', { payment: String(object.payment_intent), amount: 350 }),
    )
    expect(await balance(id)).toBe(290)
  })
})

describe('a reference beside our metadata', () => {
  it('contradicts it where it is any other user’s id, of whatever form', async () => {
    const [id, legacy] = [await signedUp(), randomId('legacy-')]
    await signUp(legacy)
    const sale = checkoutEvent('checkout.session.completed', {
      user: id,
      session: { client_reference_id: legacy },
    })
    const plan = checkoutEvent('checkout.session.completed', {
      user: id,
      session: { client_reference_id: legacy, mode: 'subscription', customer: `cus_${id}` },
    })
    expect(allSaid(await deliverAllTo([sale, plan] as never))).toEqual([
      'rejected reference_mismatch',
      'rejected reference_mismatch',
    ])
    expect([await balance(id), await customerOf(id)]).toEqual([40, null])
  })
})

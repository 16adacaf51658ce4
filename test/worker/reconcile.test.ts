import { describe, expect, it } from 'vitest'
import { billingEvent, invoiceEvent, subscriptionEvent } from '../../local/billing-events.ts'
import { checkoutEvent, clerkEvent, randomId } from '../../local/events.ts'
import { paymentIntentEvent } from '../../local/payment-events.ts'
import { reversalEvent } from '../../local/reversal-events.ts'
import { runPass, walksOf } from '../../src/reconcile/run.ts'
import { walksOfUser } from '../../src/reconcile/user-walk.ts'
import { type Difference, KINDS, SETTLED_BY_HAND } from '../../src/reconcile/words.ts'
import { reconciled } from '../support/reconciled.ts'
import { as, linked, signedUp } from './people.ts'
import { reconcile as comparing, lines, linesOf, passOver } from './reconcile-support.ts'
import { emptyWorld, happenAtClerk, happenAtStripe, type World } from './reconcile-world.ts'
import { balance, deliver, type Env, holdOpen, query, runScheduled, subscription, user } from './support.ts'

const PLANS = JSON.stringify({ price_pro: { key: 'pro', credits: 100 } })
const env = { PLANS }

/** The kinds of differences that this file has found. */
const provoked = new Set<string>()

const reconcile: typeof comparing = async (world, options) => {
  const report = await comparing(world, options)
  for (const { kind } of report.found) provoked.add(kind)
  return report
}

/** Returns the differences of this user before and after they are fixed. */
async function putRight(
  world: World,
  about: string,
  more: Env = {},
): Promise<{ before: string[]; after: string[] }> {
  const env = { PLANS, ...more }
  const before = linesOf(await reconcile(world, { env }), about)
  expect(linesOf(await reconcile(world, { env }), about)).toEqual(before)
  await reconcile(world, { env, fixes: true })
  return { before, after: linesOf(await reconcile(world, { env }), about) }
}

async function subscriber() {
  const id = randomId('user')
  await linked({ id, customer: `cus_${id}` })
  return { id, subscription: `sub_${id}`, customer: `cus_${id}`, price: 'price_pro' }
}

const bought = (id: string, credits = 500) =>
  checkoutEvent('checkout.session.completed', { user: id, credits, payment: `pi_${id}` })

describe('each line of the table', () => {
  it('paid, not credited: it is credited as by its webhook, and once', async () => {
    const [world, id] = [emptyWorld(), await signedUp()]
    const event = bought(id)
    happenAtStripe(world, event)
    const dry = await reconcile(world, { env })
    expect(dry.found.find(({ user_id }) => user_id === id)).toMatchObject({
      kind: 'paid_not_credited',
      object: `cs_test_pi_${id}`,
      credits: 500,
      fixed: false,
      amount: 500,
      currency: 'usd',
    })
    expect(await balance(id)).toBe(40)
    expect((await putRight(world, id)).after).toEqual([])
    expect(await balance(id)).toBe(540)
    expect((await deliver('stripe', event, { env })).reason).toBe('payment_already_credited')
    const rows = await query(
      `select event_id, outcome from webhook_events where user_id = $1 and via = 'reconcile'`,
      [id],
    )
    expect(rows).toEqual([
      { event_id: expect.stringMatching(`^reconcile:\\w+:cs_test_pi_${id}:paid$`), outcome: 'applied' },
    ])
  })

  it('paid, not credited: a payment without a session, by its PaymentIntent', async () => {
    const [world, id] = [emptyWorld(), await signedUp()]
    const set = { status: 'succeeded', invoice: null }
    happenAtStripe(world, paymentIntentEvent({ payment: `pi_${id}`, user: id, set }))
    const { before, after } = await putRight(world, id)
    expect([before, after]).toEqual([[`paid_not_credited pi_${id} applied 500`], []])
    expect(await balance(id)).toBe(540)
  })

  it('paid, not credited: what is refused waits for a person, and is kept once', async () => {
    const [world, id] = [emptyWorld(), await signedUp()]
    const event = bought(id)
    happenAtStripe(world, { ...event, data: { object: { ...event.data.object, metadata: { user_id: id } } } })
    const told = `paid_not_credited cs_test_pi_${id} rejected invalid_metadata 0`
    expect(await putRight(world, id)).toEqual({ before: [told], after: [told] })
    await reconcile(world, { env, fixes: true })
    const rows = await query(`select outcome, via from webhook_events where about @> array[$1]`, [
      `cs_test_pi_${id}`,
    ])
    expect(rows).toEqual([{ outcome: 'rejected', via: 'reconcile' }])
  })

  it('paid period without credits', async () => {
    const [world, { id, ...names }] = [emptyWorld(), await subscriber()]
    happenAtStripe(world, invoiceEvent('invoice.paid', { invoice: `in_${id}`, ...names }))
    expect(await putRight(world, id)).toEqual({
      before: [`period_without_credits in_${id} applied 100`],
      after: [],
    })
    expect(await balance(id)).toBe(140)
  })

  it('paid period without credits: also one whose delivery was given up because its customer is nobody’s', async () => {
    const [world, sub] = [emptyWorld(), randomId('sub')]
    const names = { subscription: sub, customer: `cus_${sub}`, price: 'price_pro' }
    const event = invoiceEvent('invoice.paid', { invoice: `in_${sub}`, ...names })
    happenAtStripe(world, event)
    const other = invoiceEvent('invoice.paid', { invoice: `in_other_${sub}`, ...names, price: 'price_other' })
    happenAtStripe(world, other)
    for (const one of [event, other]) await deliver('stripe', one, { env })
    const told = async (fixes: boolean) =>
      linesOf(await reconcile(world, { env, fixes }), sub).map((line) => line.replace(/ \d+$/, ''))
    // It is reported as a waiting delivery for as long as it waits.
    expect(
      (await reconcile(world, { env })).found.filter((one) => !one.known && one.object.includes(sub)),
    ).toEqual([])
    await query(
      `update webhook_events set received_at = now() - interval '8 days' where outcome = 'parked' and about @> $1`,
      [[`in_${sub}`]],
    )
    await runScheduled(env, 'give_up')
    const found = [`period_without_credits in_${sub} parked unknown_customer`]
    for (const fixes of [false, true, false]) expect(await told(fixes)).toEqual(found)
    expect(await query(`select outcome from webhook_events where about @> $1`, [[`in_${sub}`]])).toEqual([
      { outcome: 'ignored' },
    ])
    // The link releases it.
    const id = randomId('user')
    await linked({ id, customer: `cus_${sub}` })
    expect(await balance(id)).toBe(140)
  })

  it('payment of an invoice not known: a refund of it finds the invoice afterwards', async () => {
    const [world, { id, ...names }] = [emptyWorld(), await subscriber()]
    happenAtStripe(world, invoiceEvent('invoice.paid', { invoice: `in_${id}`, ...names }))
    const payment = { type: 'payment_intent', payment_intent: `pi_${id}` }
    happenAtStripe(
      world,
      billingEvent('invoice_payment.paid', { id: `inpay_${id}`, invoice: `in_${id}`, payment }),
    )
    happenAtStripe(
      world,
      reversalEvent('refund.created', { payment: `pi_${id}`, amount: 2000, status: 'succeeded' }),
    )
    expect((await putRight(world, id)).after).toEqual([])
    expect(await balance(id)).toBe(40)
  })

  it.each([
    ['refund_not_taken re_', 'refund.created' as const, { status: 'succeeded' }],
    ['dispute_differs dp_', 'charge.dispute.closed' as const, { status: 'lost' }],
  ])('%s: the credits follow', async (line, type, more) => {
    const [world, id] = [emptyWorld(), await signedUp()]
    await deliver('stripe', bought(id))
    happenAtStripe(world, bought(id))
    happenAtStripe(world, reversalEvent(type, { payment: `pi_${id}`, amount: 250, ...more }))
    const { before, after } = await putRight(world, id)
    expect(before).toEqual([`${line}pi_${id} applied -250`])
    expect(after).toEqual([])
    expect(await balance(id)).toBe(290)
  })

  it.each([
    ['refund_not_taken re_', 'refund.created' as const, { status: 'succeeded' }],
    ['dispute_differs dp_', 'charge.dispute.closed' as const, { status: 'lost' }],
  ])('%s: also of a payment that is not credited yet, which is credited first', async (line, type, more) => {
    const [world, id] = [emptyWorld(), await signedUp()]
    happenAtStripe(world, bought(id))
    happenAtStripe(world, reversalEvent(type, { payment: `pi_${id}`, amount: 250, ...more }))
    const looking = { env, uncredited: new Set<string>() }
    expect(linesOf(await reconcile(world, looking), id)).toEqual([
      `paid_not_credited cs_test_pi_${id} applied 500`,
      `${line}pi_${id} parked unknown_payment`,
    ])
    expect((await putRight(world, id)).after).toEqual([])
    expect(await balance(id)).toBe(290)
    expect(linesOf(await reconcile(world, { env, uncredited: new Set() }), id)).toEqual([])
  })

  it('refunded, not taken back: also of a period whose invoice another object says who has paid', async () => {
    const [world, { id, ...names }] = [emptyWorld(), await subscriber()]
    const payment = { type: 'payment_intent', payment_intent: `pi_${id}` }
    happenAtStripe(world, invoiceEvent('invoice.paid', { invoice: `in_${id}`, ...names }))
    happenAtStripe(
      world,
      billingEvent('invoice_payment.paid', { id: `inpay_${id}`, invoice: `in_${id}`, payment }),
    )
    const refund = { payment: `pi_${id}`, amount: 2000, status: 'succeeded' }
    happenAtStripe(world, reversalEvent('refund.created', refund))
    const found = linesOf(await reconcile(world, { env, uncredited: new Set() }), id)
    expect(found).toContain(`refund_not_taken re_pi_${id} parked unknown_payment`)
  })

  it('refunded, not taken back: nothing of what another product has sold', async () => {
    const [world, id] = [emptyWorld(), randomId('other')]
    const refund = { payment: `pi_${id}`, amount: 250, status: 'succeeded' }
    happenAtStripe(world, reversalEvent('refund.created', refund))
    expect(linesOf(await reconcile(world, { env, uncredited: new Set() }), id)).toEqual([])
  })

  it('refunded, not taken back: nothing of an invoice of another product, whose customer is nobody’s here', async () => {
    const [world, id] = [emptyWorld(), randomId('other')]
    const names = { subscription: `sub_${id}`, customer: `cus_${id}`, price: 'price_other' }
    happenAtStripe(world, invoiceEvent('invoice.paid', { invoice: `in_${id}`, ...names }))
    const payment = { type: 'payment_intent', payment_intent: `pi_${id}` }
    const paid = { id: `inpay_${id}`, invoice: `in_${id}`, payment }
    happenAtStripe(world, billingEvent('invoice_payment.paid', paid))
    const refund = { payment: `pi_${id}`, amount: 2000, status: 'succeeded' }
    happenAtStripe(world, reversalEvent('refund.created', refund))
    expect(linesOf(await reconcile(world, { env, uncredited: new Set() }), id)).toEqual([
      `invoice_payment_unknown inpay_${id} applied`,
    ])
  })

  it.each([
    ['the dispute itself', 1, []],
    ['its newest event, where all are of one page', 100, ['disputes', 'not at rest here']],
    ['its newest event, which is of another page', 1, ['disputes', 'not at rest here']],
  ])('dispute ended differently: by %s, and by no older event of it', async (_, page, without) => {
    const [world, id] = [emptyWorld(), await signedUp()]
    await deliver('stripe', bought(id))
    happenAtStripe(world, bought(id))
    const about = { payment: `pi_${id}`, amount: 250 }
    const now = Date.now()
    for (const event of [
      reversalEvent('charge.dispute.funds_withdrawn', { ...about, at: now - 90_000 }),
      reversalEvent('charge.dispute.closed', { ...about, status: 'won', at: now - 30_000 }),
    ])
      happenAtStripe(world, event, true)
    const found = linesOf(await reconcile(world, { env, page, without }), id)
    expect(found).toEqual([`dispute_differs dp_pi_${id} ignored no_effect 0`])
  })

  it('dispute ended differently: one that was won gives back what it held', async () => {
    const [world, id] = [emptyWorld(), await signedUp()]
    await deliver('stripe', bought(id))
    await deliver(
      'stripe',
      reversalEvent('charge.dispute.funds_withdrawn', { payment: `pi_${id}`, amount: 500 }),
    )
    happenAtStripe(world, bought(id))
    happenAtStripe(
      world,
      reversalEvent('charge.dispute.closed', { payment: `pi_${id}`, amount: 500, status: 'won' }),
    )
    const { before, after } = await putRight(world, id)
    expect([before, after]).toEqual([[`dispute_differs dp_pi_${id} applied 500`], []])
    expect(await balance(id)).toBe(540)
  })

  it('subscription differs', async () => {
    const [world, { id, ...names }] = [emptyWorld(), await subscriber()]
    await deliver('stripe', subscriptionEvent('customer.subscription.created', names), { env })
    happenAtStripe(
      world,
      subscriptionEvent('customer.subscription.updated', { ...names, set: { status: 'past_due' } }),
    )
    expect(await putRight(world, id)).toEqual({
      before: [`subscription_differs sub_${id} applied 0`],
      after: [],
    })
    expect(await subscription(`sub_${id}`)).toMatchObject({ status: 'past_due', plan_key: 'pro' })
  })

  it('subscription differs, and changed in the second in which it is read: it is read again', async () => {
    const [world, { id, ...names }] = [emptyWorld(), await subscriber()]
    const at = Date.now() + 1_000
    await deliver('stripe', subscriptionEvent('customer.subscription.updated', { ...names, at }), { env })
    const set = { status: 'past_due' }
    happenAtStripe(world, subscriptionEvent('customer.subscription.updated', { ...names, set }))
    expect((await putRight(world, id)).after).toEqual([])
    expect(await subscription(`sub_${id}`)).toMatchObject({ status: 'past_due' })
  })

  it('customer of nobody: one whose subscription is ours, and one that our metadata names', async () => {
    const [world, id] = [emptyWorld(), await signedUp()]
    const names = { subscription: `sub_${id}`, customer: `cus_1_${id}`, price: 'price_pro' }
    happenAtStripe(world, subscriptionEvent('customer.subscription.created', names))
    const told = `customer_of_nobody sub_${id} parked unknown_customer`
    expect(await putRight(world, id)).toEqual({ before: [told], after: [told] })
    world.stripe.get('customers')?.set(names.customer, {
      id: names.customer,
      object: 'customer',
      created: 1,
      metadata: { user_id: id },
    })
    expect((await putRight(world, id)).after).toEqual([])
    expect(await user(id)).toMatchObject({ stripe_customer_id: names.customer })
    expect(await subscription(`sub_${id}`)).toMatchObject({ user_id: id })
  })

  it('a customer whose user is nowhere is nobody’s to link: people left, and Stripe keeps their customers', async () => {
    const [world, id] = [emptyWorld(), randomId('left')]
    world.stripe.get('customers')?.set(`cus_${id}`, {
      id: `cus_${id}`,
      object: 'customer',
      created: 1,
      metadata: { user_id: id },
    })
    expect(await putRight(world, id)).toEqual({ before: [], after: [] })
  })

  it('another product’s customers, subscriptions and refunds are none of ours', async () => {
    const [world, id] = [emptyWorld(), randomId('other')]
    const names = { subscription: `sub_${id}`, customer: `cus_${id}`, price: 'price_of_another' }
    happenAtStripe(world, subscriptionEvent('customer.subscription.created', names))
    happenAtStripe(world, invoiceEvent('invoice.paid', { invoice: `in_${id}`, ...names }))
    happenAtStripe(world, reversalEvent('refund.created', { payment: `pi_${id}`, amount: 5 }))
    world.stripe.get('customers')?.set(`cus_${id}`, { id: `cus_${id}`, created: 1, metadata: {} })
    expect((await putRight(world, id)).before).toEqual([])
  })

  it('customer here, deleted there: by its event', async () => {
    const [world, { id, customer }] = [emptyWorld(), await subscriber()]
    happenAtStripe(world, billingEvent('customer.deleted', { id: customer }, { at: Date.now() }), true)
    expect((await putRight(world, id)).after).toEqual([])
    expect(await user(id)).toMatchObject({ stripe_customer_id: null })
  })

  it('no user who is here by a session alone, and has no address at Clerk', async () => {
    const [world, id, never] = [emptyWorld(), randomId('user'), randomId('user')]
    const event = (user: string, banned = false) =>
      clerkEvent('user.updated', {
        user,
        data: { banned, email_addresses: [], primary_email_address_id: null },
      })
    await as(id, '/api/me')
    for (const user of [id, never]) happenAtClerk(world, event(user))
    const report = await reconcile(world, { env })
    expect(linesOf(report, id)).toEqual([])
    expect(linesOf(report, never)).toEqual([expect.stringContaining('user_missing')])
    const known = await signedUp()
    happenAtClerk(world, event(known))
    const lost = [expect.stringContaining('user_differs')]
    expect(linesOf(await reconcile(world, { env }), known)).toEqual(lost)

    happenAtClerk(world, event(id, true))
    const { before, after } = await putRight(world, id)
    expect([before, after]).toEqual([[expect.stringContaining('user_differs')], []])
  })

  it('user there, not here: with the bonus of who signed up since, and another’s e-mail', async () => {
    const [world, id] = [emptyWorld(), randomId('user')]
    happenAtClerk(world, clerkEvent('user.created', { user: id }))
    expect(await putRight(world, id)).toEqual({ before: [`user_missing ${id} applied 40`], after: [] })
    expect(await user(id)).toMatchObject({ email: `${id}@example.com`, provisioned_by: 'reconcile' })
    expect(await balance(id)).toBe(40)
  })

  it('e-mail or name differs; what is newer here is left alone', async () => {
    const [world, id] = [emptyWorld(), await signedUp()]
    happenAtClerk(world, clerkEvent('user.updated', { user: id, email: `new.${id}@example.com` }))
    const { before, after } = await putRight(world, id)
    expect([before, after]).toEqual([[`user_differs ${id} applied 0`], []])
    expect(await user(id)).toMatchObject({ email: `new.${id}@example.com` })
    await deliver('clerk', clerkEvent('user.updated', { user: id, at: Date.now() + 5_000 }))
    expect(linesOf(await reconcile(world, { env, fixes: true }), id)).toEqual([])
    expect(await user(id)).toMatchObject({ email: `${id}@example.com` })
  })

  it('credited, no such payment, and amount differs: reported, never taken back', async () => {
    const [world, gone, other] = [emptyWorld(), await signedUp(), await signedUp()]
    await deliver('stripe', bought(gone))
    await deliver('stripe', bought(other))
    const event = bought(other)
    happenAtStripe(world, { ...event, data: { object: { ...event.data.object, amount_total: 400 } } })
    const told = [
      [`no_such_payment pi_${gone} -500`],
      [`amount_differs cs_test_pi_${other} duplicate payment_already_credited 0`],
    ]
    const [a, b] = [await putRight(world, gone), await putRight(world, other)]
    expect([a.before, b.before]).toEqual(told)
    expect([a.after, b.after]).toEqual(told)
    expect([await balance(gone), await balance(other)]).toEqual([540, 540])
    // A run that only looks knows what a person has dealt with.
    for (const object of [`pi_${gone}`, `cs_test_pi_${other}`])
      await query('select settle_difference($1)', [
        JSON.stringify({ object, kinds: SETTLED_BY_HAND, note: 'by hand' }),
      ])
    const { found } = await reconcile(world, { env })
    const settled = found.filter(({ user_id }) => user_id === gone || user_id === other)
    expect(settled.map((one) => one.settled)).toEqual([true, true])
    // An event of the object that has not come says the same.
    happenAtStripe(world, { ...event, data: { object: { ...event.data.object, amount_total: 400 } } }, true)
    const again: Difference[] = []
    const pass = passOver(world, { env })
    await runPass(pass, walksOf(pass, pass.settings), (found) => again.push(...found))
    const ofOther = again.filter((one) => one.object === `cs_test_pi_${other}`)
    expect(ofOther.map((one) => one.settled)).toEqual(ofOther.map(() => true))
    expect(ofOther.length).toBeGreaterThan(1)
  })

  it('amount differs, of a payment without Checkout: each walk says the same of it, so a person settles it once', async () => {
    const [world, id] = [emptyWorld(), await signedUp()]
    const sold = (amount: number) =>
      paymentIntentEvent({
        payment: `pi_${id}`,
        user: id,
        set: { status: 'succeeded', invoice: null, amount, amount_received: amount },
      })
    await deliver('stripe', sold(900))
    happenAtStripe(world, sold(400))
    await reconcile(world, { env, fixes: true })
    const facts = { object: `pi_${id}`, kinds: SETTLED_BY_HAND, note: 'by hand' }
    expect(await query('select settle_difference($1) as said', [JSON.stringify(facts)])).toMatchObject([
      { said: { settled: true } },
    ])
    const found: Difference[] = []
    const pass = passOver(world, { env, watches: true, seen: null })
    await runPass(pass, walksOf(pass, pass.settings), (some) => found.push(...some))
    const ours = found.filter(({ object }) => object === `pi_${id}`)
    expect(ours.map(({ kind, settled }) => [kind, settled])).toEqual([
      ['amount_differs', true],
      ['amount_differs', true],
    ])
  })

  it('here, deleted there: closed by no comparison', async () => {
    const [world, gone, there] = [emptyWorld(), await signedUp(), await signedUp()]
    happenAtClerk(world, clerkEvent('user.created', { user: there }))
    const told = [`user_deleted ${gone}`]
    expect(await putRight(world, gone)).toEqual({ before: told, after: told })
    expect(await user(gone)).toMatchObject({ deactivated_at: null })
  })

  it('event without its effect: what was paid is worth no credit, and a refund of it is known to take none', async () => {
    const [world, { id, ...names }] = [emptyWorld(), await subscriber()]
    happenAtStripe(world, invoiceEvent('invoice.paid', { invoice: `in_${id}`, ...names, amount: 10 }))
    const told = `not_applied in_${id} ignored no_effect 0`
    expect(await putRight(world, id)).toEqual({ before: [told], after: [] })
    expect(await balance(id)).toBe(40)
    const kept = await query('select credits::int from payments where user_id = $1', [id])
    expect(kept).toEqual([{ credits: 0 }])
  })

  it('event without its effect: what is credited and lacks its charge here is not called uncredited', async () => {
    const [world, id] = [emptyWorld(), await signedUp()]
    const event = bought(id)
    await deliver('stripe', event)
    happenAtStripe(world, event)
    const set = { status: 'succeeded', invoice: null }
    happenAtStripe(world, paymentIntentEvent({ payment: `pi_${id}`, user: id, set }))
    const told = `not_applied pi_${id} duplicate payment_already_credited 0`
    expect(await putRight(world, id)).toEqual({ before: [told], after: [] })
    expect(await balance(id)).toBe(540)
    const kept = await query('select stripe_charge_id from payments where user_id = $1', [id])
    expect(kept).toEqual([{ stripe_charge_id: `ch_pi_${id}` }])
  })

  it('event without its effect: what this version cannot read is reported, and stored for a newer one', async () => {
    const [world, id] = [emptyWorld(), await signedUp()]
    const event = bought(id)
    Object.assign(event.data.object, { amount_total: 'a lot' })
    happenAtStripe(world, event)
    const here = `not_applied cs_test_pi_${id} parked unreadable`
    expect(await putRight(world, id)).toEqual({ before: [`${here} 0`], after: [`${here} 0`] })
    const { found } = await reconcile(world, { env })
    expect(found.find(({ object }) => object === `cs_test_pi_${id}`)).toMatchObject({ known: true })
    const kept = await query(
      `select count(*)::int from webhook_events where reason = 'unreadable' and user_id = $1`,
      [id],
    )
    expect(kept).toEqual([{ count: 1 }])
  })

  it('the database refuses it: by its SQLSTATE, and whatever else was read with it is corrected', async () => {
    const [world, id, other] = [emptyWorld(), await signedUp(), await signedUp()]
    for (const one of [id, other]) happenAtStripe(world, bought(one))
    await query(`alter table payments add constraint refused check (user_id <> '${id}') not valid`)
    try {
      const told = [`failed cs_test_pi_${id} failed 23514`]
      expect(await putRight(world, id)).toEqual({ before: told, after: told })
      expect([await balance(id), await balance(other)]).toEqual([40, 540])
    } finally {
      await query('alter table payments drop constraint refused')
    }
    expect((await putRight(world, id)).after).toEqual([])
    expect(await balance(id)).toBe(540)
  })

  it('somebody has it locked: the next comparison finds it', async () => {
    const [world, id] = [emptyWorld(), await signedUp()]
    happenAtStripe(world, bought(id))
    const letGo = await holdOpen(['select lock_subjects($1)', [`user:${id}`]])
    const told = linesOf(await reconcile(world, { env, fixes: true }), id)
    await letGo()
    expect(told).toEqual([`busy cs_test_pi_${id}`])
    expect((await putRight(world, id)).after).toEqual([])
    expect(await balance(id)).toBe(540)
  })

  it('is provoked, each kind that there is', () => {
    expect([...provoked].sort()).toEqual(Object.keys(KINDS).sort())
  })
})

describe('one user', () => {
  const of = async (world: World, user: string, fixes = false) => {
    const pass = passOver(world, { env, fixes })
    return lines(await reconciled(pass, walksOfUser(user, pass.settings)))
  }

  it('a payment without Checkout is found by the user’s customer, and nobody else’s is', async () => {
    const [world, { id, customer }, other] = [emptyWorld(), await subscriber(), await subscriber()]
    happenAtClerk(world, clerkEvent('user.created', { user: id }))
    const set = { status: 'succeeded', invoice: null }
    for (const who of [{ id, customer }, other])
      happenAtStripe(
        world,
        paymentIntentEvent({ payment: `pi_${who.id}`, user: who.id, customer: who.customer, set }),
      )
    expect(await of(world, id)).toEqual([`paid_not_credited pi_${id} applied 500`])
    await of(world, id, true)
    expect(await of(world, id)).toEqual([])
    expect([await balance(id), await balance(other.id)]).toEqual([540, 40])
  })

  it('one who was deleted at both, and one who never was, are no suspicion', async () => {
    const [world, gone] = [emptyWorld(), await signedUp()]
    expect(await of(world, gone)).toEqual([`user_deleted ${gone}`])
    await deliver('clerk', clerkEvent('user.deleted', { user: gone }))
    expect(await of(world, gone)).toEqual([])
    expect(await of(world, randomId('never'))).toEqual([])
  })

  it('one who is at Clerk and not here is found without CLERK_INSTANCE_ID, where nobody is a suspicion', async () => {
    const [world, gone, missing] = [emptyWorld(), await signedUp(), randomId('user')]
    happenAtClerk(world, clerkEvent('user.created', { user: missing }))
    const pass = passOver(world, { env: { ...env, CLERK_INSTANCE_ID: '', CLERK_API_BASE: '' } })
    const found = async (user: string) => lines(await reconciled(pass, walksOfUser(user, pass.settings)))
    expect(await found(missing)).toEqual([`user_missing ${missing} applied 40`])
    expect(await found(gone)).toEqual([])
  })

  it('a customer that Stripe has deleted is unlinked', async () => {
    const [world, { id, customer }] = [emptyWorld(), await subscriber()]
    happenAtClerk(world, clerkEvent('user.created', { user: id }))
    happenAtStripe(world, billingEvent('customer.deleted', { id: customer }, { at: Date.now() }))
    expect(await of(world, id)).toEqual([`customer_deleted ${customer} applied 0`])
    await of(world, id, true)
    expect(await user(id)).toMatchObject({ stripe_customer_id: null })
  })
})

describe('where several apps share a Stripe account', () => {
  const shared = { APP_TAG: 'chess' }

  it('what names no app is compared where what it is about is known here', async () => {
    const [world, { id, ...names }] = [emptyWorld(), await subscriber()]
    await deliver('stripe', bought(id))
    happenAtStripe(world, bought(id))
    happenAtStripe(world, invoiceEvent('invoice.paid', { invoice: `in_${id}`, ...names }))
    happenAtStripe(world, subscriptionEvent('customer.subscription.updated', names))
    happenAtStripe(
      world,
      reversalEvent('refund.created', { payment: `pi_${id}`, amount: 250, status: 'succeeded' }),
    )
    const { before, after } = await putRight(world, id, shared)
    expect([before.sort(), after]).toEqual([
      [
        `period_without_credits in_${id} applied 100`,
        `refund_not_taken re_pi_${id} applied -250`,
        `subscription_differs sub_${id} applied 0`,
      ],
      [],
    ])
    expect(await balance(id)).toBe(40 + 500 + 100 - 250)
    expect(await subscription(`sub_${id}`)).toMatchObject({ user_id: id, plan_key: 'pro' })
  })

  it('another app’s is none of ours', async () => {
    const [world, id] = [emptyWorld(), randomId('other')]
    const names = { subscription: `sub_${id}`, customer: `cus_${id}`, price: 'price_pro' }
    happenAtStripe(world, subscriptionEvent('customer.subscription.created', names))
    happenAtStripe(world, invoiceEvent('invoice.paid', { invoice: `in_${id}`, ...names }))
    happenAtStripe(world, bought(id))
    happenAtStripe(world, reversalEvent('refund.created', { payment: `pi_${id}`, amount: 5 }))
    expect((await putRight(world, id, shared)).before).toEqual([])
  })

  it('only a customer with our tag is linked to the user that both apps have', async () => {
    const [world, id] = [emptyWorld(), await signedUp()]
    const customer = (name: string, created: number, app?: string) => {
      const object = { id: `cus_${name}_${id}`, object: 'customer', created, metadata: { user_id: id, app } }
      world.stripe.get('customers')?.set(object.id, object)
    }
    customer('other', 3, 'blog')
    customer('untagged', 2)
    customer('unknown_user', 4, 'blog')
    Object.assign(world.stripe.get('customers')?.get(`cus_unknown_user_${id}`) ?? {}, {
      metadata: { user_id: randomId('user'), app: 'blog' },
    })
    expect((await putRight(world, id, shared)).before).toEqual([])
    customer('ours', 1, 'chess')
    const told = `customer_of_nobody cus_ours_${id} applied 0`
    expect(await putRight(world, id, shared)).toEqual({ before: [told], after: [] })
    expect(await query('select id from stripe_customers where user_id = $1', [id])).toEqual([
      { id: `cus_ours_${id}` },
    ])
  })
})

describe('what is left alone', () => {
  it('what a person has settled, by its object', async () => {
    const [world, id] = [emptyWorld(), await signedUp()]
    const event = bought(id)
    const broken = { ...event, data: { object: { ...event.data.object, client_reference_id: 'user_other' } } }
    await deliver('stripe', broken)
    await query(`select settle_event(jsonb_build_object('event_id', $1::text, 'note', 'by hand'))`, [
      broken.id,
    ])
    happenAtStripe(world, bought(id))
    expect((await putRight(world, id)).before).toEqual([])
    expect(await balance(id)).toBe(40)
  })

  it('everything in a database that is correct', async () => {
    const [world, { id, ...names }] = [emptyWorld(), await subscriber()]
    const events = [
      bought(id),
      subscriptionEvent('customer.subscription.created', names),
      invoiceEvent('invoice.paid', { invoice: `in_${id}`, ...names }),
      reversalEvent('refund.created', { payment: `pi_${id}`, amount: 250, status: 'succeeded' }),
    ]
    const known = clerkEvent('user.updated', { user: id })
    await deliver('clerk', known)
    happenAtClerk(world, known)
    for (const event of events) {
      await deliver('stripe', event, { env })
      happenAtStripe(world, event, true)
    }
    const everything = () =>
      query(
        `select (select md5(string_agg(u::text, '' order by id)) from users u) users,
          (select md5(string_agg(w::text, '' order by user_id)) from wallets w) wallets,
          (select md5(string_agg(l::text, '' order by id)) from credit_ledger l) ledger,
          (select md5(string_agg(s::text, '' order by id)) from subscriptions s) subscriptions,
          (select md5(string_agg(r::text, '' order by id)) from reversals r) reversals,
          (select md5(string_agg(c::text, '' order by id)) from stripe_customers c) customers,
          (select count(*)::int from webhook_events) events`,
      )
    const before = await everything()
    const report = await reconcile(world, { env, fixes: true })
    expect(linesOf(report, id)).toEqual([])
    expect(await everything()).toEqual(before)
  })
})

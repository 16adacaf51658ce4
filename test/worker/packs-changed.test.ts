import { describe, expect, it } from 'vitest'
import { checkoutEvent, randomId } from '../../local/events.ts'
import { comeBack } from './checkout-support.ts'
import { buy, deliverTo, linkShop, makeLink } from './links-support.ts'
import { link, signedUp, signUp } from './people.ts'
import { planLine, price, sells, subscriber } from './plan-support.ts'
import { linesOf, reconcile } from './reconcile-support.ts'
import { emptyWorld, happenAtStripe } from './reconcile-world.ts'
import { balance, deliver, eventRow, said, stripeAnswers, stripeCalls } from './support.ts'

const packs = (price: string, checkout: object = {}) => ({
  CREDIT_PACKS: JSON.stringify({ starter: { credits: 500, price, checkout } }),
})
const adjustable = { adjustable_quantity: { minimum: 1, maximum: 9 } }
const OLD = packs('price_old', adjustable)
const NEW = packs('price_new', adjustable)
const WITHOUT_PRICE = {
  CREDIT_PACKS: JSON.stringify({ starter: { credits: 500, amount: 700, currency: 'usd', name: 'Starter' } }),
}
const items = {
  object: 'list',
  has_more: false,
  data: [{ id: 'li_1', object: 'item', quantity: 3, price: { id: 'price_old' } }],
}

/** A pack whose quantity the buyer has chosen: the metadata names the user, and no credits. */
function sessionOf(id: string, user = id) {
  const session = { metadata: { user_id: user }, amount_total: 2100 }
  return checkoutEvent('checkout.session.completed', { user, payment: `pi_${id}`, session })
}
const linesAt = (id: string) => `/v1/checkout/sessions/cs_test_pi_${id}/line_items`

async function credited() {
  const id = await signedUp()
  const event = sessionOf(id)
  await stripeAnswers({ [`GET ${linesAt(id)}`]: { body: items } })
  expect(said(await deliver('stripe', event, { env: OLD }))).toBe('applied')
  expect(await balance(id)).toBe(1540)
  return { id, event }
}

describe('a sale that is credited', () => {
  it.each([
    ['its pack has got another price', NEW],
    ['no pack has a price any more', WITHOUT_PRICE],
    ['Stripe does not return its lines', OLD],
  ])('is no difference after %s, and its lines are not read', async (_what, env) => {
    const { id, event } = await credited()
    const world = emptyWorld()
    happenAtStripe(world, event)
    expect(linesOf(await reconcile(world, { env, only: 'stripe', fixes: true }), id)).toEqual([])
    expect(world.requests.filter((path) => path.includes('line_items'))).toEqual([])
  })

  it.each([
    ['another price', NEW],
    ['an amount in place of its price', WITHOUT_PRICE],
  ])('is reported again by another event as credited, after its pack has got %s', async (_what, env) => {
    const { id } = await credited()
    const calls = (await stripeCalls(linesAt(id))).length
    expect(said(await deliver('stripe', sessionOf(id), { env }))).toBe('duplicate payment_already_credited')
    expect((await stripeCalls(linesAt(id))).length).toBe(calls)
    const other = await signedUp()
    const contradicting = sessionOf(id, other)
    expect(said(await deliver('stripe', contradicting, { env }))).toBe('rejected payment_mismatch')
    expect([await balance(id), await balance(other)]).toEqual([1540, 40])
  })

  it('by a link is so for the person who comes back too', async () => {
    const id = await signedUp()
    const { events, object } = await buy(await makeLink([{ price: 'price_pack' }]), id)
    expect(said(await deliverTo(events[0]))).toBe('applied')
    const { body } = await comeBack(id, object.id, { ...linkShop, ...packs('price_raised') })
    expect(body).toMatchObject({ outcome: 'duplicate', reason: 'payment_already_credited', balance: 540 })
  })
})

it('a sale whose price no pack has is for a person, before and after its lines are read', async () => {
  for (const env of [NEW, WITHOUT_PRICE]) {
    const id = await signedUp()
    await stripeAnswers({ [`GET ${linesAt(id)}`]: { body: items } })
    const event = sessionOf(id)
    expect(said(await deliver('stripe', event, { env }))).toBe('rejected invalid_metadata')
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'rejected', user_id: id })
  }
})

describe('what waits and has sold a pack keeps it after the pack has got another price', () => {
  const pack = {
    ...planLine({ id: 'il_pack', price: 'price_pack', amount: 700, unit: 700 }),
    parent: {
      type: 'invoice_item_details',
      invoice_item_details: { invoice_item: 'ii_1', proration: false, subscription: null },
      subscription_item_details: null,
    },
  } as unknown as ReturnType<typeof planLine>
  const month = planLine({ id: 'il_1', price: 'price_pro', amount: 2000 })

  it.each([
    ['with a plan', [month, pack], ['plan_grant 1000', 'purchase 500']],
    ['alone', [pack], ['purchase 500']],
  ])('on an invoice of a subscription, %s, that comes again', async (_what, lines, entries) => {
    const ada = await subscriber()
    const customer = `cus_late_${ada.id}`
    const event = ada.invoice('1', lines, { customer })
    expect(await ada.told(event, packs('price_pack'))).toBe('parked unknown_customer')
    await ada.told(event, packs('price_raised'))
    await link(ada.id, customer)
    expect((await ada.entries()).toSorted()).toEqual(entries)
  })

  it('on an invoice whose other lines are read later', async () => {
    const ada = await subscriber()
    const lines = { object: 'list', data: [pack], has_more: true }
    const at = `GET /v1/invoices/${ada.in('1')}/lines`
    await sells(price('price_pro', 2000))
    await stripeAnswers({ [at]: { status: 500, body: {} } })
    const event = ada.invoice('1', [pack, month], { lines })
    expect(await ada.told(event, packs('price_pack'))).toBe('parked incomplete_invoice')
    await stripeAnswers({ [at]: { body: { ...lines, data: [pack, month], has_more: false } } })
    await ada.told(event, packs('price_raised'))
    expect((await ada.entries()).toSorted()).toEqual(['plan_grant 1000', 'purchase 500'])
  })

  it.each([
    ['another price', packs('price_raised')],
    ['an amount in place of its price', WITHOUT_PRICE],
  ])('in a session of a link that comes again while its user is missing (%s)', async (_what, env) => {
    const id = randomId('user')
    const { events } = await buy(await makeLink([{ price: 'price_pack' }]), id)
    expect(said(await deliverTo(events[0]))).toBe('parked unknown_user')
    await deliverTo(events[0], { ...linkShop, ...env })
    await signUp(id)
    expect(await balance(id)).toBe(540)
  })

  it.each([
    ['another price', NEW],
    ['an amount in place of its price', WITHOUT_PRICE],
  ])('in a session of a pack that comes again while its user is missing (%s)', async (_what, env) => {
    const id = randomId('user')
    await stripeAnswers({ [`GET ${linesAt(id)}`]: { body: items } })
    const event = sessionOf(id)
    expect(said(await deliver('stripe', event, { env: OLD }))).toBe('parked unknown_user')
    expect(said(await deliver('stripe', event, { env }))).toBe('parked unknown_user')
    await signUp(id)
    expect(await balance(id)).toBe(1540)
  })
})

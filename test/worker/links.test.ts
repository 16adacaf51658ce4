import { describe, expect, it } from 'vitest'
import { randomId } from '../../local/events.ts'
import { reversalEvent } from '../../local/reversal-events.ts'
import { atStripe, checkout, comeBack, failStripe, received } from './checkout-support.ts'
import { buy, deliverTo, linkShop, makeLink } from './links-support.ts'
import { customerOf, leave, signedUp, signUp } from './people.ts'
import { balance, counted, deliver, eventRow, ledger, query, runScheduled, said } from './support.ts'

describe('a Payment Link of a pack', () => {
  it('credits whom its reference names, times the quantity: parked, then read', async () => {
    const id = await signedUp()
    const link = await makeLink([{ price: 'price_pack', quantity: '3' }])
    const { events } = await buy(link, id)
    const { result, requests } = await counted(() => deliverTo(events[0]))
    expect([said(result), requests]).toEqual(['applied', 2])
    expect(await balance(id)).toBe(1540)
    expect((await ledger(id)).at(-1)).toMatchObject({ kind: 'purchase', event_id: events[0]?.id })
  })

  it('times the quantity that the buyer has chosen', async () => {
    const id = await signedUp()
    const adjustable = { '[adjustable_quantity][enabled]': 'true', '[adjustable_quantity][maximum]': '9' }
    const { events } = await buy(await makeLink([{ price: 'price_pack', ...adjustable }]), id, {
      quantity: 7,
    })
    await deliverTo(events[0])
    expect(await balance(id)).toBe(3540)
  })

  it('credits once, however often and at once it is delivered, and on the way back', async () => {
    const id = await signedUp()
    const { events, object } = await buy(await makeLink([{ price: 'price_pack' }]), id)
    await Promise.all([
      ...Array.from({ length: 8 }, () => deliverTo(events[0])),
      ...Array.from({ length: 4 }, () => comeBack(id, object.id, linkShop)),
    ])
    expect(await balance(id)).toBe(540)
    expect(said(await deliverTo(events[0]))).toBe('duplicate already_processed')
  })

  it('on the way back credits before the webhook comes', async () => {
    const id = await signedUp()
    const { events, object } = await buy(await makeLink([{ price: 'price_pack' }]), id)
    expect(await comeBack(id, object.id, linkShop)).toMatchObject({
      status: 200,
      body: { outcome: 'applied', balance: 540 },
    })
    expect(said(await deliverTo(events[0]))).toBe('duplicate payment_already_credited')
    expect(await comeBack(await signedUp(), object.id, linkShop)).toMatchObject({ status: 404 })
  })

  it('waits while Stripe is away, and is credited by the scheduled run', async () => {
    const id = await signedUp()
    const { events } = await buy(await makeLink([{ price: 'price_pack' }]), id)
    await failStripe('server_error')
    expect(said(await deliverTo(events[0]))).toBe('parked incomplete_session')
    expect(await balance(id)).toBe(40)
    await query(`update waiting set retry_at = now() where event_id = $1`, [events[0]?.id])
    await runScheduled(linkShop, 'retry_due')
    expect(await eventRow(events[0]?.id ?? '')).toMatchObject({ outcome: 'applied' })
    expect(await balance(id)).toBe(540)
  })

  it('waits for a user who has not come', async () => {
    const id = randomId('user')
    const { events } = await buy(await makeLink([{ price: 'price_pack' }]), id)
    expect(said(await deliverTo(events[0]))).toBe('parked unknown_user')
    await signUp(id)
    expect(await balance(id)).toBe(540)
  })

  it('for a deleted user is kept for a person', async () => {
    const id = await signedUp()
    await leave(id)
    const { events } = await buy(await makeLink([{ price: 'price_pack' }]), id)
    expect(said(await deliverTo(events[0]))).toBe('rejected user_deactivated')
  })

  it.each([
    ['without a reference', null],
    ['with the id of a referral tool', '0f8fad5b-d9cb-469f-a165-70867728950e'],
  ])('%s is for a person: somebody has paid for credits', async (_what, reference) => {
    const { events } = await buy(await makeLink([{ price: 'price_pack' }]), reference)
    expect(said(await deliverTo(events[0]))).toBe('rejected invalid_metadata')
  })
})

describe('a Payment Link with credits of its own', () => {
  const own = { 'metadata[credits]': '60' }

  it('brings them times the quantity of its only line, also where no pack has a price', async () => {
    const id = await signedUp()
    const link = await makeLink([{ price: 'price_shirt', quantity: '2' }], own)
    const { events } = await buy(link, id)
    await deliverTo(events[0], { ...linkShop, CREDIT_PACKS: '' })
    expect(await balance(id)).toBe(160)
  })

  it.each<[string, Record<string, string>[], object]>([
    ['with two lines', [{ price: 'price_shirt' }, { price: 'price_shirt' }], {}],
    ['of a price whose amount the buyer chooses', [{ price: 'price_any' }], { amount: 100 }],
  ])('%s sells nothing, and is reported to a person', async (_what, lines, choices) => {
    const id = await signedUp()
    const { events } = await buy(await makeLink(lines, own), id, choices)
    expect(said(await deliverTo(events[0]))).toBe('rejected invalid_metadata')
    expect(await balance(id)).toBe(40)
  })

  // The example of docs/money.md: 500 credits for 10.00 USD.
  it('ships: a refund takes its share of what was paid with it', async () => {
    await atStripe('prices/price_ten/create', { unit_amount: 1000, type: 'one_time' })
    const id = await signedUp()
    const ships = { 'metadata[credits]': '500', 'shipping_options[0][shipping_rate]': 'shr_1' }
    const { events, object } = await buy(await makeLink([{ price: 'price_ten' }], ships), id, {
      shipping: 200,
    })
    expect(object).toMatchObject({ amount_total: 1200, total_details: { amount_shipping: 200 } })
    await deliverTo(events[0])
    const refund = { payment: String(object.payment_intent), amount: 200 }
    await deliver('stripe', reversalEvent('refund.created', refund), { env: linkShop })
    expect(await balance(id)).toBe(540 - 83)
  })

  it('counts for less than a pack that names the price', async () => {
    const id = await signedUp()
    const { events } = await buy(await makeLink([{ price: 'price_pack' }], own), id)
    await deliverTo(events[0])
    expect(await balance(id)).toBe(540)
  })

  it('which are no number is for a person', async () => {
    const id = await signedUp()
    const { events } = await buy(
      await makeLink([{ price: 'price_shirt' }], { 'metadata[credits]': 'many' }),
      id,
    )
    expect(said(await deliverTo(events[0]))).toBe('rejected invalid_metadata')
  })
})

describe('a link that sells something else', () => {
  it('is not ours; of several lines those count that a pack names', async () => {
    const id = await signedUp()
    const { events } = await buy(await makeLink([{ price: 'price_shirt' }]), id)
    expect(said(await deliverTo(events[0]))).toBe('ignored not_ours')
    const both = await buy(await makeLink([{ price: 'price_shirt' }, { price: 'price_pack' }]), id)
    await deliverTo(both.events[0])
    expect(await balance(id)).toBe(540)
  })

  it('is not read where no pack has a price: one request, and none to Stripe', async () => {
    const id = await signedUp()
    const { events, object } = await buy(await makeLink([{ price: 'price_shirt' }]), id)
    const { result, requests } = await counted(() => deliverTo(events[0], { ...linkShop, CREDIT_PACKS: '' }))
    expect([said(result), requests]).toEqual(['ignored not_ours', 1])
    expect(await received('', `/v1/checkout/sessions/${object.id}/line_items`)).toEqual([])
  })
})

describe('a link where several apps share the account', () => {
  it('is ours if its metadata has our tag', async () => {
    const id = await signedUp()
    const env = { ...linkShop, APP_TAG: 'shop' }
    const ours = await buy(await makeLink([{ price: 'price_pack' }], { 'metadata[app]': 'shop' }), id)
    const untagged = await buy(await makeLink([{ price: 'price_pack' }]), id)
    expect(said(await deliverTo(ours.events[0], env))).toBe('applied')
    expect(said(await deliverTo(untagged.events[0], env))).toBe('ignored other_app')
    expect(await balance(id)).toBe(540)
  })
})

describe('POST /api/checkout for a pack whose quantity the buyer may change', () => {
  const adjustable = { adjustable_quantity: { minimum: 1, maximum: 20 } }
  const env = {
    CREDIT_PACKS: JSON.stringify({ starter: { credits: 500, price: 'price_pack', checkout: adjustable } }),
  }

  it('promises no credits: the lines of the session say how many were bought', async () => {
    const id = await signedUp()
    const { body } = await checkout(id, { pack: 'starter' }, env)
    const [call] = await received(id, '/v1/checkout/sessions')
    expect(call?.params).toMatchObject({ metadata: { user_id: id } })
    expect(call?.params).not.toHaveProperty('metadata.credits')
    const { events, object } = await atStripe(`sessions/${body.id}/pay`, { quantity: 4, deliver: false })
    expect(object.amount_total).toBe(2800)
    expect(said(await deliverTo(events[0], { ...linkShop, ...env }))).toBe('applied')
    expect(await balance(id)).toBe(2040)
    // Our metadata names the user, so the customer belongs to the user.
    expect(object.customer).toBe(await customerOf(id))
  })
})

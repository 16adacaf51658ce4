import { beforeEach, describe, expect, it } from 'vitest'
import { invoiceEvent, invoiceLine } from '../../local/billing-events.ts'
import { checkoutEvent, randomId } from '../../local/events.ts'
import { paymentIntentEventOf2020, soldInvoiceEvent } from '../../local/payment-events.ts'
import { ACCOUNT_ID } from '../../local/stripe/own-account.ts'
import { atStripe, checkout, comeBack, shop } from './checkout-support.ts'
import { link, signedUp, signUp } from './people.ts'
import { price, sells } from './plan-support.ts'
import { drain, testQueue } from './queue-support.ts'
import {
  balance,
  counted,
  deliver,
  type Env,
  eventRow,
  query,
  runScheduled,
  said,
  settings,
  stripeAnswers,
} from './support.ts'

const serve = (livemode: boolean) =>
  query(
    `insert into stripe_account (account, livemode, first_livemode) values ($1, $2, false)
     on conflict (one) do update set account = $1, livemode = $2`,
    [ACCOUNT_ID, livemode],
  )
beforeEach(() => serve(true))

const env: Env = { ...shop, PLANS: JSON.stringify({ price_of_the_test: { key: 'pro', credits: 1000 } }) }
const LIVE: Env = { ...env, STRIPE_SECRET_KEY: settings.STRIPE_SECRET_KEY.replace('test', 'live') }
const tell = async (event: object) => said(await deliver('stripe', event, { env }))
const inLiveMode = (event: { id: string }) => ({ ...event, id: `${event.id}_live`, livemode: true })

const sale = (user: string) =>
  checkoutEvent('checkout.session.completed', { user, payment: `pi_${user}`, credits: 500 })

/** What credits somebody, each with the credits that it brings. */
const SELLING: [string, number, (user: string) => { id: string }][] = [
  ['a Checkout Session', 500, sale],
  [
    'a PaymentIntent',
    500,
    (user) => paymentIntentEventOf2020({ user, payment: `pi_${user}`, invoice: null, credits: 500 }),
  ],
  ['an invoice that sells', 500, (user) => soldInvoiceEvent({ user, invoice: `in_${user}`, credits: 500 })],
  [
    'the invoice of a plan',
    1000,
    (user) =>
      invoiceEvent('invoice.paid', {
        ...{ invoice: `in_${user}`, subscription: `sub_${user}`, customer: `cus_${user}` },
        price: 'price_of_the_test',
      }),
  ],
]

async function customer() {
  const user = await signedUp()
  await link(user)
  return user
}

describe('a Worker with a test key, on a database that serves live mode', () => {
  it.each(SELLING)('credits nothing for %s, while live mode is credited', async (_what, credits, eventOf) => {
    const user = await customer()
    const event = eventOf(user)
    const { result, requests, statements } = await counted(() => tell(event))
    expect([result, requests, statements]).toEqual(['ignored mode_mismatch', 1, 1])
    expect([await tell(event), await balance(user)]).toEqual(['ignored mode_mismatch', 40])
    expect(await query('select from payments where user_id = $1', [user])).toEqual([])

    expect(said(await deliver('stripe', inLiveMode(event), { env: LIVE }))).toBe('applied')
    expect(await balance(user)).toBe(40 + credits)
  })

  it.each(SELLING)(
    'credits %s once a person has said that test mode is served',
    async (_what, credits, eventOf) => {
      const user = await customer()
      const event = eventOf(user)
      await tell(event)
      await serve(false)
      expect([await tell(event), await balance(user)]).toEqual(['applied', 40 + credits])
    },
  )

  it('credits nothing when the person comes back from Checkout', async () => {
    await serve(false)
    const user = await signedUp()
    const { body } = await checkout(user)
    await atStripe(`sessions/${body.id}/pay`)
    await serve(true)
    expect(await comeBack(user, body.id)).toMatchObject({
      ...{ status: 200, body: { outcome: 'ignored', reason: 'mode_mismatch', balance: 40 } },
    })
  })

  it('credits nothing that came through the queue', async () => {
    const [user, queue] = [await customer(), testQueue()]
    const events = SELLING.map(([, , eventOf]) => eventOf(user))
    for (const event of events)
      await deliver('stripe', event, { env: { ...env, SPILL: queue, SPILL_ALWAYS: 'true' } })
    await drain(queue, env)
    for (const { id } of events)
      expect(await eventRow(id)).toMatchObject({ outcome: 'ignored', reason: 'mode_mismatch' })
    expect(await balance(user)).toBe(40)
  })
})

describe('what was parked in test mode, once live mode is served', () => {
  beforeEach(() => serve(false))

  it.each(SELLING.slice(0, 3))(
    'is not credited when its user comes: %s',
    async (_what, _credits, eventOf) => {
      const user = randomId('user')
      const event = eventOf(user)
      expect(await tell(event)).toBe('parked unknown_user')
      await serve(true)
      await signUp(user)
      expect(await eventRow(event.id)).toMatchObject({ outcome: 'ignored', reason: 'mode_mismatch' })
      expect(await query('select from waiting where event_id = $1', [event.id])).toEqual([])
      expect(await balance(user)).toBe(40)
    },
  )

  it('is not credited by the scheduled run, which then knows its price', async () => {
    const user = await customer()
    const event = SELLING[3]?.[2](user) ?? { id: '' }
    expect(said(await deliver('stripe', event, { env: shop }))).toBe('parked unknown_price')
    await serve(true)
    const line = invoiceLine({ price: 'price_of_the_test', periodStart: 1_770_000_000 })
    await stripeAnswers({
      [`GET /v1/invoices/in_${user}/lines`]: { body: { object: 'list', data: [line], has_more: false } },
    })
    await sells(price('price_of_the_test', 2000))
    await runScheduled({ ...env, STRIPE_API_BASE: settings.STRIPE_API_BASE }, 'retry_due')
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'ignored', reason: 'mode_mismatch' })
    expect(await balance(user)).toBe(40)
  })

  it('is credited where live mode is not served', async () => {
    const user = randomId('user')
    await tell(sale(user))
    await signUp(user)
    expect(await balance(user)).toBe(540)
  })
})

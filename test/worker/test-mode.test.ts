import { beforeEach, describe, expect, it } from 'vitest'
import { invoiceEvent, invoiceLine } from '../../local/billing-events.ts'
import { checkoutEvent, randomId } from '../../local/events.ts'
import { paymentIntentEventOf2020, soldInvoiceEvent } from '../../local/payment-events.ts'
import { ACCOUNT_ID } from '../../local/stripe/own-account.ts'
import { settingsOf } from '../../src/settings.ts'
import { stripe } from '../../src/stripe/index.ts'
import { statementOf } from '../../src/webhook/commit.ts'
import { decide } from '../../src/webhook/decide.ts'
import { open } from '../../src/webhook/delivery.ts'
import { atStripe, checkout, comeBack, shop } from './checkout-support.ts'
import { link, signedUp, signUp } from './people.ts'
import { price, sells } from './plan-support.ts'
import { drain, testQueue } from './queue-support.ts'
import { linesOf, reconcile } from './reconcile-support.ts'
import { emptyWorld, happenAtStripe } from './reconcile-world.ts'
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

/** Events that credit a user, each with its credits. */
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
        invoice: `in_${user}`,
        subscription: `sub_${user}`,
        customer: `cus_${user}`,
        price: 'price_of_the_test',
      }),
  ],
]

const invoice = (user: string) => SELLING[3]?.[2](user) ?? { id: '' }

/** Only the bonus was credited, and the event says why. */
async function expectNothing(user: string, { id }: { id: string }) {
  expect(await eventRow(id)).toMatchObject({ outcome: 'ignored', reason: 'mode_mismatch' })
  expect(await balance(user)).toBe(40)
}

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
      status: 200,
      body: { outcome: 'ignored', reason: 'mode_mismatch', balance: 40 },
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

describe('a Worker of an older version, which does not say the mode', () => {
  /** Commits an event as the Worker does, without what an older Worker does not send. */
  async function tellAsOlder(event: object) {
    const read = settingsOf({ ...settings, ...env })
    const delivery = await open(stripe, new Headers(), JSON.stringify(event))
    const statement = await statementOf(delivery, decide(stripe, delivery, read), read)
    const { livemode: _, ...older } = JSON.parse(statement.delivery)
    const [row] = await query<{ verdict: { reason: string | null } }>(
      `select ${statement.verb}($1::jsonb, $2::jsonb) as verdict`,
      [JSON.stringify(older), JSON.stringify(statement.facts)],
    )
    return row?.verdict.reason
  }

  it('credits nothing of test mode, whose payload says it', async () => {
    const user = await customer()
    expect([await tellAsOlder(sale(user)), await balance(user)]).toEqual(['mode_mismatch', 40])
    await serve(false)
    expect([await tellAsOlder(sale(user)), await balance(user)]).toEqual([null, 540])
  })
})

describe('a comparison with Stripe by a test key', () => {
  it('finds and credits nothing of test mode where live mode is served', async () => {
    const [world, user] = [emptyWorld(), await customer()]
    happenAtStripe(world, sale(user))
    const found = async (fixes = false) =>
      linesOf(await reconcile(world, { env, fixes, only: 'stripe' }), user)
    expect([await found(), await found(true), await balance(user)]).toEqual([[], [], 40])
    await serve(false)
    expect(await found()).toEqual([`paid_not_credited cs_test_pi_${user} applied 500`])
  })
})

/** The scheduled run reads the lines of the user's invoice, and knows their price now. */
async function readByTheScheduledRun(user: string) {
  const line = invoiceLine({ price: 'price_of_the_test', periodStart: 1_770_000_000 })
  await stripeAnswers({
    [`GET /v1/invoices/in_${user}/lines`]: { body: { object: 'list', data: [line], has_more: false } },
  })
  await sells(price('price_of_the_test', 2000))
  await runScheduled({ ...env, STRIPE_API_BASE: settings.STRIPE_API_BASE }, 'retry_due')
}

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
      await expectNothing(user, event)
      expect(await query('select from waiting where event_id = $1', [event.id])).toEqual([])
    },
  )

  it('is not credited by the scheduled run, which then knows its price', async () => {
    const user = await customer()
    const event = invoice(user)
    expect(said(await deliver('stripe', event, { env: shop }))).toBe('parked unknown_price')
    await serve(true)
    await readByTheScheduledRun(user)
    await expectNothing(user, event)
  })

  /** Payloads that name no user are erased. */
  const erasing: Env = { USER_DELETION: 'delete' }
  /** Parks the invoice of a plan, and gives it up because its customer is unknown. Its payload is deleted then. */
  async function givenUp(user: string, env: Env) {
    const event = invoice(user)
    expect(said(await deliver('stripe', event, { env: { ...env, ...erasing } }))).toBe(
      'parked unknown_customer',
    )
    await query(`update webhook_events set received_at = now() - interval '8 days' where event_id = $1`, [
      event.id,
    ])
    await runScheduled(erasing, 'give_up')
    expect(await eventRow(event.id)).toMatchObject({ reason: 'not_ours', payload: null })
    return event
  }

  it('is not credited when its customer comes, though its payload is gone', async () => {
    const user = await signedUp()
    const event = await givenUp(user, env)
    await serve(true)
    await link(user)
    await expectNothing(user, event)
  })

  it('is not credited when it comes to be known as ours, though its payload was not kept', async () => {
    const user = await signedUp()
    const event = invoice(user)
    expect(said(await deliver('stripe', event, { env: { ...env, ...erasing, APP_TAG: 'shop' } }))).toBe(
      'ignored other_app',
    )
    expect(await eventRow(event.id)).toMatchObject({ payload: null })
    await serve(true)
    await link(user)
    await expectNothing(user, event)
  })

  it('is not credited though it was released, and parked again, in between', async () => {
    const user = await signedUp()
    const event = await givenUp(user, shop)
    await link(user)
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'parked', reason: 'unknown_price' })
    await serve(true)
    await readByTheScheduledRun(user)
    await expectNothing(user, event)
  })

  it('is not credited where an older version has parked it: its payload says it', async () => {
    const user = randomId('user')
    const event = sale(user)
    await tell(event)
    await query(`update webhook_events set effect = effect - 'livemode' where event_id = $1`, [event.id])
    await serve(true)
    await signUp(user)
    await expectNothing(user, event)
  })

  it('is credited where live mode is not served', async () => {
    const user = randomId('user')
    await tell(sale(user))
    await signUp(user)
    expect(await balance(user)).toBe(540)
  })
})

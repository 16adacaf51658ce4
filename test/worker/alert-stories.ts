import { expect, vi } from 'vitest'
import { subscriptionEvent } from '../../local/billing-events.ts'
import { checkoutEvent, randomId } from '../../local/events.ts'
import { countsAge, later, TELLING_ALERTS, tasksAge } from './alert-support.ts'
import { atStripe, failStripe } from './checkout-support.ts'
import { EVENTS_SECRET, sendAll } from './outgoing-support.ts'
import { leave, linked, signedUp, signUp } from './people.ts'
import { consume, messageOf, testQueue } from './queue-support.ts'
import { passes } from './reconcile-support.ts'
import {
  deliver,
  type Env,
  gatewayAlways,
  makeDue,
  query,
  request,
  runScheduled,
  send,
  settings,
  startScheduled,
  stripeAnswers,
  stripeUrl,
} from './support.ts'

const PLANS = JSON.stringify({
  price_pro: { key: 'pro', credits: 100 },
  price_max: { key: 'max', credits: 200 },
})
/** The comparison uses the local Stripe; one run has enough requests for all of it. */
const RECONCILES: Env = { RECONCILE: 'report', STRIPE_API_BASE: stripeUrl, RUN_SUBREQUESTS: '400' }
/** A run has too few requests to give each task a turn. */
export const FEW_REQUESTS: Env = { RUN_SUBREQUESTS: '10' }
/** A run has enough requests to give each task a turn, whatever is due. */
export const ENOUGH_REQUESTS: Env = { RUN_SUBREQUESTS: '400' }
const HOUR_MS = 3_600_000

export const topUp = (user: string) => checkoutEvent('checkout.session.completed', { user })
/** Sends this many requests with a wrong signature. */
export const badly = (number: number) =>
  Promise.all(Array.from({ length: number }, () => send('stripe', '{}', { secret: 'whsec_another' })))

export interface Story {
  about?: string
  /** For a cause that a scheduled run would remove. */
  noRun?: boolean
  env?: Env
  stripe?: typeof fetch
  begin(): Promise<unknown>
  end(): Promise<unknown>
}

/** Moves what is about this id one day into the past. */
export const oneDay = (id: string) =>
  query(
    `update webhook_events set received_at = received_at - interval '25 hours' where user_id = $1 or $1 = any (about)`,
    [id],
  )

/** How the cause of each alert begins and ends. */
export const stories: Record<string, () => Promise<Story>> = {
  async error_rate() {
    return { begin: () => badly(20), end: () => countsAge(2) }
  },
  async refused_share() {
    const id = await signedUp()
    const begin = async () => {
      for (let number = 0; number < 10; number++) await deliver('stripe', topUp(id))
      await badly(10)
    }
    return { begin, end: () => countsAge(2) }
  },
  async fallback_rate() {
    const begin = async () => {
      for (let number = 0; number < 20; number++) await deliver('stripe', topUp(randomId('user')))
    }
    return { begin, end: () => countsAge(2) }
  },
  async parked_age() {
    const id = randomId('user')
    const begin = async () => {
      await deliver('stripe', topUp(id))
      await oneDay(id)
    }
    return { about: 'unknown_user', begin, end: () => signUp(id) }
  },
  async rejected_untouched() {
    const event = checkoutEvent('checkout.session.completed', {
      user: randomId('user'),
      session: { metadata: { credits: 'many' } },
    })
    const begin = async () => {
      expect(await deliver('stripe', event)).toMatchObject({
        outcome: 'rejected',
        reason: 'invalid_metadata',
      })
      await query(`update webhook_events set received_at = now() - interval '25 hours' where event_id = $1`, [
        event.id,
      ])
    }
    const settle = () =>
      query('select settle_event($1)', [JSON.stringify({ event_id: event.id, note: 'A test' })])
    return { about: 'invalid_metadata', begin, end: settle }
  },
  async difference() {
    await nothingToCompare()
    const [id, missed] = [await signedUp(), randomId('pi')]
    const event = checkoutEvent('checkout.session.completed', { user: id, payment: missed })
    const begin = async () => {
      await atStripe('seed', { sessions: [event.data.object] })
      await passes(RECONCILES)
      await query(`update differences set first_seen_at = now() - interval '16 minutes'`)
      await passes(RECONCILES)
    }
    const end = async () => {
      await deliver('stripe', event)
      await passes(RECONCILES)
    }
    return { begin, end }
  },
  async no_complete_reconcile() {
    await nothingToCompare()
    await passes(RECONCILES)
    const begin = async () => {
      for (let hour = 0; hour < 27; hour++) {
        await reconcileAges(1)
        // Stripe returns 429 to every call of this hour, or 500 to its first calls.
        if (hour % 2 === 0) await atStripe('limit', { requests: 0 })
        else await failStripe(...Array<string>(4).fill('server_error'))
        await runScheduled(RECONCILES, 'reconcile')
        await atStripe('limit', {})
      }
    }
    return { env: RECONCILES, begin, end: () => passes(RECONCILES) }
  },
  async old_secret() {
    const env = { STRIPE_WEBHOOK_SECRET: 'whsec_the_new_one,whsec_test_5gFvH2kQm9tLr3xWc7Zb' }
    const begin = async () => {
      await deliver('stripe', topUp(await signedUp()), { env })
      await countsAge(25)
      await deliver('stripe', topUp(await signedUp()), { env })
    }
    return { env, begin, end: () => countsAge(25) }
  },
  async live_subscription_of_deleted_user() {
    const id = randomId('user')
    const names = { subscription: `sub_${id}`, customer: `cus_${id}`, price: 'price_pro' }
    const env = { PLANS, CANCEL_ON_DELETION: 'false' }
    const begin = async () => {
      await linked({ id, customer: names.customer })
      await deliver('stripe', subscriptionEvent('customer.subscription.created', names), { env })
      await leave(id)
      await runScheduled(env, 'mark_orphans')
    }
    const end = async () => {
      await deliver(
        'stripe',
        subscriptionEvent('customer.subscription.deleted', { ...names, at: Date.now() }),
        { env },
      )
    }
    return { env, begin, end }
  },
  async double_subscription() {
    const id = randomId('user')
    const named = (number: number) => ({
      subscription: `sub_${number}_${id}`,
      customer: `cus_${id}`,
      price: number === 1 ? 'price_pro' : 'price_max',
    })
    const env = { PLANS }
    const begin = async () => {
      await linked({ id, customer: `cus_${id}` })
      for (const number of [1, 2])
        await deliver('stripe', subscriptionEvent('customer.subscription.created', named(number)), { env })
    }
    const gone = subscriptionEvent('customer.subscription.deleted', { ...named(2), at: Date.now() })
    return { env, begin, end: () => deliver('stripe', gone, { env }) }
  },
  async unfinished_erasure() {
    const id = await signedUp()
    const env = { USER_DELETION: 'delete' }
    const begin = async () => {
      await leave(id, { env })
      await query(`update erasures set asked_at = now() - interval '2 hours' where user_id = $1`, [id])
    }
    return { env, begin, end: () => runScheduled(env, 'erase_payloads') }
  },
  async undelivered_event() {
    const app = '/hooks/app'
    const env = { EVENTS_URL: `${settings.STRIPE_API_BASE}${app}`, EVENTS_SECRET }
    const appSays = (status: number) => stripeAnswers({ [`POST ${app}`]: { status, body: {} } })
    const begin = async () => {
      await appSays(400)
      await signUp(randomId('user'), {}, { env })
      await sendAll(env)
    }
    const end = async () => {
      await appSays(200)
      await query(`select resend_events('{"ids": null, "most": 100}')`)
      await sendAll(env)
    }
    return { begin, end }
  },
  async late_task() {
    const begin = async () => {
      await makeDue()
      await startScheduled(FEW_REQUESTS)
      await tasksAge(20)
      await startScheduled(FEW_REQUESTS)
    }
    return { noRun: true, begin, end: () => runScheduled({}) }
  },
  async failing_task() {
    const begin = async () => {
      // The database is older than the Worker.
      await query('alter function attention(jsonb) rename to attention_away')
      for (let run = 0; run < 4; run++) await runScheduled({}, 'attention')
    }
    const end = async () => {
      await query('alter function attention_away(jsonb) rename to attention')
      await runScheduled({}, 'attention')
    }
    return { begin, end }
  },
  async queue_age() {
    const queued = async (ageMs: number, attempts = 1) => {
      const event = topUp(await signedUp())
      const received_at = new Date(Date.now() - ageMs).toISOString()
      const body = { v: 1, provider: 'stripe', event_id: event.id, body: JSON.stringify(event), received_at }
      await consume([messageOf(body, 1, attempts, ageMs)])
    }
    return { begin: () => queued(1_200_000), end: () => queued(0, 2) }
  },
  async dead_letters() {
    const begin = () => consume([messageOf({ v: 2 })], { SPILL: testQueue() }, 'ledgerhook-spill-dead')
    return { begin, end: () => query(`update sightings set seen_at = seen_at - interval '61 minutes'`) }
  },
  async database_p95() {
    const id = await signedUp()
    const begin = () =>
      slowDatabase(1_500, async () => {
        for (let number = 0; number < 22; number++) await deliver('stripe', topUp(id))
      })
    return { begin, end: () => countsAge(2) }
  },
  async silence() {
    const id = await signedUp()
    const begin = async () => {
      await deliver('stripe', topUp(id))
      await countsAge(7)
    }
    const created = Math.floor(Date.now() / 1_000) - 3_600
    const stripe = async () =>
      Response.json({ object: 'list', data: [{ id: 'evt_1', created }], has_more: false })
    return { stripe, begin, end: () => deliver('stripe', topUp(id)) }
  },
}

/** Stripe is not asked about objects of an earlier story. */
async function nothingToCompare() {
  await query(`update payments set created_at = now() - interval '60 days'`)
  await query(`delete from tasks where name = 'reconcile'`)
}

/** Time passes for the comparison with the providers. */
async function reconcileAges(hours: number) {
  const [task] = await query<{ cursor: string }>(`select cursor::text from tasks where name = 'reconcile'`)
  const cursor = task?.cursor.replace(/\b\d{13}\b/g, (ms) => String(Number(ms) - hours * HOUR_MS))
  await query(
    `update tasks set cursor = $1::jsonb, created_at = created_at - $2 * interval '1 hour' where name = 'reconcile'`,
    [cursor, hours],
  )
}

/** Every query of the Worker takes this many milliseconds by its clock while `act` runs. */
async function slowDatabase(ms: number, act: () => Promise<void>) {
  const [real, start] = [globalThis.fetch, Date.now()]
  let passed = 0
  vi.spyOn(Date, 'now').mockImplementation(() => start + passed)
  globalThis.fetch = async (input, init) => {
    const response = await real(input, init)
    if (String(input) === settings.NEON_FETCH_ENDPOINT) passed += ms
    return response
  }
  try {
    await act()
  } finally {
    globalThis.fetch = real
    vi.mocked(Date.now).mockRestore()
  }
}

/** An alert about the database itself, which needs no row. */
export interface DirectStory {
  begin(): Promise<unknown>
  /** The part of the Worker that notices it. */
  look(): Promise<unknown>
  end(): Promise<unknown>
}

/** As in another isolate, or after this one has forgotten its state. */
export async function healthAsked(): Promise<number> {
  later(20_000)
  return (await request('/api/health/deep', {}, TELLING_ALERTS)).status
}

/** The causes of the alerts that are sent directly. */
export const directStories: Record<string, DirectStory> = {
  database_away: {
    begin: () => gatewayAlways('unavailable'),
    look: () => startScheduled(TELLING_ALERTS).catch(() => {}),
    end: () => gatewayAlways('none'),
  },
  run_late: {
    begin: () => query(`update tasks set last_good_at = last_good_at - interval '6 minutes'`),
    look: healthAsked,
    end: () => runScheduled(TELLING_ALERTS, 'attention'),
  },
}

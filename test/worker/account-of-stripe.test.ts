import { beforeEach, describe, expect, it } from 'vitest'
import { subscriptionEvent } from '../../local/billing-events.ts'
import { checkoutEvent } from '../../local/events.ts'
import { ACCOUNT_ID } from '../../local/stripe/own-account.ts'
import { atStripe, checkout, customersMade, portal } from './checkout-support.ts'
import { logged } from './engine-support.ts'
import { customerOf, leave, link, signedUp } from './people.ts'
import {
  billing,
  deliver,
  type Env,
  query,
  runScheduled,
  settings,
  stripeAnswers,
  stripeCalls,
  subscription,
} from './support.ts'

/**
 * The account and mode that the database serves: those of the local Stripe's key, or of another key that the Worker
 * had.
 */
const served = async () => (await query('select account, livemode from stripe_account'))[0]
const serve = (account: string, livemode: boolean) =>
  query(
    `insert into stripe_account (account, livemode, first_livemode) values ($1, $2, $2)
     on conflict (one) do update set account = $1, livemode = $2, first_livemode = $2`,
    [account, livemode],
  )
beforeEach(() => query('delete from stripe_account'))

const MISCONFIGURED = { status: 500, body: { error: 'misconfigured' } }

/** A user whose customer the local Stripe does not know. */
async function withUnknownCustomer() {
  const id = await signedUp()
  const customer = `cus_elsewhere_${id}`
  await link(id, customer)
  expect(await customerOf(id)).toBe(customer)
  return { id, customer }
}
const remembered = async (customer: string) =>
  (await query('select user_id, deleted_at, unlinked_at from stripe_customers where id = $1', [customer]))[0]

describe('a customer of another account or mode', () => {
  it('is replaced with the key of the account and mode that are served: unlinked, not deleted', async () => {
    await serve(ACCOUNT_ID, false)
    const { id, customer } = await withUnknownCustomer()
    expect(await checkout(id)).toMatchObject({ status: 200 })
    const [made, ...more] = await customersMade(id)
    expect([more, await customerOf(id)]).toEqual([[], made])
    expect(await remembered(customer)).toEqual({
      user_id: id,
      deleted_at: null,
      unlinked_at: expect.any(Date),
    })
    // No event of this customer links it again, and no click replaces it once more.
    await link(id, customer)
    expect(await checkout(id)).toMatchObject({ status: 200 })
    expect([await customerOf(id), await customersMade(id)]).toEqual([made, [made]])
  })

  it('is replaced once, however many click at once', async () => {
    await serve(ACCOUNT_ID, false)
    const { id } = await withUnknownCustomer()
    const clicks = await Promise.all([checkout(id), checkout(id), checkout(id)])
    expect(clicks.map(({ status }) => status)).toEqual([200, 200, 200])
    const made = await customersMade(id)
    expect([made.length, await customerOf(id)]).toEqual([1, made[0]])
  })

  it('shows nothing in the portal, and stays until something is bought', async () => {
    await serve(ACCOUNT_ID, false)
    const { id, customer } = await withUnknownCustomer()
    expect(await portal(id)).toMatchObject({ status: 409, body: { error: 'no_customer' } })
    expect(await customerOf(id)).toBe(customer)
    await checkout(id)
    expect(await portal(id)).toMatchObject({ status: 200 })
  })

  it.each<[string, string, boolean]>([
    ['another account', 'acct_another', false],
    ['the same account, in live mode', ACCOUNT_ID, true],
    ['another account, in live mode', 'acct_another', true],
  ])('is left alone where the database serves %s', async (_which, account, livemode) => {
    await serve(account, livemode)
    const { id, customer } = await withUnknownCustomer()
    expect(await checkout(id)).toMatchObject(MISCONFIGURED)
    expect(await portal(id)).toMatchObject(MISCONFIGURED)
    expect([await customerOf(id), await customersMade(id)]).toEqual([customer, []])
    expect(await remembered(customer)).toMatchObject({ deleted_at: null, unlinked_at: null })
    expect(await served()).toEqual({ account, livemode })
  })

  it('is left alone where the key may not read its account', async () => {
    await serve(ACCOUNT_ID, false)
    const { id, customer } = await withUnknownCustomer()
    await atStripe('permissions', { denied: ['GET /v1/account'] })
    try {
      expect(await checkout(id)).toMatchObject(MISCONFIGURED)
      expect([await customerOf(id), await customersMade(id)]).toEqual([customer, []])
    } finally {
      await atStripe('permissions', { denied: [] })
    }
  })
})

describe('what the database serves', () => {
  const read = (account: string): Env => ({ STRIPE_SECRET_KEY: `sk_test_${account}` })

  it('is what the first key is of', async () => {
    const id = await signedUp()
    await checkout(id)
    expect(await served()).toEqual({ account: null, livemode: false })
    const { id: other } = await withUnknownCustomer()
    expect(await checkout(other)).toMatchObject({ status: 200 })
    expect(await served()).toEqual({ account: ACCOUNT_ID, livemode: false })
  })

  it('is remembered within the hour, and a key of another account is reported', async () => {
    const account = (id: string) => stripeAnswers({ 'GET /v1/account': { body: { id, object: 'account' } } })
    await account('acct_first')
    await runScheduled({}, 'remember_account')
    expect(await served()).toEqual({ account: 'acct_first', livemode: false })
    await account('acct_second')
    const lines = await logged(() => runScheduled(read('second'), 'remember_account'))
    expect(lines).toContainEqual(
      expect.objectContaining({
        message: 'attention',
        level: 'error',
        reason: 'wrong_stripe_key',
        key: { account: 'acct_second', livemode: false },
        serves: { account: 'acct_first', livemode: false },
      }),
    )
    // A live key replaces test mode, but a test key never replaces live mode.
    await runScheduled({ STRIPE_SECRET_KEY: 'sk_live_abc' }, 'remember_account')
    expect(await served()).toEqual({ account: 'acct_second', livemode: true })
    await runScheduled(read('second'), 'remember_account')
    expect(await served()).toEqual({ account: 'acct_second', livemode: true })
  })

  it('is left open while Stripe does not answer', async () => {
    const lines = await logged(() =>
      runScheduled({ STRIPE_API_BASE: `${settings.STRIPE_API_BASE}/nowhere` }, 'remember_account'),
    )
    expect(lines.filter(({ message }) => message === 'task failed')).toEqual([])
  })
})

describe('after going live', () => {
  const live: Env = { STRIPE_SECRET_KEY: settings.STRIPE_SECRET_KEY.replace('test', 'live') }
  const tell = (id: string, livemode: boolean, status: string) =>
    deliver(
      'stripe',
      {
        ...subscriptionEvent('customer.subscription.created', {
          customer: `cus_${livemode}_${id}`,
          subscription: `sub_${livemode}_${id}`,
          set: { status, metadata: { user_id: id } },
        }),
        livemode,
      },
      { env: livemode ? live : {} },
    )

  it('user_billing and the API show what is of live mode, and a test plan keeps nobody from buying', async () => {
    await serve(ACCOUNT_ID, false)
    const id = await signedUp()
    expect(await tell(id, false, 'active')).toMatchObject({ outcome: 'applied' })
    expect(await billing(id)).toMatchObject({ stripe_subscription_id: `sub_false_${id}` })
    await query('update stripe_account set livemode = true')
    expect(await billing(id)).toMatchObject({ stripe_subscription_id: null, plan_key: null, balance: '40' })
    await tell(id, true, 'past_due')
    expect(await billing(id)).toMatchObject({
      stripe_subscription_id: `sub_true_${id}`,
      subscription_status: 'past_due',
    })
  })

  it('rows from before their mode was kept are of the mode that was served first', async () => {
    await serve(ACCOUNT_ID, false)
    const id = await signedUp()
    await tell(id, false, 'active')
    await query('update subscriptions set livemode = null where user_id = $1', [id])
    expect(await billing(id)).toMatchObject({ stripe_subscription_id: `sub_false_${id}` })
    await query('update stripe_account set livemode = true')
    expect(await billing(id)).toMatchObject({ stripe_subscription_id: null })
  })

  it('no subscription of test mode is cancelled for a deleted user, whether the user leaves before or after', async () => {
    await serve(ACCOUNT_ID, false)
    const [before, after, unknown, later] = [
      await signedUp(),
      await signedUp(),
      await signedUp(),
      await signedUp(),
    ]
    for (const id of [before, after, unknown]) await tell(id, false, 'active')
    // From before the mode was kept.
    await query('update subscriptions set livemode = null where user_id = $1', [unknown])
    await leave(before)
    await runScheduled({ CANCEL_ON_DELETION: 'false' }, 'mark_orphans')
    expect(await subscription(`sub_false_${before}`)).toMatchObject({ cancel_due_at: expect.any(Date) })

    await query('update stripe_account set livemode = true')
    for (const id of [after, unknown, later]) await leave(id)
    await tell(later, false, 'active')
    await runScheduled(live)
    await runScheduled(live)
    for (const id of [before, after, unknown, later]) {
      const sub = `sub_false_${id}`
      expect([await stripeCalls(sub), await subscription(sub)]).toMatchObject([[], { cancel_due_at: null }])
    }
    // Those of live mode are.
    await tell(after, true, 'active')
    await stripeAnswers({
      [`DELETE /v1/subscriptions/sub_true_${after}`]: {
        body: { id: `sub_true_${after}`, status: 'canceled' },
      },
    })
    await runScheduled(live)
    expect(await stripeCalls(`sub_true_${after}`)).toEqual([`DELETE /v1/subscriptions/sub_true_${after}`])
  })

  it('what differs in test mode is not reported: what is paid twice, and payments that no live key can see', async () => {
    await serve(ACCOUNT_ID, false)
    const id = await signedUp()
    const plan = { plan_key: 'pro', double_since: new Date(), cancel_due_at: new Date() }
    await tell(id, false, 'active')
    await query(
      'update subscriptions set plan_key = $2, double_since = $3, cancel_due_at = $4 where id = $1',
      [`sub_false_${id}`, ...Object.values(plan)],
    )
    await deliver('stripe', checkoutEvent('checkout.session.completed', { user: id, payment: `pi_${id}` }))
    const told = async () => {
      const [{ besides, paid } = {}] = await query<{ besides: Record<string, number>; paid: object }>(
        `select attention_besides('{}') besides, our_payments('{"most": 1000000}') paid`,
      )
      const isPaid = JSON.stringify(paid).includes(`"pi_${id}"`)
      return [besides?.double_subscription, besides?.live_subscription_of_deleted_user, isPaid]
    }
    const [doubles, orphans, isPaid] = await told()
    expect([Number(doubles), Number(orphans), isPaid]).toEqual([1, 1, true])
    await query(`select serve_stripe_account(jsonb_build_object('account', $1::text, 'livemode', true))`, [
      ACCOUNT_ID,
    ])
    expect(await told()).toEqual([0, 0, false])
    await deliver(
      'stripe',
      {
        ...checkoutEvent('checkout.session.completed', { user: id, payment: `pi_live_${id}` }),
        livemode: true,
      },
      { env: live },
    )
    expect(
      await query(`select our_payments('{"most": 1000000}')::text like '%pi_live_' || $1 || '%' live`, [id]),
    ).toEqual([{ live: true }])
  })

  it('a customer of test mode is linked to nobody, and the next that is bought by is one of live mode', async () => {
    await serve(ACCOUNT_ID, false)
    const id = await signedUp()
    await link(id, `cus_first_${id}`)
    await link(id, `cus_second_${id}`)
    const rows = await query('select livemode from stripe_customers where user_id = $1', [id])
    expect(rows).toEqual([{ livemode: false }, { livemode: false }])
    await query('update stripe_account set livemode = true')
    await query('update users set stripe_customer_id = null where id = $1', [id])
    await link(id, `cus_first_${id}`)
    expect(await customerOf(id)).toBeNull()
  })
})

import { describe, expect, it } from 'vitest'
import { checkoutEvent, clerkEvent, randomId } from '../../local/events.ts'
import { type Answer, counted, type DeliveryOptions, deliver, failNext } from './support.ts'

const COMPLETED = 'checkout.session.completed'
type Delivery = ['clerk' | 'stripe', object, DeliveryOptions?]

/** For every outcome: the earlier deliveries, the delivery, and the outcome of its repetition. */
const outcomes: [string, (user: string) => { before?: Delivery[]; delivery: Delivery }, string, string][] = [
  [
    'applied user.created',
    (user) => ({ delivery: created(user) }),
    'applied null',
    'duplicate already_processed',
  ],
  [
    'applied user.updated',
    (user) => ({ before: [created(user)], delivery: updated(user, 2) }),
    'applied null',
    'duplicate already_processed',
  ],
  [
    'applied user.deleted',
    (user) => ({ before: [created(user)], delivery: deleted(user) }),
    'applied null',
    'duplicate already_processed',
  ],
  [
    'applied top-up',
    (user) => ({ before: [created(user)], delivery: paid(user) }),
    'applied null',
    'duplicate already_processed',
  ],
  [
    'user.created that releases payments',
    (user) => ({ before: [paid(user), paid(user)], delivery: created(user) }),
    'applied null',
    'duplicate already_processed',
  ],
  [
    'stale older_than_stored',
    (user) => ({ before: [updated(user, 2)], delivery: created(user) }),
    'stale older_than_stored',
    'duplicate already_processed',
  ],
  [
    'stale user_deleted',
    (user) => ({ before: [deleted(user)], delivery: created(user) }),
    'stale user_deleted',
    'duplicate already_processed',
  ],
  [
    'payment_already_credited',
    (user) => ({
      before: [created(user), paid(user, { id: 'cs_1' }, `pi_${user}`)],
      delivery: paid(user, {}, `pi_${user}`),
    }),
    'duplicate payment_already_credited',
    'duplicate already_processed',
  ],
  ['parked unknown_user', (user) => ({ delivery: paid(user) }), 'parked unknown_user', 'parked unknown_user'],
  [
    'parked unreadable',
    (user) => ({ delivery: paid(user, { mode: 'barter' }) }),
    'parked unreadable',
    'parked unreadable',
  ],
  [
    'rejected invalid_metadata',
    (user) => ({ delivery: paid(user, { metadata: { user_id: user } }) }),
    'rejected invalid_metadata',
    'rejected invalid_metadata',
  ],
  [
    'rejected reference_mismatch',
    (user) => ({ delivery: paid(user, { client_reference_id: 'user_x' }) }),
    'rejected reference_mismatch',
    'rejected reference_mismatch',
  ],
  [
    'rejected customer_mismatch',
    (user) => ({
      before: [created(user), created(`${user}_2`), paid(`${user}_2`, { customer: `cus_${user}` })],
      delivery: paid(user, { customer: `cus_${user}` }),
    }),
    'rejected customer_mismatch',
    'rejected customer_mismatch',
  ],
  [
    'rejected user_deactivated',
    (user) => ({ before: [deleted(user)], delivery: paid(user) }),
    'rejected user_deactivated',
    'rejected user_deactivated',
  ],
  [
    'rejected payment_mismatch',
    (user) => ({
      before: [created(user), created(`${user}_b`), paid(`${user}_b`, {}, `pi_${user}`)],
      delivery: paid(user, {}, `pi_${user}`),
    }),
    'rejected payment_mismatch',
    'rejected payment_mismatch',
  ],
  [
    'applied link of a customer',
    (user) => ({
      before: [created(user)],
      delivery: paid(user, { mode: 'subscription', customer: `cus_${user}` }),
    }),
    'applied null',
    'duplicate already_processed',
  ],
  [
    'rejected missing_email',
    (user) => ({
      delivery: ['clerk', clerkEvent('user.created', { user, email: null }), { id: `msg_${user}` }],
    }),
    'rejected missing_email',
    'rejected missing_email',
  ],
  [
    'ignored payment_pending',
    (user) => ({ delivery: paid(user, { payment_status: 'unpaid' }) }),
    'ignored payment_pending',
    'ignored payment_pending',
  ],
  [
    'ignored not_ours',
    (user) => ({ delivery: paid(user, { metadata: {} }) }),
    'ignored not_ours',
    'ignored not_ours',
  ],
  [
    'ignored no_effect',
    (user) => ({ delivery: paid(user, { mode: 'setup' }) }),
    'ignored no_effect',
    'ignored no_effect',
  ],
  [
    'ignored mode_mismatch',
    (user) => ({ delivery: ['stripe', checkoutEvent(COMPLETED, { user, livemode: true })] }),
    'ignored mode_mismatch',
    'ignored mode_mismatch',
  ],
  [
    'ignored instance_mismatch',
    (user) => ({
      delivery: [
        'clerk',
        clerkEvent('user.created', { user }),
        { id: `msg_${user}`, env: { CLERK_INSTANCE_ID: 'ins_x' } },
      ],
    }),
    'ignored instance_mismatch',
    'ignored instance_mismatch',
  ],
  [
    'ignored connected_account',
    (user) => ({ delivery: ['stripe', { ...checkoutEvent(COMPLETED, { user }), account: 'acct_1' }] }),
    'ignored connected_account',
    'ignored connected_account',
  ],
]

function created(user: string): Delivery {
  return ['clerk', clerkEvent('user.created', { user, at: 1_000_000_000_000 }), { id: `msg_c_${user}` }]
}
function updated(user: string, later: number): Delivery {
  return [
    'clerk',
    clerkEvent('user.updated', { user, at: 1_000_000_000_000 + later }),
    { id: `msg_u_${user}` },
  ]
}
function deleted(user: string): Delivery {
  return ['clerk', clerkEvent('user.deleted', { user }), { id: `msg_d_${user}` }]
}
function paid(user: string, session: Record<string, unknown> = {}, payment = randomId('pi')): Delivery {
  return ['stripe', checkoutEvent(COMPLETED, { user, payment, session })]
}
const said = ({ outcome, reason }: Answer) => `${outcome} ${reason}`

describe('one delivery is one request and one statement', () => {
  it.each(outcomes)('%s, fresh and repeated', async (_name, story, fresh, repeated) => {
    const { before = [], delivery } = story(randomId('user'))
    for (const earlier of before) await deliver(...earlier)
    for (const expected of [fresh, repeated]) {
      const { result, requests, statements } = await counted(() => deliver(...delivery))
      expect(said(result)).toBe(expected)
      expect([requests, statements]).toEqual([1, 1])
    }
  })
})

describe('a database in trouble', () => {
  const user = () => randomId('user')

  it('that fails once is asked again, within the same delivery', async () => {
    for (const fault of ['before', 'after_commit', 'half_answer', 'unavailable']) {
      await failNext(fault)
      const { result, requests } = await counted(() =>
        deliver('clerk', clerkEvent('user.created', { user: user() })),
      )
      expect(result.status).toBe(200)
      expect(requests).toBe(2)
    }
  })
})

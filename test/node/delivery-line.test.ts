import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { deliveryLine } from '../../local/dev/delivery-line.ts'
import { type ExplainedDelivery, outcomeInWords } from '../../src/ops/explain.ts'

const line = (logged: object) =>
  stripVTControlCharacters(
    deliveryLine({ level: 'warn', ...logged } as Parameters<typeof deliveryLine>[0]),
  ).replace(/^\d\d:\d\d:\d\d {2}/, '')

test.for([
  [
    { cause: 'StripeInvalidRequestError', code: 'resource_missing', param: 'customer' },
    'it has no such customer (resource_missing)',
  ],
  [
    { cause: 'StripeInvalidRequestError', code: 'resource_missing', param: 'id' },
    'it has no such object (resource_missing)',
  ],
  [{ cause: 'StripeConnectionError', code: null, param: null }, 'a call failed: StripeConnectionError'],
  [
    { cause: 'StripeInvalidRequestError', code: 'parameter_unknown', param: 'mode' },
    'a call failed: parameter_unknown, mode',
  ],
] as const)('npm run dev says in words that Stripe has refused: %j', ([logged, words]) => {
  expect(line({ message: 'stripe', request: 'req_1', ...logged })).toBe(`stripe  ${words}  req_1`)
})

test.for([
  ['status 404', 'clerk  it has no user user_ada'],
  ['no answer', 'clerk  user_ada was not read: no answer'],
] as const)('npm run dev says in words why Clerk returned no user: %s', ([cause, words]) => {
  expect(line({ message: 'clerk', user: 'user_ada', cause })).toBe(words)
})

test.for([
  [
    { message: 'misconfigured', settings: ['PLANS'], reasons: ['PLANS: is not JSON'] },
    'misconfigured  PLANS: is not JSON',
  ],
  [
    { message: 'checkout', session: 'cs_1', outcome: 'applied', reason: null, user: 'user_ada' },
    'checkout  applied  user_ada  cs_1',
  ],
  [
    { message: 'queue', queue: 'ledgerhook-spill', deliveries: 3, later: 1, oldest_s: 9, cause: '57014' },
    'queue  3 from ledgerhook-spill, 1 left in it, the oldest 9 s old  57014',
  ],
  [
    { message: 'reconcile', pass: 'p', kind: 'recent', complete: true, looked: 53, found: 0, unseen: {} },
    'reconcile  the last two hours: 53 compared with Stripe and Clerk, none differ',
  ],
  [
    { message: 'reconcile', pass: 'p', kind: 'full', complete: true, looked: 1, found: 1, unseen: {} },
    'reconcile  everything: 1 compared with Stripe and Clerk, 1 differs',
  ],
  [
    { message: 'reconcile', pass: 'p', kind: 'full', looked: 53, found: 4, unseen: { refunds: 'denied' } },
    'reconcile  everything: 53 compared with Stripe and Clerk, 4 differ  not compared: refunds (denied)',
  ],
  [
    {
      message: 'difference',
      pass: 'p',
      says: 'credited, no such payment',
      provider: 'stripe',
      object: 'pi_1',
      kind: 'no_such_payment',
      user_id: 'user_ada',
      credits: -500,
      amount: 500,
      outcome: null,
      reason: null,
      currency: 'usd',
      fixed: false,
    },
    'difference  credited, no such payment: pi_1  user_ada  -500 credits',
  ],
  [
    { message: 'difference', says: 'refunded there, not here', object: 're_1', credits: -1, fixed: false },
    'difference  refunded there, not here: re_1  -1 credit',
  ],
  [
    { message: 'difference', says: 'paid there, not here', object: 'pi_3', credits: 1200, fixed: false },
    'difference  paid there, not here: pi_3  1,200 credits',
  ],
  [
    {
      message: 'difference',
      says: 'paid there, not here',
      object: 'pi_2',
      user_id: null,
      credits: null,
      outcome: 'parked',
      reason: 'unknown_user',
      fixed: true,
    },
    'difference  paid there, not here: pi_2  parked / unknown_user  corrected',
  ],
  [
    {
      message: 'alert',
      id: 'alert_1',
      change: 'opened',
      critical: false,
      about: null,
      value: 4,
      alert: 'difference',
      details: {},
      closed_at: null,
      threshold: 1,
    },
    'alert  opened: Objects that differ from what Stripe or Clerk have: 4  difference, from 1 on',
  ],
  [
    {
      message: 'alert',
      change: 'opened',
      critical: true,
      about: 'unknown_user',
      value: 25.00011031388889,
      alert: 'parked_age',
      threshold: 24,
    },
    'alert  opened: Hours for which the oldest delivery has waited: 25  unknown_user  parked_age, from 24 on  critical',
  ],
  [
    { message: 'alert', change: 'opened', about: null, value: null, alert: 'database_away', threshold: null },
    'alert  opened: A scheduled run could not reach the database  database_away',
  ],
  [
    {
      message: 'attention',
      reason: 'wrong_stripe_key',
      key: { account: 'acct_2', livemode: false },
      serves: { account: 'acct_1', livemode: true },
    },
    'attention  wrong_stripe_key  the key is of acct_2 in test mode, the database serves acct_1 in live mode',
  ],
  [
    {
      message: 'attention',
      reason: 'wrong_stripe_key',
      key: { account: 'acct_2', livemode: null },
      serves: { account: 'acct_1', livemode: null },
    },
    'attention  wrong_stripe_key  the key is of acct_2, the database serves acct_1',
  ],
  [
    {
      message: 'attention',
      outcome: 'rejected',
      reason: 'missing_email',
      deliveries: 2,
      oldest: '2026-11-26',
    },
    'attention  2 × rejected / missing_email  the oldest of 2026-11-26',
  ],
  [
    { message: 'attention', reason: 'undelivered_event', count: '10,000+' },
    'attention  10,000+ × undelivered_event',
  ],
  [{ message: 'task failed', task: 'reconcile', cause: '57014' }, 'task failed  task=reconcile  cause=57014'],
] as const)('npm run dev says in words what the Worker has logged: %j', ([logged, words]) => {
  expect(line(logged)).toBe(words)
})

test.for([
  [{ state: 'sent', status: 204 }, 'sent, 204'],
  [{ state: 'open', status: 500 }, 'not accepted (500), will be sent again'],
  [{ state: 'open', status: null, cause: 'Error' }, 'not accepted (no response), will be sent again'],
  [{ state: 'undelivered', status: 404 }, 'given up (404)'],
] as const)('npm run dev says in words what became of an event for your app: %j', ([logged, words]) => {
  const told = line({ message: 'event', type: 'user.created', user: 'user_ada', event: 'out_1', ...logged })
  expect(told.replaceAll(/ {2,}/g, '  ')).toBe(`told  user.created  ${words}  user_ada  out_1`)
})

test.for([
  ['applied', null, 'applied, released from parking'],
  ['ignored', 'before_start', 'ignored / before_start, released from parking'],
  ['parked', 'unknown_invoice', 'parked / unknown_invoice, looked at again'],
  ['rejected', 'invalid_metadata', 'rejected / invalid_metadata, looked at again'],
  ['ignored', 'settled_by_hand', 'ignored / settled_by_hand, looked at again'],
] as const)('a delivery that was decided again is %s / %s in words', ([outcome, reason, words]) => {
  expect(outcomeInWords({ outcome, reason, via: 'release' } as ExplainedDelivery)).toBe(words)
})

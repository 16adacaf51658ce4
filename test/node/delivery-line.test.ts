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
  ['applied', null, 'applied, released from parking'],
  ['ignored', 'before_start', 'ignored / before_start, released from parking'],
  ['parked', 'unknown_invoice', 'parked / unknown_invoice, looked at again'],
  ['rejected', 'invalid_metadata', 'rejected / invalid_metadata, looked at again'],
  ['ignored', 'settled_by_hand', 'ignored / settled_by_hand, looked at again'],
] as const)('a delivery that was decided again is %s / %s in words', ([outcome, reason, words]) => {
  expect(outcomeInWords({ outcome, reason, via: 'release' } as ExplainedDelivery)).toBe(words)
})

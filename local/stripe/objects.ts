import balanceTransactionFixture from '../fixtures/stripe-objects/balance_transaction.json' with {
  type: 'json',
}
import chargeFixture from '../fixtures/stripe-objects/charge.json' with { type: 'json' }
import sessionFixture from '../fixtures/stripe-objects/checkout.session.json' with { type: 'json' }
import customerFixture from '../fixtures/stripe-objects/customer.json' with { type: 'json' }
import disputeFixture from '../fixtures/stripe-objects/dispute.json' with { type: 'json' }
import invoiceFixture from '../fixtures/stripe-objects/invoice.json' with { type: 'json' }
import invoicePaymentFixture from '../fixtures/stripe-objects/invoice_payment.json' with { type: 'json' }
import lineItemFixture from '../fixtures/stripe-objects/line_item.json' with { type: 'json' }
import paymentIntentFixture from '../fixtures/stripe-objects/payment_intent.json' with { type: 'json' }
import paymentLinkFixture from '../fixtures/stripe-objects/payment_link.json' with { type: 'json' }
import priceFixture from '../fixtures/stripe-objects/price.json' with { type: 'json' }
import refundFixture from '../fixtures/stripe-objects/refund.json' with { type: 'json' }
import subscriptionFixture from '../fixtures/stripe-objects/subscription.json' with { type: 'json' }
import itemFixture from '../fixtures/stripe-objects/subscription_item.json' with { type: 'json' }
import { randomId } from '../ids.ts'
import type { Price } from './state.ts'

const fixtures = {
  customer: ['cus', customerFixture],
  'checkout.session': ['cs_test', sessionFixture],
  payment_intent: ['pi', paymentIntentFixture],
  charge: ['ch', chargeFixture],
  balance_transaction: ['txn', balanceTransactionFixture],
  refund: ['re', refundFixture],
  dispute: ['dp', disputeFixture],
  payment_link: ['plink', paymentLinkFixture],
  price: ['price', priceFixture],
  subscription: ['sub', subscriptionFixture],
  subscription_item: ['si', itemFixture],
  invoice: ['in', invoiceFixture],
  line_item: ['il', lineItemFixture],
  invoice_payment: ['inpay', invoicePaymentFixture],
} as const

/** Returns a new object of that kind: the fixture with a new id, and these members. */
export function create<T>(kind: keyof typeof fixtures, members: Record<string, unknown>): T {
  const [prefix, fixture] = fixtures[kind]
  return { ...structuredClone(fixture), id: randomId(prefix), ...members } as T
}

/** Returns a monthly price, for a plan. `unitAmount` is in minor units of the currency. */
export function recurringPrice(
  id: string,
  { unitAmount = 2000, currency = 'usd', lookupKey = null as string | null, interval = 'month' } = {},
): Price {
  const price = create<Price>('price', {
    id,
    currency,
    lookup_key: lookupKey,
    unit_amount: unitAmount,
    unit_amount_decimal: String(unitAmount),
  })
  Object.assign(price.recurring ?? {}, { interval })
  return price
}

/** Returns a price that is paid once. `unitAmount` is null if the buyer chooses the amount. */
export function oneTimePrice(id: string, unitAmount: number | null, currency = 'usd'): Price {
  const custom = { minimum: 50, maximum: null, preset: null }
  return create('price', {
    id,
    currency,
    recurring: null,
    type: 'one_time',
    unit_amount: unitAmount,
    unit_amount_decimal: unitAmount === null ? null : String(unitAmount),
    custom_unit_amount: unitAmount === null ? custom : null,
  })
}

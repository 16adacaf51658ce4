import * as z from 'zod'
import { among, created, type Filter, filter, flag, type Listing, member, oneOf } from './lists.ts'
import { bool } from './params.ts'
import type { State, StripeObject } from './state.ts'

const EVENTS_KEPT_S = 30 * 24 * 60 * 60

const charged = { charge: member('charge'), created, payment_intent: member('payment_intent') }

const SUBSCRIPTION_STATUSES = [
  'active',
  'past_due',
  'unpaid',
  'canceled',
  'incomplete',
  'incomplete_expired',
  'trialing',
  'paused',
  'all',
  'ended',
] as [string, ...string[]]

const itemsOf = (subscription: StripeObject) =>
  (subscription.items as { data: { price: { id: string } }[] }).data

const subscriptionOf = ({ parent }: StripeObject) =>
  (parent as { subscription_details?: { subscription?: string } } | null)?.subscription_details?.subscription

interface Paid {
  type: string
  payment_intent?: string
}

/** `status: all` includes ended subscriptions, which are not listed otherwise (Stripe: list subscriptions). */
const subscriptionStatus = filter(z.enum(SUBSCRIPTION_STATUSES), ({ status }, given) => {
  if (given === 'all') return true
  if (given === 'ended') return status === 'canceled' || status === 'incomplete_expired'
  return status === given
})

/** The lists by path: their filters, and where their objects are in the state. */
export const listings: Record<string, Listing & { objects: keyof State }> = {
  '/v1/customers': {
    objects: 'customers',
    noun: 'customer',
    filters: { created, email: member('email') },
    shown: ({ deleted }) => !deleted,
  },
  '/v1/checkout/sessions': {
    objects: 'sessions',
    noun: 'checkout.session',
    filters: {
      created,
      customer: member('customer'),
      payment_intent: member('payment_intent'),
      subscription: member('subscription'),
      payment_link: member('payment_link'),
      status: oneOf('status', ['open', 'complete', 'expired']),
    },
  },
  '/v1/payment_intents': {
    objects: 'paymentIntents',
    noun: 'payment_intent',
    filters: { created, customer: member('customer') },
  },
  '/v1/charges': {
    objects: 'charges',
    noun: 'charge',
    filters: { created, customer: member('customer'), payment_intent: member('payment_intent') },
  },
  '/v1/refunds': { objects: 'refunds', noun: 'refund', filters: charged },
  '/v1/disputes': { objects: 'disputes', noun: 'dispute', filters: charged },
  '/v1/invoices': {
    objects: 'invoices',
    noun: 'invoice',
    filters: {
      created,
      customer: member('customer'),
      status: oneOf('status', ['draft', 'open', 'paid', 'uncollectible', 'void']),
      subscription: filter(z.string(), (invoice, given) => subscriptionOf(invoice) === given),
    },
  },
  '/v1/invoice_payments': {
    objects: 'invoicePayments',
    noun: 'invoice_payment',
    filters: {
      created,
      invoice: member('invoice'),
      status: oneOf('status', ['canceled', 'open', 'paid']),
      payment: filter(
        z.strictObject({ type: z.enum(['charge', 'payment_intent']), payment_intent: z.string().optional() }),
        ({ payment }, { type, payment_intent }) =>
          (payment as Paid).type === type && (payment as Paid).payment_intent === payment_intent,
      ),
    },
  },
  '/v1/subscriptions': {
    objects: 'subscriptions',
    noun: 'subscription',
    filters: {
      created,
      customer: member('customer'),
      status: subscriptionStatus,
      price: filter(z.string(), (subscription, given) =>
        itemsOf(subscription).some(({ price }) => price.id === given),
      ),
    },
    shown: ({ status }, given) => given.status !== undefined || status !== 'canceled',
  },
  '/v1/prices': {
    objects: 'prices',
    noun: 'price',
    filters: {
      active: flag('active'),
      created,
      currency: member('currency'),
      product: member('product'),
      lookup_keys: among('lookup_key', 10),
      type: oneOf('type', ['one_time', 'recurring']),
    },
  },
  '/v1/products': {
    objects: 'products',
    noun: 'product',
    filters: { active: flag('active'), created, ids: among('id', 100) },
  },
  '/v1/billing_portal/configurations': {
    objects: 'portalConfigurations',
    noun: 'configuration',
    filters: { active: flag('active'), is_default: flag('is_default') },
  },
  '/v1/webhook_endpoints': {
    objects: 'webhookEndpoints',
    noun: 'webhook endpoint',
    filters: {},
  },
}

/**
 * Returns the list of events. Stripe keeps them for 30 days. `delivered` has the ids of those that every endpoint has
 * accepted.
 */
export function eventListing(delivered: Map<string, true>, now: number): Listing {
  const types: Filter = filter(z.array(z.string()).max(20), ({ type }, given) => given.includes(String(type)))
  return {
    noun: 'event',
    filters: {
      created,
      type: member('type'),
      types,
      delivery_success: filter(bool, ({ id }, given) => delivered.has(id) === given),
    },
    shown: ({ created: at }) => Number(at) > now - EVENTS_KEPT_S,
  }
}

/** The objects that can be read by id, except those with a file of their own. */
export const readable: Record<string, { objects: keyof State; noun: string }> = Object.fromEntries(
  Object.entries({
    ...listings,
    '/v1/events': { objects: 'events' as const, noun: 'event' },
    '/v1/balance_transactions': { objects: 'balanceTransactions' as const, noun: 'balance transaction' },
  }).map(([path, { objects, noun }]) => [path, { objects, noun }]),
)

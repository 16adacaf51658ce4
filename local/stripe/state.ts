import { productOf, savedPortal } from './catalog.ts'
import type { StripeObject } from './object.ts'

export type { StripeObject }

/** An endpoint to which events are sent. */
export interface WebhookEndpoint extends StripeObject {
  url: string
  enabled_events: string[]
  status: 'enabled' | 'disabled'
  api_version: string | null
}

/** A destination of events in Stripe's v2 API, which can also get thin payloads. */
export interface EventDestination extends StripeObject {
  object: 'v2.core.event_destination'
  event_payload: 'snapshot' | 'thin'
  enabled_events: string[]
  status: 'enabled' | 'disabled'
  type: string
  webhook_endpoint: { url: string }
}

export type Metadata = Record<string, string>

export interface Customer extends StripeObject {
  deleted?: true
}

export interface Price extends StripeObject {
  currency: string
  /** Null if the buyer chooses the amount, within the limits of `custom_unit_amount`. */
  unit_amount: number
  recurring: { interval: 'day' | 'week' | 'month' | 'year'; interval_count: number } | null
}

export interface Session extends StripeObject {
  mode: 'payment' | 'subscription'
  status: 'open' | 'complete' | 'expired'
  payment_status: 'paid' | 'unpaid' | 'no_payment_required'
  amount_total: number
  currency: string
  customer: string | null
  payment_intent: string | null
  subscription: string | null
  success_url: string
  cancel_url: string | null
  expires_at: number
  metadata: Metadata
}

/** A movement of the account's money, in minor units of the settlement currency, before fees. */
export interface BalanceTransaction extends StripeObject {
  amount: number
  currency: string
}

export interface Charge extends StripeObject {
  amount: number
  amount_refunded: number
  currency: string
  customer: string | null
  payment_intent: string | null
  balance_transaction: string
}

export interface Refund extends StripeObject {
  amount: number
  charge: string
  payment_intent: string | null
  status: 'succeeded' | 'failed'
}

export interface Dispute extends StripeObject {
  amount: number
  currency: string
  charge: string
  status: 'needs_response' | 'won' | 'lost'
  balance_transactions: BalanceTransaction[]
}

export interface SubscriptionItem extends StripeObject {
  price: Price
  quantity: number
  current_period_start: number
  current_period_end: number
}

export interface Subscription extends StripeObject {
  status: 'active' | 'trialing' | 'past_due' | 'paused' | 'canceled'
  customer: string
  items: { data: SubscriptionItem[] }
  cancel_at_period_end: boolean
  metadata: Metadata
}

export interface Charged {
  id: string
  line: StripeObject
}

/** What a session sells. Stripe stores it, and shows the lines by a separate call. */
export interface Order {
  lines: OrderLine[]
  /** The metadata for the payment intent, or for the subscription. */
  metadata: Metadata
  trialDays: number | null
}

export interface OrderLine {
  name: string
  price: Price
  quantity: number
  /** The quantities that the buyer may choose. */
  adjustable: { minimum: number; maximum: number } | null
}

/** A page that sells the same to everybody. Each visit creates a session. */
export interface PaymentLink extends StripeObject {
  active: boolean
  metadata: Metadata
}

export interface Event extends StripeObject {
  type: string
  created: number
  data: { object: StripeObject; previous_attributes?: Record<string, unknown> }
}

export function createState() {
  return {
    customers: new Map<string, Customer>(),
    prices: new Map<string, Price>(),
    sessions: new Map<string, Session>(),
    /** The orders, by the id of the session or of the payment link. */
    orders: new Map<string, Order>(),
    links: new Map<string, PaymentLink>(),
    paymentIntents: new Map<string, StripeObject>(),
    charges: new Map<string, Charge>(),
    balanceTransactions: new Map<string, BalanceTransaction>(),
    refunds: new Map<string, Refund>(),
    disputes: new Map<string, Dispute>(),
    subscriptions: new Map<string, Subscription>(),
    invoices: new Map<string, StripeObject>(),
    /** The last charge for each item of a subscription. */
    charged: new Map<string, Charged>(),
    /** Lines that wait for the next invoice, by subscription. */
    pendingLines: new Map<string, StripeObject[]>(),
    invoicePayments: new Map<string, StripeObject>(),
    products: new Map<string, StripeObject>(),
    portalConfigurations: byId([savedPortal()]),
    webhookEndpoints: new Map<string, WebhookEndpoint>(),
    /** Their secrets, which Stripe shows once. */
    endpointSecrets: new Map<string, string>(),
    eventDestinations: new Map<string, EventDestination>(),
    events: new Map<string, Event>(),
    /** The ids of events that every endpoint has accepted. */
    delivered: new Map<string, true>(),
  }
}

const byId = (objects: StripeObject[]) => new Map(objects.map((object) => [object.id, object]))

export type State = ReturnType<typeof createState>

/** Adds prices that do not exist, each with its product. */
export function addPrices({ prices, products }: State, added: Price[]): void {
  for (const price of added) {
    if (prices.has(price.id)) continue
    prices.set(price.id, price)
    const product = productOf(price)
    if (!products.has(product.id)) products.set(product.id, product)
  }
}

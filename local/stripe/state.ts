/** An object of Stripe's API. The types name the members that this stand-in uses; the others come from the fixtures. */
export interface StripeObject {
  [member: string]: unknown
  id: string
  object: string
}

export type Metadata = Record<string, string>

export interface Customer extends StripeObject {
  deleted?: true
}

export interface Price extends StripeObject {
  currency: string
  /** Null where the buyer chooses the amount: `custom_unit_amount` says within which limits. */
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

/** What a session sells. Stripe keeps it, and shows the lines by a call of their own. */
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

/** A page that sells the same to everybody, and makes a session for each. */
export interface PaymentLink extends StripeObject {
  active: boolean
  metadata: Metadata
}

export interface Event extends StripeObject {
  type: string
  created: number
  data: { object: StripeObject; previous_attributes?: Record<string, unknown> }
}

export function createState(prices: Price[]) {
  return {
    customers: new Map<string, Customer>(),
    prices: new Map(prices.map((price) => [price.id, price])),
    sessions: new Map<string, Session>(),
    /** The orders, by the id of the session or of the payment link. */
    orders: new Map<string, Order>(),
    links: new Map<string, PaymentLink>(),
    paymentIntents: new Map<string, StripeObject>(),
    subscriptions: new Map<string, Subscription>(),
    invoices: new Map<string, StripeObject>(),
    events: new Map<string, Event>(),
  }
}

export type State = ReturnType<typeof createState>

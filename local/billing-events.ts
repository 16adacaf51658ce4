import customerDeleted from './fixtures/stripe/customer.deleted.made-2026.json' with { type: 'json' }
import subscriptionCreated from './fixtures/stripe/customer.subscription.created.made-2026.json' with {
  type: 'json',
}
import subscriptionOf2020 from './fixtures/stripe/customer.subscription.created.recorded-2020-03-02.json' with {
  type: 'json',
}
import invoicePaid from './fixtures/stripe/invoice.paid.made-2026.json' with { type: 'json' }
import invoiceOf2020 from './fixtures/stripe/invoice.paid.recorded-2020-03-02.json' with { type: 'json' }
import invoicePaymentPaid from './fixtures/stripe/invoice_payment.paid.made-2026.json' with { type: 'json' }
import { type StampOptions, stamped } from './stamped.ts'

const changed = { ...subscriptionCreated, type: 'customer.subscription.updated' }
const ended = structuredClone<Event>(subscriptionCreated)
Object.assign(ended.data.object, { status: 'canceled', canceled_at: ended.created, ended_at: ended.created })
const paused = structuredClone<Event>(subscriptionCreated)
Object.assign(paused.data.object, { status: 'paused' })
const unpaid = structuredClone<Event>(invoicePaid)
Object.assign(unpaid.data.object, { status: 'open', amount_paid: 0, amount_remaining: 2000 })

/** One event of each type. Events about the same object differ little, so they are made from the fixture files. */
export const billingFixtures = {
  'customer.subscription.created': subscriptionCreated,
  'customer.subscription.updated': changed,
  'customer.subscription.paused': { ...paused, type: 'customer.subscription.paused' },
  'customer.subscription.resumed': { ...changed, type: 'customer.subscription.resumed' },
  'customer.subscription.deleted': { ...ended, type: 'customer.subscription.deleted' },
  'invoice.paid': invoicePaid,
  'invoice.payment_failed': { ...unpaid, type: 'invoice.payment_failed' },
  'invoice_payment.paid': invoicePaymentPaid,
  'customer.deleted': customerDeleted,
}

type BillingType = keyof typeof billingFixtures
export type SubscriptionType = Extract<BillingType, `customer.subscription.${string}`>

interface Event {
  created: number
  data: { object: Record<string, unknown>; previous_attributes?: Record<string, unknown> }
}

type EventOptions = Omit<StampOptions, 'livemode'>

/** Returns the fixture of that type, with some members of its object set or replaced. */
export function billingEvent(type: BillingType, object: object, options: EventOptions = {}) {
  const made = structuredClone<Event>(billingFixtures[type])
  Object.assign(made.data.object, object)
  return stamped(made, type, options)
}

export interface SubscriptionOptions extends EventOptions {
  subscription: string
  customer: string
  /** The user that its metadata names. Null: it has no metadata. */
  user?: string | null
  price?: string
  lookupKey?: string | null
  /** Unix seconds. */
  periodEnd?: number
  /** Members of the subscription to set or replace. */
  set?: Record<string, unknown>
  previous?: Record<string, unknown>
}

export function subscriptionEvent(type: SubscriptionType, options: SubscriptionOptions) {
  const { subscription, customer, user = null, set, previous } = options
  const event = billingEvent(
    type,
    { id: subscription, customer, metadata: user ? { user_id: user } : {}, items: itemsOf(options), ...set },
    options,
  )
  if (previous) event.data.previous_attributes = previous
  return event
}

/** Returns the one item of the fixture, with this price and period. */
export function itemsOf({
  price,
  lookupKey,
  periodEnd,
}: Omit<SubscriptionOptions, 'subscription' | 'customer'>) {
  const { items } = structuredClone(subscriptionCreated.data.object)
  for (const item of items.data) {
    if (periodEnd) item.current_period_end = periodEnd
    Object.assign(item.price, { ...(price && { id: price }), ...(lookupKey && { lookup_key: lookupKey }) })
  }
  return items
}

/** Returns a subscription event in the form from before 2025-03-31. */
export function subscriptionEventOf2020(options: SubscriptionOptions) {
  const event = structuredClone<Event>(subscriptionOf2020)
  const { subscription: id, customer, user, set } = options
  Object.assign(event.data.object, { id, customer, metadata: user ? { user_id: user } : {}, ...set })
  return stamped(event, 'customer.subscription.created', { event: `evt_2020_${id}`, ...options })
}

export interface InvoiceOptions extends EventOptions {
  invoice: string
  subscription: string
  customer: string
  /** The user that its subscription's metadata names. Null: it has no metadata. */
  user?: string | null
  reason?: string
  price?: string
  quantity?: number
  /** Minor units. */
  amount?: number
  /** Unix seconds. */
  periodStart?: number
  /** Members to set or replace in its one line and in the invoice. */
  line?: Record<string, unknown>
  set?: Record<string, unknown>
}

export function invoiceEvent(type: 'invoice.paid' | 'invoice.payment_failed', options: InvoiceOptions) {
  const {
    invoice: id,
    customer,
    user = null,
    reason = 'subscription_cycle',
    amount = 2000 * (options.quantity ?? 1),
    set,
  } = options
  const metadata = user ? { user_id: user } : {}
  const parent = {
    ...invoicePaid.data.object.parent,
    subscription_details: { metadata, subscription: options.subscription },
  }
  const lines = { ...invoicePaid.data.object.lines, data: [invoiceLine(options)] }
  const total = { total: amount, amount_paid: Math.max(0, amount) }
  const object = { id, customer, billing_reason: reason, ...total, parent, lines, ...set }
  return billingEvent(type, object, options)
}

/** Returns the one line of the fixture: by default the price costs 2000 a month. */
export function invoiceLine({
  price,
  quantity = 1,
  amount = 2000 * quantity,
  periodStart,
  line,
}: Partial<InvoiceOptions>) {
  const [made] = structuredClone(invoicePaid.data.object.lines.data)
  if (price && made) made.pricing.price_details.price = price
  if (periodStart && made) made.period.start = periodStart
  return { ...made, quantity, amount, ...line }
}

/**
 * Returns an invoice event in the form from before 2025-03-31: with its payment intent on the invoice, and its price on
 * the line.
 */
export function invoiceEventOf2020(options: InvoiceOptions & { payment: string | null }) {
  const event = structuredClone<Event>(invoiceOf2020)
  const { invoice: id, customer, subscription, price, amount = 2000, payment: payment_intent } = options
  const [template] = invoiceOf2020.data.object.lines.data
  const data = [
    {
      ...template,
      amount,
      price: {
        ...template?.price,
        unit_amount: 2000,
        unit_amount_decimal: '2000',
        ...(price && { id: price }),
      },
      ...options.line,
    },
  ]
  const lines = { ...invoiceOf2020.data.object.lines, data }
  const total = { total: amount, amount_paid: amount }
  Object.assign(event.data.object, { id, customer, subscription, ...total, payment_intent, lines })
  return { ...event, id: options.event ?? `evt_2020_${id}` }
}

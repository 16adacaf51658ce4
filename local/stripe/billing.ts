import { randomId } from '../ids.ts'
import type { Account } from './account.ts'
import { invalid } from './errors.ts'
import { type Billed, createInvoice, emitBilled, invoiceItemLine } from './invoices.ts'
import { create } from './objects.ts'
import { billPending, remember } from './pending.ts'
import { changing } from './previous.ts'
import type { Order, OrderLine, Price, StripeObject, Subscription, SubscriptionItem } from './state.ts'

/** Creates a subscription that has just been bought. */
export function startSubscription(account: Account, customer: string, order: Order): Subscription {
  const start = account.now()
  const id = randomId('sub')
  const trialEnd = order.trialDays === null ? null : start + order.trialDays * 86_400
  const [recurring, once] = [
    order.lines.filter(isRecurring),
    order.lines.filter((line) => !isRecurring(line)),
  ]
  const items = recurring.map(({ price, quantity }) =>
    create<SubscriptionItem>('subscription_item', {
      created: start,
      price,
      quantity,
      subscription: id,
      current_period_start: start,
      current_period_end: trialEnd ?? periodEnd(start, price.recurring),
    }),
  )
  const subscription = create<Subscription>('subscription', {
    id,
    customer,
    currency: order.lines[0]?.price.currency,
    metadata: order.metadata,
    created: start,
    start_date: start,
    billing_cycle_anchor: trialEnd ?? start,
    ...(trialEnd !== null && { trial_start: start, trial_end: trialEnd }),
    status: trialEnd === null ? 'active' : 'trialing',
    items: {
      object: 'list',
      data: items,
      has_more: false,
      url: `/v1/subscription_items?subscription=${id}`,
    },
  })
  account.state.subscriptions.set(id, subscription)
  if (once.length > 0)
    account.state.pendingLines.set(
      id,
      once.map((line) => oneTimeLine(line, start)),
    )
  const buyer = account.state.customers.get(customer)
  if (buyer) buyer.currency ??= subscription.currency
  return subscription
}

const isRecurring = ({ price }: OrderLine) => price.recurring !== null

/** A one-time price that is bought with a subscription: its first invoice charges it. */
const oneTimeLine = ({ name, price, quantity }: OrderLine, start: number): StripeObject =>
  invoiceItemLine(price.unit_amount * quantity, price.currency, start, {
    description: name,
    quantity,
    pricing: {
      type: 'price_details',
      price_details: { price: price.id, product: price.product },
      unit_amount_decimal: String(price.unit_amount),
    },
  })

type Recurring = Price['recurring']

export function periodEnd(start: number, recurring: Recurring): number {
  const { interval, interval_count } = recurring ?? { interval: 'month', interval_count: 1 }
  const end = new Date(start * 1000)
  if (interval === 'year') end.setUTCFullYear(end.getUTCFullYear() + interval_count)
  else if (interval === 'month') end.setUTCMonth(end.getUTCMonth() + interval_count)
  else end.setUTCDate(end.getUTCDate() + interval_count * (interval === 'week' ? 7 : 1))
  return end.getTime() / 1000
}

/** Begins the next period. Its invoice is paid, or the payment fails and the subscription is past due. */
export function renew(account: Account, subscription: Subscription, paid = true): void {
  let billed: Billed | undefined
  const previous = changing(subscription, () => {
    for (const item of subscription.items.data) {
      item.current_period_start = item.current_period_end
      item.current_period_end = periodEnd(item.current_period_start, item.price.recurring)
    }
    subscription.status = 'active'
    billed = bill(account, subscription, 'subscription_cycle', paid)
    if (billed.invoice.status === 'open') subscription.status = 'past_due'
  })
  account.emit('customer.subscription.updated', subscription, previous)
  if (billed) emitBilled(account, billed)
}

/** Creates an invoice for the current period and for pending lines, and its payment if it is paid. */
export function bill(account: Account, subscription: Subscription, reason: string, paid = true): Billed {
  // A trial's line costs nothing.
  const isFree = subscription.status === 'trialing'
  const lines = subscription.items.data.map((item) => {
    const line = lineOf(item, '', isFree)
    remember(account, item, line)
    return line
  })
  return createInvoice(account, subscription, reason, billPending(account, subscription, lines), paid)
}

export function lineOf(item: SubscriptionItem, invoice: string, isFree: boolean): StripeObject {
  const unit = isFree ? 0 : item.price.unit_amount
  const amount = unit * item.quantity
  return create('line_item', {
    invoice,
    amount,
    subtotal: amount,
    currency: item.price.currency,
    quantity: item.quantity,
    period: { start: item.current_period_start, end: item.current_period_end },
    parent: {
      type: 'subscription_item_details',
      invoice_item_details: null,
      subscription_item_details: {
        invoice_item: null,
        proration: false,
        proration_details: null,
        subscription: item.subscription,
        subscription_item: item.id,
      },
    },
    pricing: {
      type: 'price_details',
      price_details: { price: item.price.id, product: item.price.product },
      unit_amount_decimal: String(unit),
    },
  })
}

/** Cancels a subscription at once, for good. */
export function endNow(account: Account, subscription: Subscription): Subscription {
  if (subscription.status === 'canceled')
    throw invalid('A canceled subscription can only update its cancellation_details and metadata.')
  const now = account.now()
  Object.assign(subscription, {
    status: 'canceled',
    ended_at: now,
    canceled_at: subscription.canceled_at ?? now,
  })
  account.emit('customer.subscription.deleted', subscription)
  return subscription
}

import { randomId } from '../ids.ts'
import type { Account } from './account.ts'
import { chargeFor } from './charges.ts'
import { invalid } from './errors.ts'
import { create } from './objects.ts'
import { changing } from './previous.ts'
import type { Order, Price, StripeObject, Subscription, SubscriptionItem } from './state.ts'

/** Creates a subscription that has just been bought. */
export function startSubscription(account: Account, customer: string, order: Order): Subscription {
  const start = account.now()
  const id = randomId('sub')
  const trialEnd = order.trialDays === null ? null : start + order.trialDays * 86_400
  const items = order.lines.map(({ price, quantity }) =>
    create<SubscriptionItem>('subscription_item', {
      ...{ created: start, price, quantity, subscription: id, current_period_start: start },
      current_period_end: trialEnd ?? periodEnd(start, price.recurring),
    }),
  )
  const subscription = create<Subscription>('subscription', {
    ...{ id, customer, currency: order.lines[0]?.price.currency, metadata: order.metadata },
    ...{ created: start, start_date: start, billing_cycle_anchor: trialEnd ?? start },
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
  return subscription
}

type Recurring = Price['recurring']

function periodEnd(start: number, recurring: Recurring): number {
  const { interval, interval_count } = recurring ?? { interval: 'month', interval_count: 1 }
  const end = new Date(start * 1000)
  if (interval === 'year') end.setUTCFullYear(end.getUTCFullYear() + interval_count)
  else if (interval === 'month') end.setUTCMonth(end.getUTCMonth() + interval_count)
  else end.setUTCDate(end.getUTCDate() + interval_count * (interval === 'week' ? 7 : 1))
  return end.getTime() / 1000
}

/** Begins the next period. Its invoice is paid, or the payment fails and the subscription is past due. */
export function renew(account: Account, subscription: Subscription, paid = true): void {
  let billed: ReturnType<typeof bill> | undefined
  const previous = changing(subscription, () => {
    for (const item of subscription.items.data) {
      item.current_period_start = item.current_period_end
      item.current_period_end = periodEnd(item.current_period_start, item.price.recurring)
    }
    subscription.status = paid ? 'active' : 'past_due'
    billed = bill(account, subscription, 'subscription_cycle', paid)
  })
  account.emit('customer.subscription.updated', subscription, previous)
  if (billed) account.emit(paid ? 'invoice.paid' : 'invoice.payment_failed', billed.invoice)
  if (billed?.payment) account.emit('invoice_payment.paid', billed.payment)
}

/** Creates an invoice for the current period, and its payment where it is paid. */
export function bill(account: Account, subscription: Subscription, reason: string, paid = true) {
  const { id, customer, items, metadata } = subscription
  const invoiceId = randomId('in')
  // A trial's line costs nothing.
  const lines = items.data.map((item) => lineOf(item, invoiceId, subscription.status === 'trialing'))
  const amount = lines.reduce((sum, line) => sum + Number(line.amount), 0)
  const { currency } = items.data[0]?.price ?? { currency: 'usd' }
  const now = account.now()
  const invoice = create<StripeObject>('invoice', {
    ...{
      id: invoiceId,
      customer,
      currency,
      billing_reason: reason,
      created: now,
      status: paid ? 'paid' : 'open',
    },
    ...{ total: amount, subtotal: amount, amount_due: amount, attempted: true, attempt_count: 1 },
    ...{
      amount_paid: paid ? amount : 0,
      amount_remaining: paid ? 0 : amount,
      period_start: now,
      period_end: now,
    },
    parent: {
      type: 'subscription_details',
      quote_details: null,
      subscription_details: { subscription: id, metadata },
    },
    lines: { object: 'list', data: lines, has_more: false, url: `/v1/invoices/${invoiceId}/lines` },
    status_transitions: {
      finalized_at: now,
      marked_uncollectible_at: null,
      paid_at: paid ? now : null,
      voided_at: null,
    },
  })
  account.state.invoices.set(invoiceId, invoice)
  subscription.latest_invoice = invoiceId
  return { invoice, payment: paid && amount > 0 ? payInvoice(account, invoice, amount).payment : undefined }
}

function lineOf(item: SubscriptionItem, invoice: string, isFree: boolean): StripeObject {
  const unit = isFree ? 0 : item.price.unit_amount
  const amount = unit * item.quantity
  return create('line_item', {
    ...{ invoice, amount, subtotal: amount, currency: item.price.currency, quantity: item.quantity },
    period: { start: item.current_period_start, end: item.current_period_end },
    parent: {
      type: 'subscription_item_details',
      invoice_item_details: null,
      subscription_item_details: {
        ...{ invoice_item: null, proration: false, proration_details: null },
        ...{ subscription: item.subscription, subscription_item: item.id },
      },
    },
    pricing: {
      type: 'price_details',
      price_details: { price: item.price.id, product: item.price.product },
      unit_amount_decimal: String(unit),
    },
  })
}

/** Pays an invoice with a payment intent, which the invoice payment names (Stripe, since 2025-03-31). */
export function payInvoice(account: Account, invoice: StripeObject, amount: number) {
  const currency = String(invoice.currency)
  const intent = chargeFor(account, { amount, currency, customer: String(invoice.customer), metadata: {} })
  const payment = create<StripeObject>('invoice_payment', {
    ...{
      amount_paid: amount,
      amount_requested: amount,
      currency,
      created: account.now(),
      invoice: invoice.id,
    },
    payment: { type: 'payment_intent', payment_intent: intent.id },
    status_transitions: { canceled_at: null, paid_at: account.now() },
  })
  account.state.invoicePayments.set(payment.id, payment)
  return { intent, payment }
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

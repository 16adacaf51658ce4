import * as z from 'zod'
import type { Account } from './account.ts'
import { endNow, lineOf, periodEnd } from './billing.ts'
import { readBody } from './body.ts'
import { found, invalid } from './errors.ts'
import { type Billed, createInvoice, emitBilled } from './invoices.ts'
import { create } from './objects.ts'
import { billPending, pendingOf, remember } from './pending.ts'
import { changing } from './previous.ts'
import type { Charged, StripeObject, Subscription, SubscriptionItem } from './state.ts'

const change = z.strictObject({
  price: z.string().min(1),
  quantity: z.int().min(1).default(1),
  /** When to bill it: at once (`always_invoice`), at once with a new billing date, or with the next renewal. */
  when: z.enum(['now', 'reset', 'next']).default('now'),
  declined: z.boolean().default(false),
})

/**
 * Changes the plan of a subscription, as the portal or the Dashboard does: a credit and a charge for the remaining
 * time. Another interval begins a new period. Both lines are prorations, which do not contain the price of one unit;
 * with a new billing date, the charge is an ordinary line (as recorded in November 2025).
 */
export function changePlan(account: Account, subscription: Subscription, body: unknown): Subscription {
  const { price: priceId, quantity, when, declined } = readBody(change, body)
  const price = found(account.state.prices, 'price', priceId)
  const [item] = subscription.items.data
  if (!item) throw invalid('This subscription has no items.')
  const begins = when === 'reset' || price.recurring?.interval !== item.price.recurring?.interval
  const lines = [creditFor(account, item)].filter((line) => line !== null)

  let billed: Billed | undefined
  const previous = changing(subscription, () => {
    const now = momentOf(account, item.current_period_start)
    const left = begins
      ? 1
      : (item.current_period_end - now) / (item.current_period_end - item.current_period_start)
    Object.assign(item, { price, quantity })
    if (begins) {
      Object.assign(item, { current_period_start: now, current_period_end: periodEnd(now, price.recurring) })
      Object.assign(subscription, { billing_cycle_anchor: now })
    }
    const charge =
      when === 'reset'
        ? lineOf(item, '', false)
        : proration(item, now, Math.round(price.unit_amount * quantity * left))
    lines.push(charge)
    remember(account, item, charge)
    if (when === 'next' && !begins) {
      account.state.pendingLines.set(subscription.id, [...pendingOf(account, subscription), ...lines])
      return
    }
    billed = createInvoice(
      account,
      subscription,
      'subscription_update',
      billPending(account, subscription, lines),
      !declined,
    )
    if (billed.invoice.status === 'open') subscription.status = 'past_due'
  })
  account.emit('customer.subscription.updated', subscription, previous)
  if (billed) emitBilled(account, billed)
  return subscription
}

/** Ends a subscription at once. The credit for the remaining time goes to the customer's balance. */
export function cancelWithCredit(account: Account, subscription: Subscription): void {
  const credits = subscription.items.data
    .map((item) => creditFor(account, item))
    .filter((line) => line !== null)
  endNow(account, subscription)
  const lines = billPending(account, subscription, credits)
  emitBilled(account, createInvoice(account, subscription, 'subscription_update', lines, true))
}

/**
 * Returns the time of a change. A renewal here begins a period ahead of the clock, so a change after it is at the
 * period's start.
 */
const momentOf = (account: Account, start: number) => Math.max(account.now(), start)

function creditFor(account: Account, item: SubscriptionItem): StripeObject | null {
  const charged: Charged | undefined = account.state.charged.get(item.id)
  if (!charged) return null
  const { start, end } = charged.line.period as { start: number; end: number }
  const now = momentOf(account, start)
  const amount = -Math.round(Number(charged.line.amount) * Math.max(0, (end - now) / (end - start)))
  // Stripe refers to the credited line if its invoice exists.
  const credited = charged.line.invoice
    ? { invoice: charged.line.invoice, invoice_line_items: [charged.line.id] }
    : null
  return amount === 0 ? null : proration(item, now, amount, credited)
}

function proration(
  item: SubscriptionItem,
  now: number,
  amount: number,
  credited_items: object | null = null,
): StripeObject {
  const { currency, id: price, product } = item.price
  return create('line_item', {
    invoice: null,
    amount,
    subtotal: amount,
    currency,
    quantity: item.quantity,
    discountable: false,
    period: { start: now, end: item.current_period_end },
    parent: {
      type: 'subscription_item_details',
      invoice_item_details: null,
      subscription_item_details: {
        invoice_item: null,
        proration: true,
        proration_details: { credited_items },
        subscription: item.subscription,
        subscription_item: item.id,
      },
    },
    pricing: { type: 'price_details', price_details: { price, product }, unit_amount_decimal: null },
  })
}

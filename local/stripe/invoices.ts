import { randomId } from '../ids.ts'
import type { Account } from './account.ts'
import { chargeFor } from './charges.ts'
import { found, invalid } from './errors.ts'
import { create } from './objects.ts'
import { changing } from './previous.ts'
import type { StripeObject, Subscription } from './state.ts'

export interface Billed {
  invoice: StripeObject
  payment: StripeObject | undefined
}

/**
 * Creates an invoice of a subscription, and its payment if it is paid. The customer's balance pays first, and a
 * negative total is added to it (Stripe: customer balance).
 */
export function createInvoice(
  account: Account,
  subscription: Subscription,
  reason: string,
  linesOf: (invoice: string) => StripeObject[],
  paid: boolean,
): Billed {
  const { id, customer, items, metadata } = subscription
  const invoiceId = randomId('in')
  const lines = linesOf(invoiceId)
  const total = lines.reduce((sum, line) => sum + Number(line.amount), 0)
  const { starting, ending, due } = fromBalance(account, customer, total)
  const now = account.now()
  const invoice = create<StripeObject>('invoice', {
    id: invoiceId,
    customer,
    billing_reason: reason,
    created: now,
    currency: items.data[0]?.price.currency ?? 'usd',
    status: 'open',
    total,
    subtotal: total,
    amount_due: due,
    amount_paid: 0,
    amount_remaining: due,
    attempted: true,
    attempt_count: 1,
    period_start: now,
    period_end: now,
    starting_balance: starting,
    ending_balance: ending,
    parent: {
      type: 'subscription_details',
      quote_details: null,
      subscription_details: { subscription: id, metadata },
    },
    lines: { object: 'list', data: lines, has_more: false, url: `/v1/invoices/${invoiceId}/lines` },
    status_transitions: { finalized_at: now, marked_uncollectible_at: null, paid_at: null, voided_at: null },
  })
  account.state.invoices.set(invoiceId, invoice)
  subscription.latest_invoice = invoiceId
  // A payment of zero cannot be declined.
  return { invoice, payment: paid || due === 0 ? collect(account, invoice) : undefined }
}

/** Uses the customer's balance, which at Stripe is negative if the customer has money to spend. */
function fromBalance({ state }: Account, id: string, total: number) {
  const customer = state.customers.get(id)
  const starting = Number(customer?.balance ?? 0)
  const used = total < 0 ? total : Math.min(total, -Math.min(0, starting))
  const ending = starting + used
  if (customer) customer.balance = ending
  return { starting, ending, due: Math.max(0, total - used) }
}

function collect(account: Account, invoice: StripeObject): StripeObject | undefined {
  const due = Number(invoice.amount_due)
  Object.assign(invoice, { status: 'paid', amount_paid: due, amount_remaining: 0 })
  Object.assign(invoice.status_transitions as object, { paid_at: account.now() })
  return due > 0 ? payInvoice(account, invoice, due).payment : undefined
}

export function emitBilled(account: Account, { invoice, payment }: Billed): void {
  account.emit(invoice.status === 'paid' ? 'invoice.paid' : 'invoice.payment_failed', invoice)
  if (payment) account.emit('invoice_payment.paid', payment)
}

/** Pays an invoice with a payment intent, which the invoice payment names (Stripe, since 2025-03-31). */
export function payInvoice(account: Account, invoice: StripeObject, amount: number) {
  const currency = String(invoice.currency)
  const intent = chargeFor(account, { amount, currency, customer: String(invoice.customer), metadata: {} })
  const payment = create<StripeObject>('invoice_payment', {
    amount_paid: amount,
    amount_requested: amount,
    currency,
    created: account.now(),
    invoice: invoice.id,
    payment: { type: 'payment_intent', payment_intent: intent.id },
    status_transitions: { canceled_at: null, paid_at: account.now() },
  })
  account.state.invoicePayments.set(payment.id, payment)
  return { intent, payment }
}

/** The customer pays an open invoice, or the merchant voids it. Voiding returns the balance that it used. */
export function settleOpen(account: Account, id: string, how: 'pay' | 'void'): StripeObject {
  const invoice = found(account.state.invoices, 'invoice', id)
  if (invoice.status !== 'open') throw invalid(`This invoice is ${invoice.status}.`)
  if (how === 'pay') {
    emitBilled(account, { invoice, payment: collect(account, invoice) })
    recover(account, id)
    return invoice
  }
  const customer = account.state.customers.get(String(invoice.customer))
  const used = Number(invoice.total) - Number(invoice.amount_due)
  if (customer) customer.balance = Number(customer.balance ?? 0) - used
  Object.assign(invoice, { status: 'void' })
  Object.assign(invoice.status_transitions as object, { voided_at: account.now() })
  account.emit('invoice.voided', invoice)
  return invoice
}

/**
 * Makes a subscription active again when its latest invoice, for which it is past due, is paid (Stripe: subscription
 * statuses).
 */
function recover(account: Account, invoice: string): void {
  for (const subscription of account.state.subscriptions.values()) {
    if (subscription.latest_invoice !== invoice || subscription.status !== 'past_due') continue
    const previous = changing(subscription, () => {
      subscription.status = 'active'
    })
    account.emit('customer.subscription.updated', subscription, previous)
  }
}

export const linesOf = ({ state }: Account, id: string): object =>
  found(state.invoices, 'invoice', id).lines as object

/** Creates a line of an invoice that is no part of a subscription. */
export const invoiceItemLine = (amount: number, currency: string, at: number, more: object): StripeObject =>
  create('line_item', {
    amount,
    subtotal: amount,
    currency,
    period: { start: at, end: at },
    parent: {
      type: 'invoice_item_details',
      subscription_item_details: null,
      invoice_item_details: { invoice_item: randomId('ii'), proration: false, subscription: null },
    },
    ...more,
  })

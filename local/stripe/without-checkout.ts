import * as z from 'zod'
import type { Account } from './account.ts'
import { amount, currency, readBody } from './body.ts'
import { chargeFor } from './charges.ts'
import { liveCustomer } from './customers.ts'
import { invalid } from './errors.ts'
import { invoiceItemLine, payInvoice } from './invoices.ts'
import { create } from './objects.ts'
import { metadata } from './params.ts'
import type { StripeObject } from './state.ts'

const order = z.strictObject({
  amount,
  currency: currency.default('usd'),
  customer: z.string().min(1).optional(),
  metadata: metadata.default({}),
})

function readOrder(account: Account, body: unknown): z.output<typeof order> {
  const read = readBody(order, body)
  if (read.customer) liveCustomer(account, read.customer)
  return read
}

/** Makes a payment of your own code succeed: by Elements, or while the person is away. */
export function payDirectly(account: Account, body: unknown): StripeObject {
  const { customer = null, ...of } = readOrder(account, body)
  const intent = chargeFor(account, { ...of, customer })
  account.emit('payment_intent.succeeded', intent)
  return intent
}

/** Sends an invoice for one thing, and pays it. The payment has none of its metadata, because Stripe copies none. */
export function payOneOffInvoice(account: Account, body: unknown): StripeObject {
  const { amount, currency, customer, metadata } = readOrder(account, body)
  if (!customer) throw invalid('An invoice is for a customer.', { param: 'customer' })
  const now = account.now()
  const invoice = create<StripeObject>('invoice', {
    customer,
    currency,
    metadata,
    created: now,
    billing_reason: 'manual',
    status: 'paid',
    parent: null,
    total: amount,
    subtotal: amount,
    amount_due: amount,
    amount_paid: amount,
    amount_remaining: 0,
    attempted: true,
    attempt_count: 1,
    period_start: now,
    period_end: now,
  })
  invoice.lines = {
    object: 'list',
    has_more: false,
    url: `/v1/invoices/${invoice.id}/lines`,
    data: [invoiceItemLine(amount, currency, now, { invoice: invoice.id, quantity: 1 })],
  }
  account.state.invoices.set(invoice.id, invoice)
  const { intent, payment } = payInvoice(account, invoice, amount)
  account.emit('payment_intent.succeeded', intent)
  account.emit('invoice.paid', invoice)
  account.emit('invoice_payment.paid', payment)
  return invoice
}

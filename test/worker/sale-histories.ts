import { billingEvent } from '../../local/billing-events.ts'
import { checkoutEvent } from '../../local/events.ts'
import {
  paymentIntentEvent,
  paymentIntentEventOf2020,
  soldInvoiceEvent,
  soldInvoiceEventOf2020,
} from '../../local/payment-events.ts'

/** The event that reports a sale, which need not come from Checkout. `of 2020`: in the form from before 2025-03-31. */
export const SALES = [
  ...(['intent', 'invoice', 'all'] as const),
  ...(['intent of 2020', 'invoice of 2020', 'all of 2020'] as const),
] as const

type Send = (event: (about: { event: string; at: number }) => { id: string }) => void

/** The part of a world in which people pay without Checkout, or with an invoice for it. */
export function selling(namespace: string, send: Send, paid: (payment: string) => void) {
  let sales = 0
  return (user: string, customer: string, credits: number, how: (typeof SALES)[number]) => {
    const number = sales++
    const [payment, invoice] = [`pi_sold${number}_${namespace}`, `in_sold${number}_${namespace}`]
    const sale = { user, customer, credits, payment }
    paid(payment)
    const isOld = how.endsWith('of 2020')
    const hasInvoice = !how.startsWith('intent')
    if (!how.startsWith('invoice')) {
      const intent = { ...sale, invoice: hasInvoice ? invoice : null }
      send((about) => (isOld ? paymentIntentEventOf2020 : paymentIntentEvent)({ ...about, ...intent }))
    }
    if (hasInvoice)
      send((about) => (isOld ? soldInvoiceEventOf2020 : soldInvoiceEvent)({ ...about, ...sale, invoice }))
    if (hasInvoice && !isOld) {
      const intent = { type: 'payment_intent', payment_intent: payment }
      const link = { id: `inpay_${payment}`, invoice, payment: intent }
      send((about) => billingEvent('invoice_payment.paid', link, about))
    }
    if (how.startsWith('all')) {
      const session = { payment_status: 'paid', customer, currency: 'usd', invoice }
      send((about) => checkoutEvent('checkout.session.completed', { ...about, ...sale, session }))
    }
  }
}

interface Reported {
  type: string
  data: { object: Record<string, unknown> & { id: string; payment?: { payment_intent?: string } } }
}

/** Returns the invoice that each payment of these events has paid. */
export function invoicesPaid(events: Reported[]): Map<string, string> {
  const pairs = events.flatMap(({ type, data: { object } }) => {
    if (type === 'invoice_payment.paid') return [[object.payment?.payment_intent, object.invoice]]
    return type === 'invoice.paid' && object.payment_intent ? [[object.payment_intent, object.id]] : []
  })
  return new Map(pairs as [string, string][])
}

const list = (...data: object[]) => ({ body: { object: 'list', data, has_more: false, url: '/v1' } })

/**
 * Stripe's API responses about the payments of these events, each by its own id, because other tests ask the same
 * Stripe.
 */
export function scriptedPayments(events: Reported[]) {
  const paid = invoicesPaid(events)
  const intents = events.filter(({ type }) => type === 'payment_intent.succeeded')
  return Object.fromEntries(
    intents.flatMap(({ data: { object } }) => {
      const invoice = paid.get(object.id)
      const payment = { id: `inpay_${object.id}`, object: 'invoice_payment', invoice, status: 'paid' }
      return [
        [
          `GET /v1/invoice_payments?payment[payment_intent]=${object.id}`,
          list(...(invoice ? [payment] : [])),
        ],
        [`GET /v1/checkout/sessions?payment_intent=${object.id}`, list()],
      ]
    }),
  )
}

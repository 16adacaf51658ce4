import Stripe from 'stripe'
import type { Effect } from '../db.ts'
import * as payments from '../payments/verbs.ts'
import { read } from '../webhook/provider.ts'
import { reference } from './payload.ts'
import { READ } from './thin.ts'

/**
 * Which invoice a PaymentIntent has paid. Since 2025-03-31 it does not say so itself. Checkout may make the invoice after
 * the payment (`invoice_creation`): until it is there, nothing says by which id the sale is named, and this returns null.
 * @throws StripeError
 */
export async function readInvoiceOf(stripe: Stripe, payment: payments.Payment): Promise<Effect | null> {
  const payment_intent = payment.stripe_payment_intent_id
  if (payment_intent === null) return null
  const [paid, sessions] = await Promise.all([
    stripe.invoicePayments.list({ payment: { type: 'payment_intent', payment_intent } }, READ),
    stripe.checkout.sessions.list({ payment_intent, limit: 1 }, READ).catch(noneIfRefused),
  ])
  const [session] = sessions.data
  const named = paid.data.find(({ status }) => status !== 'canceled')?.invoice ?? session?.invoice
  if (!named && session?.invoice_creation?.enabled) return null
  const invoice = named ? read(reference, named) : null
  return payments.settle({
    ...payment,
    stripe_payment_id: invoice ?? payment_intent,
    stripe_invoice_id: invoice,
    stripe_checkout_session_id: session?.id ?? null,
    invoice_unknown: false,
  })
}

/** A key that may not read Checkout Sessions is of an app that does not sell by them. */
function noneIfRefused(error: unknown): { data: Stripe.Checkout.Session[] } {
  const status = error instanceof Stripe.errors.StripeError ? (error.statusCode ?? 500) : 500
  if (status >= 500 || status === 429) throw error
  return { data: [] }
}

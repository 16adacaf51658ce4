import Stripe from 'stripe'
import type { Effect } from '../db.ts'
import * as payments from '../payments/verbs.ts'
import type { Settings } from '../settings.ts'
import type { Verdict } from '../webhook/outcome.ts'
import { read } from '../webhook/provider.ts'
import { isBeforeStart } from './before-start.ts'
import { reference } from './payload.ts'
import { READ } from './thin.ts'

const BEFORE_START: Verdict = { outcome: 'ignored', reason: 'before_start' }

/**
 * Reads which invoice a PaymentIntent has paid, and which session made it: since 2025-03-31 it does not say so itself.
 * Checkout may create the invoice after the payment (`invoice_creation`): until then, nothing gives the id that names
 * the sale, and this returns null. What a session or an invoice from before `CREDIT_SINCE` sold is not credited.
 * @throws StripeError
 */
export async function readInvoiceOf(
  stripe: Stripe,
  payment: payments.Payment,
  settings: Settings,
): Promise<Effect | Verdict | null> {
  const paidInvoice = payment.stripe_invoice_id
  const payment_intent = payment.stripe_payment_intent_id ?? (await readPaymentOf(stripe, paidInvoice))
  const { created = null } = payment
  const known = { ...payment, created, invoice_unknown: false, session_unknown: false }
  // It was paid outside Stripe, or nothing was due: no session made it.
  if (payment_intent === null) return paidInvoice === null ? null : payments.settle(known)
  const [paid, sessions] = await Promise.all([
    paidInvoice === null
      ? stripe.invoicePayments.list({ payment: { type: 'payment_intent', payment_intent } }, READ)
      : { data: [] },
    stripe.checkout.sessions.list({ payment_intent, limit: 1 }, READ).catch(noneIfRefused),
  ])
  const [session] = sessions.data
  if (isBeforeStart(session, settings)) return BEFORE_START
  const named =
    paidInvoice ?? paid.data.find(({ status }) => status !== 'canceled')?.invoice ?? session?.invoice
  if (!named && session?.invoice_creation?.enabled) return null
  const invoice = named ? read(reference, named) : null
  if (invoice && !session && settings.CREDIT_SINCE) {
    if (isBeforeStart(await stripe.invoices.retrieve(invoice, {}, READ), settings)) return BEFORE_START
  }
  return payments.settle({
    ...known,
    stripe_payment_id: invoice ?? payment_intent,
    stripe_invoice_id: invoice,
    stripe_checkout_session_id: session?.id ?? null,
  })
}

/** Returns the PaymentIntent that has paid an invoice, or null if none has. */
async function readPaymentOf(stripe: Stripe, invoice: string | null): Promise<string | null> {
  if (invoice === null) return null
  const { data } = await stripe.invoicePayments.list({ invoice, status: 'paid' }, READ)
  const [found] = data.flatMap(({ payment }) => payment.payment_intent ?? [])
  return found ? read(reference, found) : null
}

/** Returns no sessions if the key may not read them: it is of an app that does not sell by Checkout. */
export function noneIfRefused(error: unknown): { data: Stripe.Checkout.Session[] } {
  const status = error instanceof Stripe.errors.StripeError ? (error.statusCode ?? 500) : 500
  if (status >= 500 || status === 429) throw error
  return { data: [] }
}

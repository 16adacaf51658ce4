import type Stripe from 'stripe'
import type { Effect } from '../db.ts'
import type * as payments from '../payments/verbs.ts'
import type { Settings } from '../settings.ts'
import * as subscriptions from '../subscriptions/verbs.ts'
import { type Provider, read } from '../webhook/provider.ts'
import { unconditional } from './app-tag.ts'
import { stripeClient } from './client.ts'
import { readEarlierPayment } from './earlier-payment.ts'
import { readSold } from './lines.ts'
import { readCredited, readLines, unread } from './read-invoice.ts'
import { readRate, readRefunds } from './read-reversal.ts'
import { stateOf, subscriptionSchema } from './subscription.ts'
import { READ } from './thin.ts'
import { readInvoiceOf } from './unlinked-payment.ts'

/** Asks Stripe for what an event leaves open. Null if that fails: the delivery stays parked. */
export const resolve: NonNullable<Provider['resolve']> = async (parked, effect, settings, fetcher) => {
  const { reason } = parked
  const { facts } = unconditional(effect)
  const stripe = stripeClient(settings, fetcher)
  try {
    if (reason === 'ambiguous_order')
      return await readSubscription(stripe, facts as unknown as subscriptions.ReportedSubscription, settings)
    if (reason === 'unlinked_payment')
      return await readInvoiceOf(stripe, facts as unknown as payments.Payment, settings)
    if (reason === 'incomplete_invoice' || reason === 'unknown_price') {
      const invoice = facts as unknown as payments.CreditedInvoice
      return (await readLines(stripe, invoice, settings).catch(() => null)) ?? unread(invoice)
    }
    if (reason === 'unknown_invoice')
      return await readCredited(stripe, facts as unknown as payments.CreditedInvoice, settings)
    if (reason === 'currency_mismatch') return await readRate(stripe, facts as unknown as payments.Reversal)
    if (reason === 'incomplete_refunds')
      return await readRefunds(stripe, facts as unknown as payments.Reversal)
    // Only for a delivery: a comparison of all refunds would make a request for each.
    if (reason === 'unknown_payment' && 'user_id' in parked)
      return await readEarlierPayment(stripe, facts as unknown as payments.Reversal, settings)
    if (reason === 'incomplete_session')
      return await readSold(stripe, facts as unknown as payments.SoldSession, settings)
  } catch {
    // Stripe is unreachable, limits our requests, or returned a form that we cannot read.
  }
  return null
}

/** Reads a subscription with two changes in one second: what Stripe returns now is at least as new as both. */
async function readSubscription(
  stripe: Stripe,
  reported: subscriptions.ReportedSubscription,
  settings: Settings,
): Promise<Effect> {
  const current = await stripe.subscriptions.retrieve(reported.stripe_subscription_id, {}, READ)
  const state = stateOf(read(subscriptionSchema, current), settings.PLANS)
  return subscriptions.sync({ ...reported, source: 'read', state, previous: null })
}

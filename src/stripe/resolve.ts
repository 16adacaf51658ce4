import type Stripe from 'stripe'
import type { Effect } from '../db.ts'
import * as payments from '../payments/verbs.ts'
import type { Settings } from '../settings.ts'
import * as subscriptions from '../subscriptions/verbs.ts'
import type { Verdict } from '../webhook/outcome.ts'
import { type Provider, read } from '../webhook/provider.ts'
import { stripeClient } from './client.ts'
import { grantsOf, invoiceLine, isKnown, isPeriod } from './invoice.ts'
import { readSold } from './lines.ts'
import { readRate, readRefunds } from './read-reversal.ts'
import { stateOf, subscriptionSchema } from './subscription.ts'
import { READ } from './thin.ts'
import { readInvoiceOf } from './unlinked-payment.ts'

/** What Stripe says about what an event leaves open. Null when it could not be had: the delivery stays parked. */
export const resolve: NonNullable<Provider['resolve']> = async ({ reason }, { facts }, settings, fetcher) => {
  const stripe = stripeClient(settings, fetcher)
  try {
    if (reason === 'ambiguous_order')
      return await readSubscription(stripe, facts as unknown as subscriptions.ReportedSubscription, settings)
    if (reason === 'unlinked_payment')
      return await readInvoiceOf(stripe, facts as unknown as payments.Payment)
    if (reason === 'incomplete_invoice' || reason === 'unknown_price') {
      return await readLines(stripe, facts as unknown as payments.PaidInvoice, settings)
    }
    if (reason === 'currency_mismatch') return await readRate(stripe, facts as unknown as payments.Reversal)
    if (reason === 'incomplete_refunds')
      return await readRefunds(stripe, facts as unknown as payments.Reversal)
    if (reason === 'incomplete_session')
      return await readSold(stripe, facts as unknown as payments.SoldSession, settings)
  } catch {
    // Unreachable, over its limits, or of a form we cannot read.
  }
  return null
}

/** Two changes of one second: what Stripe says now is as new as both. */
async function readSubscription(
  stripe: Stripe,
  reported: subscriptions.ReportedSubscription,
  settings: Settings,
): Promise<Effect> {
  const current = await stripe.subscriptions.retrieve(reported.stripe_subscription_id, {}, READ)
  const state = stateOf(read(subscriptionSchema, current), settings.PLANS)
  return subscriptions.sync({ ...reported, source: 'read', state, previous: null })
}

const MOST_LINES = 1_000

/** An event carries the first lines of its invoice only, and pending items come before the plan's. */
async function readLines(
  stripe: Stripe,
  invoice: payments.PaidInvoice,
  settings: Settings,
): Promise<Effect | Verdict | null> {
  const lines = await stripe.invoices
    .listLineItems(invoice.stripe_invoice_id, { limit: 100 }, READ)
    .autoPagingToArray({ limit: MOST_LINES })
  // A part of them would settle the invoice: it stays parked, and `attention` reports it.
  if (lines.length === MOST_LINES) return null
  const periods = lines.map((line) => read(invoiceLine, line)).filter(isPeriod)
  const grants = grantsOf(periods, settings.PLANS)
  if (grants.length > 0) return payments.grantPlan({ ...invoice, grants, unknown: null })
  // With a period whose price no setting knows now, it waits: a setting that is wrong for a minute gives up no money.
  if (!periods.every((line) => isKnown(line, settings.PLANS))) return null
  return { outcome: 'ignored', reason: 'no_effect' }
}

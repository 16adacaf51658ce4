import type Stripe from 'stripe'
import { grantPlan, type PaidInvoice } from '../payments/verbs.ts'
import type { Effect } from '../db.ts'
import type { Settings } from '../settings.ts'
import { syncSubscription, type ToldSubscription } from '../subscriptions/verbs.ts'
import type { Verdict } from '../webhook/outcome.ts'
import { type Provider, read } from '../webhook/provider.ts'
import { stripeClient } from './client.ts'
import { grantsOf, invoiceLine } from './invoice.ts'
import { stateOf, subscriptionSchema } from './subscription.ts'

/** Within a delivery, whose sender waits: the scheduled run has another minute. */
const READ: Stripe.RequestOptions = { timeout: 2_000, maxNetworkRetries: 0 }

/** Stripe's own answer to what an event leaves open. Null when it could not be had: the delivery stays parked. */
export const resolve: NonNullable<Provider['resolve']> = async ({ reason }, { facts }, settings) => {
  try {
    if (reason === 'ambiguous_order')
      return await readSubscription(facts as unknown as ToldSubscription, settings)
    if (reason === 'incomplete_invoice') return await readLines(facts as unknown as PaidInvoice, settings)
  } catch {
    // Unreachable, over its limits, or of a form we cannot read.
  }
  return null
}

/** Two changes of one second: what Stripe says now is as new as both. */
async function readSubscription(told: ToldSubscription, settings: Settings): Promise<Effect> {
  const current = await stripeClient(settings).subscriptions.retrieve(told.stripe_subscription_id, {}, READ)
  const state = stateOf(read(subscriptionSchema, current), settings.PLANS)
  return syncSubscription({ ...told, source: 'read', state, previous: null })
}

const MOST_LINES = 1_000

/** An event carries the first lines of its invoice only, and pending items come before the plan's. */
async function readLines(invoice: PaidInvoice, settings: Settings): Promise<Effect | Verdict | null> {
  const lines = await stripeClient(settings)
    .invoices.listLineItems(invoice.stripe_invoice_id, { limit: 100 }, READ)
    .autoPagingToArray({ limit: MOST_LINES })
  // A part of them would settle the invoice: it stays parked, where `attention` names it.
  if (lines.length === MOST_LINES) return null
  const grants = grantsOf(
    lines.map((line) => read(invoiceLine, line)),
    settings.PLANS,
  )
  if (grants.length === 0) return { outcome: 'ignored', reason: 'no_effect' }
  return grantPlan({ ...invoice, grants })
}

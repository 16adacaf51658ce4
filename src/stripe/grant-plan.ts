import * as z from 'zod/mini'
import { once } from '../once.ts'
import * as payments from '../payments/verbs.ts'
import type { Settings } from '../settings.ts'
import { member } from '../values.ts'
import { type Handler, read } from '../webhook/provider.ts'
import { beforeStart, isBeforeStart } from './before-start.ts'
import { type Invoice, invoiceSchema, moneyOf, subscriptionOf } from './invoice.ts'
import { soldBeside } from './pack-lines.ts'
import { namedUser } from './payload.ts'
import { hasPaidPlan, isOfUnknownPlan, movesCredits, planLines, plansFor, pricesIn } from './plan-lines.ts'
import { hasPlans } from './plans.ts'
import { recordForCustomer } from './record-for-customer.ts'

const invoiceEvent = once(() => z.object({ data: z.object({ object: invoiceSchema() }) }))

/** Handles a paid invoice: its lines grant the credits of plans, and take back those of the lines that they credit. */
export const grantPlan: Handler = (event, settings) => {
  if (!sellsOnInvoices(settings) || !mayConcernSubscription(event, settings))
    return recordForCustomer(event, settings)
  const invoice = read(invoiceEvent, event).data.object
  const context = contextOf(invoice)
  const lines = planLinesOf(invoice, settings)
  const unknown = invoice.lines.has_more
    ? 'incomplete_invoice'
    : isOfUnknownPlan(lines)
      ? 'unknown_price'
      : null
  const money = moneyOf(invoice)
  // The own metadata of a one-off invoice says what it sells: see `settleInvoice`.
  const sold = context.subscription ? soldBeside(invoice.lines.data, settings.CREDIT_PACKS, money) : null
  if (unknown === null && !movesCredits(lines) && !hasPaidPlan(lines) && sold === null)
    return recordForCustomer(event, settings)
  if (isBeforeStart(invoice, settings)) return beforeStart(event)

  return payments.creditInvoice({
    stripe_invoice_id: invoice.id,
    stripe_subscription_id: context.subscription,
    stripe_customer_id: invoice.customer,
    user_id: namedUser(event),
    ...money,
    currency: invoice.currency,
    created: invoice.created ?? null,
    paid_by: invoice.payment_intent ?? invoice.charge ?? null,
    stripe_charge_id: invoice.charge ?? null,
    lines: unknown === null ? lines : null,
    unknown,
    plans: plansFor(lines, settings.PLANS),
    sold,
    prices: pricesIn(invoice.lines.data),
    credited: [],
  })
}

/** Whether lines of an invoice can bring credits: those of plans, or of packs beside them. */
const sellsOnInvoices = (settings: Settings) =>
  hasPlans(settings) || Object.values(settings.CREDIT_PACKS).some(({ price }) => price)

/** Returns the lines of an event's invoice that are about a subscription. */
export const planLinesIn = (event: unknown, settings: Settings) =>
  planLinesOf(read(invoiceEvent, event).data.object, settings)

const planLinesOf = (invoice: Invoice, settings: Settings) =>
  hasPlans(settings) ? planLines(invoice.lines.data, settings.PLANS, contextOf(invoice)) : []

export const contextOf = (invoice: Invoice) => ({
  subscription: subscriptionOf(invoice),
  currency: invoice.currency,
  created: invoice.created ?? null,
})

/**
 * Whether the invoice, or one of its lines, is about a subscription. Lines that its event lacks may be: Stripe puts the
 * pending lines of a change of plan on any invoice. Other invoices may have any form.
 */
function mayConcernSubscription(event: unknown, settings: Settings): boolean {
  const invoice = member(member(event, 'data'), 'object')
  if (member(member(invoice, 'parent'), 'subscription_details') || member(invoice, 'subscription'))
    return true
  const lines = member(invoice, 'lines')
  if (hasPlans(settings) && member(lines, 'has_more') === true) return true
  const data = member(lines, 'data')
  return (
    Array.isArray(data) &&
    data.some(
      (line) =>
        member(line, 'subscription') ||
        member(member(member(line, 'parent'), 'subscription_item_details'), 'subscription'),
    )
  )
}

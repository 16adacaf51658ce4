import * as z from 'zod/mini'
import { once } from '../once.ts'
import * as payments from '../payments/verbs.ts'
import * as users from '../users/verbs.ts'
import { id, member } from '../values.ts'
import { type Handler, read } from '../webhook/provider.ts'
import { grantsOf, invoiceSchema, isOfUnknownPlan } from './invoice.ts'
import { namedUser } from './payload.ts'

const invoiceEvent = once(() => z.object({ data: z.object({ object: invoiceSchema() }) }))

/** A period's beginning. A change of plan within one (`subscription_update`) and everything else brings no credits. */
const GRANTING = ['subscription_create', 'subscription_cycle']

/** An invoice was paid: a plan that has credits grants them, once per period. */
export const grantPlan: Handler = (event, settings) => {
  if (!GRANTING.includes(String(member(member(member(event, 'data'), 'object'), 'billing_reason')))) {
    return recordForCustomer(event, settings)
  }
  const invoice = read(invoiceEvent, event).data.object
  const subscription = invoice.parent?.subscription_details?.subscription ?? invoice.subscription
  const { data: lines, has_more: isPart } = invoice.lines
  const grants = grantsOf(lines, settings.PLANS)
  const unknown = isPart
    ? 'incomplete_invoice'
    : isOfUnknownPlan(lines, settings.PLANS)
      ? 'unknown_price'
      : null
  if (!subscription || (unknown === null && grants.length === 0)) return recordForCustomer(event, settings)

  return payments.grantPlan({
    stripe_invoice_id: invoice.id,
    stripe_subscription_id: subscription,
    stripe_customer_id: invoice.customer,
    user_id: namedUser(event),
    amount: invoice.amount_paid,
    currency: invoice.currency,
    paid_by: invoice.payment_intent ?? invoice.charge ?? null,
    stripe_charge_id: invoice.charge ?? null,
    grants: unknown === null ? grants : null,
    unknown,
  })
}

/** Nothing moves. The row is kept under the customer's user, since an invoice has names and addresses. */
export const recordForCustomer: Handler = (event) => {
  const customer = member(member(member(event, 'data'), 'object'), 'customer')
  return users.recordForCustomer({
    outcome: 'ignored',
    reason: 'no_effect',
    user_id: namedUser(event),
    stripe_customer_id: id.safeParse(customer).data ?? null,
  })
}

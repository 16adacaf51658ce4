import * as z from 'zod/mini'
import { once } from '../once.ts'
import * as payments from '../payments/verbs.ts'
import { id, member } from '../values.ts'
import { type Handler, read } from '../webhook/provider.ts'
import { beforeStart, isBeforeStart, mayBeOfEarlierSession } from './before-start.ts'
import { grantPlan } from './grant-plan.ts'
import { amountOf } from './invoice.ts'
import { readSale, sellsCredits } from './own-metadata.ts'
import { reference } from './payload.ts'
import { recordForCustomer } from './record-for-customer.ts'

const soldInvoice = once(() =>
  z.object({
    data: z.object({
      object: z.object({
        id,
        customer: z.nullish(reference()),
        total: z.int(),
        amount_paid: z.int(),
        pre_payment_credit_notes_amount: z.nullish(z.int()),
        currency: z.string().check(z.regex(/^[a-z]{3}$/)),
        /** Until 2025-03-31; since then `invoice_payment.paid` says what paid it. */
        payment_intent: z.nullish(reference()),
        charge: z.nullish(reference()),
        metadata: z.nullish(z.record(z.string(), z.unknown())),
      }),
    }),
  }),
)

/** An invoice was paid: of a subscription, or a one-off sale whose own metadata says what it sells. */
export const settleInvoice: Handler = (event, settings) => {
  const object = member(member(event, 'data'), 'object')
  return sellsCredits(member(object, 'metadata')) && !isOfSubscription(object)
    ? sell(event, settings)
    : grantPlan(event, settings)
}

const isOfSubscription = (invoice: unknown) =>
  [
    member(invoice, 'subscription'),
    member(member(member(invoice, 'parent'), 'subscription_details'), 'subscription'),
  ].some((subscription) => subscription != null)

/** Its amount is its total: what the customer's balance paid of it was paid as well. */
const sell: Handler = (event, settings) => {
  const invoice = read(soldInvoice, event).data.object
  const amount = amountOf(invoice)
  if (amount < 0) return recordForCustomer(event, settings)
  const object = member(member(event, 'data'), 'object')
  if (isBeforeStart(object, settings)) return beforeStart(event)
  const sale = readSale(invoice.metadata)
  if ('outcome' in sale) return sale
  return payments.settle({
    user_id: sale.userId,
    reference: null,
    credits: sale.credits,
    stripe_payment_id: invoice.id,
    amount,
    currency: invoice.currency,
    stripe_checkout_session_id: null,
    stripe_payment_intent_id: invoice.payment_intent ?? null,
    stripe_invoice_id: invoice.id,
    stripe_charge_id: invoice.charge ?? null,
    stripe_customer_id: invoice.customer ?? null,
    invoice_unknown: false,
    session_unknown: mayBeOfEarlierSession(object, settings),
  })
}

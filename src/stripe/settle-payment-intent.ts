import * as z from 'zod/mini'
import { once } from '../once.ts'
import * as payments from '../payments/verbs.ts'
import { id, member } from '../values.ts'
import { type Handler, read } from '../webhook/provider.ts'
import { beforeStart, createdOf, isBeforeStart, mayBeOfEarlierSession } from './before-start.ts'
import { readSale, sellsCredits } from './own-metadata.ts'
import { reference } from './payload.ts'
import { recordForCustomer } from './record-for-customer.ts'

const intentEvent = once(() =>
  z.object({
    data: z.object({
      object: z.object({
        id: id(),
        amount_received: z.int().check(z.minimum(0)),
        currency: z.string().check(z.regex(/^[a-z]{3}$/)),
        customer: z.nullish(reference()),
        latest_charge: z.nullish(reference()),
        /** Until 2025-03-31, null says that it paid none. Since then it is absent, which says nothing. */
        invoice: z.optional(z.nullable(reference())),
        metadata: z.nullish(z.record(z.string(), z.unknown())),
      }),
    }),
  }),
)

/**
 * Handles a successful payment that was made without Checkout: by Elements, or while the person was away.
 * PaymentIntents of our own Checkout name a user but no credits: their session sells those.
 */
export const settlePaymentIntent: Handler = (event, settings) => {
  const intent = read(intentEvent, event).data.object
  if (!sellsCredits(intent.metadata)) return recordForCustomer(event, settings)
  const object = member(member(event, 'data'), 'object')
  // A PaymentIntent is never older than its session or its invoice.
  if (isBeforeStart(object, settings)) return beforeStart(event)
  const sale = readSale(intent.metadata)
  if ('outcome' in sale) return sale
  return payments.settle({
    user_id: sale.userId,
    reference: null,
    credits: sale.credits,
    stripe_payment_id: intent.invoice ?? intent.id,
    amount: intent.amount_received,
    currency: intent.currency,
    stripe_checkout_session_id: null,
    stripe_payment_intent_id: intent.id,
    stripe_invoice_id: intent.invoice ?? null,
    stripe_charge_id: intent.latest_charge ?? null,
    stripe_customer_id: intent.customer ?? null,
    invoice_unknown: intent.invoice === undefined,
    session_unknown: mayBeOfEarlierSession(object, settings),
    created: createdOf(object),
  })
}

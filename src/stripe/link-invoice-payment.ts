import * as z from 'zod/mini'
import { once } from '../once.ts'
import * as payments from '../payments/verbs.ts'
import { type Handler, read } from '../webhook/provider.ts'
import { reference } from './payload.ts'

const invoicePaymentEvent = once(() =>
  z.object({
    data: z.object({
      object: z.object({
        invoice: reference(),
        payment: z.object({ payment_intent: z.nullish(reference()), charge: z.nullish(reference()) }),
      }),
    }),
  }),
)

/** Records one payment of an invoice, which may have several. A payment outside Stripe has neither of the two ids. */
export const linkInvoicePayment: Handler = (event) => {
  const { invoice, payment } = read(invoicePaymentEvent, event).data.object
  const paidBy = payment.payment_intent ?? payment.charge
  if (!paidBy) return { outcome: 'ignored', reason: 'no_effect' }
  return payments.linkInvoice({ stripe_invoice_id: invoice, paid_by: paidBy })
}

import invoicePaid from './fixtures/stripe/invoice.paid.made-2026.json' with { type: 'json' }
import invoiceOf2020 from './fixtures/stripe/invoice.paid.recorded-2020-03-02.json' with { type: 'json' }
import intentSucceeded from './fixtures/stripe/payment_intent.succeeded.made-2026.json' with { type: 'json' }
import intentOf2020 from './fixtures/stripe/payment_intent.succeeded.recorded-2020-03-02.json' with {
  type: 'json',
}
import { type StampOptions, stamped } from './stamped.ts'

/** One event of each type that reports a payment made without Checkout. */
export const paymentFixtures = { 'payment_intent.succeeded': intentSucceeded }

interface Event {
  created: number
  data: { object: Record<string, unknown> }
}

export interface PaymentOptions extends Omit<StampOptions, 'livemode'> {
  /** The PaymentIntent. */
  payment: string
  /** The user in its metadata. Null: it has no metadata. */
  user: string | null
  /** Null: its metadata has only the user, like that of our own Checkout. */
  credits?: number | null
  customer?: string | null
  /** Minor units. */
  amount?: number
  /** The invoice that it paid. Events have named it only until 2025-03-31. */
  invoice?: string | null
  /** Members to set or replace. */
  set?: Record<string, unknown>
}

const metadataOf = (user: string | null, credits: number | null) => ({
  ...(user !== null && { user_id: user }),
  ...(user !== null && credits !== null && { credits: String(credits) }),
})

function membersOf({ payment, user, credits = 500, customer = null, amount = 500 }: PaymentOptions) {
  const metadata = metadataOf(user, credits)
  return { id: payment, amount, amount_received: amount, customer, latest_charge: `ch_${payment}`, metadata }
}

/** Returns the event that a PaymentIntent succeeded. It does not say whether it paid an invoice. */
export function paymentIntentEvent(options: PaymentOptions) {
  const event = structuredClone<Event>(intentSucceeded)
  Object.assign(event.data.object, membersOf(options), options.set)
  return stamped(event, 'payment_intent.succeeded', options)
}

/**
 * Returns the same event in the form from before 2025-03-31: it names the invoice that it paid, or says that there is
 * none.
 */
export function paymentIntentEventOf2020(options: PaymentOptions) {
  const event = structuredClone<Event>(intentOf2020)
  const { invoice = null, set } = options
  Object.assign(event.data.object, membersOf(options), { status: 'succeeded', invoice }, set)
  return stamped(event, 'payment_intent.succeeded', options)
}

export interface SoldInvoiceOptions extends Omit<PaymentOptions, 'payment' | 'invoice'> {
  invoice: string
}

const soldMembers = ({
  invoice,
  user,
  credits = 500,
  customer = null,
  amount = 500,
}: SoldInvoiceOptions) => ({
  id: invoice,
  customer,
  metadata: metadataOf(user, credits),
  billing_reason: 'manual',
  amount_due: amount,
  amount_paid: amount,
  subtotal: amount,
  total: amount,
})

/** Returns the event that a one-off invoice was paid. It does not say by which payment. */
export function soldInvoiceEvent(options: SoldInvoiceOptions) {
  const event = structuredClone<Event>(invoicePaid)
  const [line] = structuredClone(invoicePaid.data.object.lines.data)
  const parent = {
    type: 'invoice_item_details',
    subscription_item_details: null,
    invoice_item_details: { invoice_item: `ii_${options.invoice}`, proration: false, subscription: null },
  }
  const lines = {
    ...invoicePaid.data.object.lines,
    data: [{ ...line, amount: options.amount ?? 500, parent }],
  }
  Object.assign(event.data.object, soldMembers(options), { parent: null, lines }, options.set)
  return stamped(event, 'invoice.paid', options)
}

/** Returns the same event in the form from before 2025-03-31: it names the PaymentIntent that paid it. */
export function soldInvoiceEventOf2020(options: SoldInvoiceOptions & { payment: string | null }) {
  const event = structuredClone<Event>(invoiceOf2020)
  const [line] = structuredClone(invoiceOf2020.data.object.lines.data)
  const amount = options.amount ?? 500
  const data = [{ ...line, type: 'invoiceitem', subscription: null, amount }]
  Object.assign(event.data.object, soldMembers(options), {
    subscription: null,
    payment_intent: options.payment,
    charge: options.payment && `ch_${options.payment}`,
    paid: true,
    lines: { ...invoiceOf2020.data.object.lines, data },
    ...options.set,
  })
  return stamped(event, 'invoice.paid', options)
}

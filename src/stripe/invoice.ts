import * as z from 'zod/mini'
import { once } from '../once.ts'
import type { CreditedInvoice } from '../payments/verbs.ts'
import { id } from '../values.ts'
import { reference } from './payload.ts'
import { decimal, priceSchema } from './price.ts'

const credited = () =>
  z.nullish(
    z.object({
      credited_items: z.nullish(z.object({ invoice: reference(), invoice_line_items: z.array(id()) })),
    }),
  )
const details = () =>
  z.nullish(
    z.object({
      subscription: z.nullish(reference()),
      proration: z.nullish(z.boolean()),
      proration_details: credited(),
    }),
  )

/**
 * Since 2025-03-31 a line names its origin under `parent` and its price under `pricing`; before, both were at the top
 * level.
 */
export const invoiceLine = once(() =>
  z.object({
    id: id(),
    amount: z.int(),
    quantity: z.nullish(z.number()),
    period: z.object({ start: z.int(), end: z.int() }),
    discount_amounts: z.nullish(z.array(z.object({ amount: z.int() }))),
    parent: z.nullish(
      z.object({
        type: z.string(),
        subscription_item_details: details(),
        invoice_item_details: details(),
      }),
    ),
    pricing: z.nullish(
      z.object({
        price_details: z.nullish(z.object({ price: reference(), product: z.nullish(z.string()) })),
        unit_amount_decimal: z.nullish(decimal()),
      }),
    ),
    type: z.nullish(z.string()),
    subscription: z.nullish(reference()),
    proration: z.nullish(z.boolean()),
    proration_details: credited(),
    price: z.nullish(priceSchema()),
  }),
)

export type Line = z.output<ReturnType<typeof invoiceLine>>

/** What `moneyOf` reads. */
export const moneyMembers = () => ({
  total: z.nullish(z.int()),
  amount_paid: z.int(),
  amount_overpaid: z.nullish(z.int()),
  starting_balance: z.nullish(z.int()),
  pre_payment_credit_notes_amount: z.nullish(z.int()),
})
const moneySchema = () => z.object(moneyMembers())

export const invoiceSchema = () =>
  z.object({
    id: id(),
    billing_reason: z.nullish(z.string()),
    created: z.nullish(z.number()),
    customer: reference(),
    ...moneyMembers(),
    currency: z.string().check(z.regex(/^[a-z]{3}$/)),
    parent: z.nullish(z.object({ subscription_details: z.nullish(z.object({ subscription: reference() })) })),
    subscription: z.nullish(reference()),
    payment_intent: z.nullish(reference()),
    charge: z.nullish(reference()),
    lines: z.object({ data: z.array(invoiceLine()), has_more: z.nullish(z.boolean()) }),
  })

export type Invoice = z.output<ReturnType<typeof invoiceSchema>>

export const subscriptionOf = ({ parent, subscription }: Invoice) =>
  parent?.subscription_details?.subscription ?? subscription ?? null

/** Minor units: what was paid, what credit notes took off before, and the sums of the lines, if all are known. */
export type InvoiceMoney = Pick<CreditedInvoice, 'amount' | 'noted' | 'charged' | 'returned'>

/**
 * Returns the part of these credits that was paid for. Nobody has paid what a credit note took off; lines that credit
 * others have paid their part. The note's share is that of the total, which may contain tax on top. In SQL: `paid_of`.
 */
export function paidPart(credits: number, { amount, noted, charged, returned }: InvoiceMoney): number {
  if (noted === 0) return credits
  // Of what the lines charge, the part that no other lines have paid. If the lines are not known, that is all.
  const [part, lines] = charged ? [Math.max(0, charged - (returned ?? 0)), charged] : [1, 1]
  const whole = BigInt(lines) * BigInt(amount + noted)
  return Number((BigInt(credits) * (whole - BigInt(noted) * BigInt(part))) / whole)
}

/** Returns what the lines of an invoice charge and what they credit: minor units, without tax that comes on top. */
export function sumsOf(lines: Pick<Line, 'amount' | 'discount_amounts'>[]) {
  const amounts = lines.map(afterDiscounts)
  const sum = (sign: number) => amounts.reduce((sum, amount) => sum + Math.max(0, sign * amount), 0)
  return { charged: sum(1), returned: sum(-1) }
}

/**
 * Returns a line's amount after discounts. Stripe shows them beside the amount; of a proration they are part of the
 * amount, unless the subscription itemizes them (`billing_mode.flexible.proration_discounts`).
 */
export function afterDiscounts({ amount, discount_amounts }: Pick<Line, 'amount' | 'discount_amounts'>) {
  const discount = (discount_amounts ?? []).reduce((sum, { amount }) => sum + amount, 0)
  return Math.sign(amount) * Math.max(0, Math.abs(amount) - Math.abs(discount))
}

/**
 * Returns, in minor units, what money and the customer's balance paid (the total, less what was credited before
 * payment), and `noted`: what credit notes took off before. More than the total can be paid as well (Stripe:
 * amount_overpaid), but what the customer owed before (a positive starting_balance) is not paid for this invoice. The
 * sums are null if the event does not contain all lines.
 */
export function moneyOf(
  invoice: z.output<ReturnType<typeof moneySchema>> & {
    lines?:
      | { data: Pick<Line, 'amount' | 'discount_amounts'>[]; has_more?: boolean | null | undefined }
      | null
      | undefined
  },
): InvoiceMoney {
  const { amount_paid, starting_balance, pre_payment_credit_notes_amount: credited, lines } = invoice
  const sums = lines && !lines.has_more ? sumsOf(lines.data) : { charged: null, returned: null }
  const total = invoice.total ?? 0
  const paid = amount_paid - Math.max(0, starting_balance ?? 0)
  const whole = Math.max(total + (invoice.amount_overpaid ?? 0), paid)
  if (whole <= 0) return { amount: total, noted: 0, ...sums }
  const amount = Math.max(paid, whole - (credited ?? 0))
  return { amount, noted: whole - amount, ...sums }
}

import * as z from 'zod/mini'
import { once } from '../once.ts'
import type { CreditedInvoice, KnownPrice, PlanLine } from '../payments/verbs.ts'
import type { Settings } from '../settings.ts'
import { id } from '../values.ts'
import { Unreadable } from '../webhook/provider.ts'
import { reference } from './payload.ts'
import { planOf } from './plans.ts'
import { decimal, priceSchema, pricesOf } from './price.ts'

const credited = () =>
  z.nullish(
    z.object({
      credited_items: z.nullish(z.object({ invoice: reference(), invoice_line_items: z.array(id) })),
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

/** Since 2025-03-31 a line says by `parent` where it comes from, and its price under `pricing`; before, at its top. */
export const invoiceLine = once(() =>
  z.object({
    id,
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

type Line = z.output<ReturnType<typeof invoiceLine>>

export const invoiceSchema = () =>
  z.object({
    id,
    billing_reason: z.nullish(z.string()),
    created: z.nullish(z.number()),
    customer: reference(),
    total: z.nullish(z.int()),
    amount_paid: z.int(),
    pre_payment_credit_notes_amount: z.nullish(z.int()),
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

/**
 * What is paid by money and by the customer's balance: the total, less what was credited before anybody paid. More than
 * the total can be paid as well (Stripe: amount_overpaid).
 */
export function amountOf({
  total,
  amount_paid,
  pre_payment_credit_notes_amount: noted,
}: Pick<Invoice, 'total' | 'amount_paid' | 'pre_payment_credit_notes_amount'>): number {
  const amount = Math.max(total ?? 0, amount_paid)
  return amount > 0 ? Math.max(amount_paid, amount - (noted ?? 0)) : (total ?? 0)
}

/** What says which lines an invoice has, and in which light they are read. */
export type Context = Pick<CreditedInvoice, 'currency'> & {
  /** Of the invoice. Null where its lines alone name one: of an invoice that was made by hand. */
  subscription: string | null
  /** Unix seconds of the invoice: what was over by then may be what was used. Null where it is not known. */
  created: number | null
}

/** Returns the lines that are about a subscription, with what PLANS says of their prices. */
export function planLines(lines: Line[], plans: Settings['PLANS'], context: Context): PlanLine[] {
  const seen = new Map<string, number>()
  return lines.filter(isOfSubscription).flatMap((line) => {
    const subscription = context.subscription ?? detailsOf(line)?.subscription ?? line.subscription
    if (!subscription) return []
    const times = (seen.get(line.id) ?? 0) + 1
    seen.set(line.id, times)
    // Within an invoice the id names the line.
    return planLine(
      { ...line, id: times > 1 ? `${line.id}#${times}` : line.id },
      subscription,
      plans,
      context,
    )
  })
}

function planLine(line: Line, subscription: string, plans: Settings['PLANS'], context: Context): PlanLine {
  const price = priceOf(line)
  const product = line.pricing?.price_details?.product ?? line.price?.product
  const plan = planOf({ price: price ?? null, lookupKey: line.price?.lookup_key, product }, plans)
  const { amount } = line
  const discount = (line.discount_amounts ?? []).reduce((sum, { amount }) => sum + amount, 0)
  const is_proration = isProration(line)
  const items = (detailsOf(line)?.proration_details ?? line.proration_details)?.credited_items
  const quantity = line.quantity ?? 1
  if (!Number.isSafeInteger((plan?.credits ?? 0) * Math.max(1, Math.ceil(quantity))))
    throw new Unreadable('quantity')
  const made = {
    ...{ id: line.id, stripe_subscription_id: subscription, stripe_price_id: price ?? null },
    ...{
      key: plan?.key ?? null,
      credits: plan?.credits ?? null,
      trial_credits: plan?.trial_credits ?? false,
    },
    // Stripe shows prorations after discounts, and other lines before them.
    ...{ is_proration, quantity, amount, net: is_proration ? amount : amount - discount },
    ...{ unit_amount: unitAmount(line, context.currency) },
    ...{ starts_at: line.period.start, ends_at: line.period.end },
    ...{ credits_invoice: items?.invoice ?? null, credits_lines: items?.invoice_line_items ?? null },
  }
  return { ...made, needs_price: needsPrice(made, context) }
}

/**
 * Whether the price of a line has to be known besides: where the line does not say what one costs; where it is of
 * nothing and may grant, since a trial is not a free price; and where it may be metered, which is billed when it is over.
 */
function needsPrice(line: Omit<PlanLine, 'needs_price'>, { created }: Context): boolean {
  const { credits, amount, unit_amount, trial_credits, is_proration, ends_at, credits_invoice } = line
  const saysUnit = Number(unit_amount ?? 0) > 0
  if (!credits) return false
  if (amount < 0) return !saysUnit && credits_invoice === null
  if (amount === 0) return trial_credits && !is_proration && !saysUnit
  return !saysUnit || (!is_proration && created !== null && ends_at <= created)
}

/** Returns what the lines themselves say of their prices: before 2025-03-31, all of it. */
export const pricesIn = (lines: Line[]): KnownPrice[] =>
  lines.flatMap(({ price }) => (price ? pricesOf(price) : []))

const detailsOf = ({ parent }: Line) => parent?.subscription_item_details ?? parent?.invoice_item_details
const priceOf = ({ pricing, price }: Line) => pricing?.price_details?.price ?? price?.id
const isProration = (line: Line) => (detailsOf(line)?.proration ?? line.proration) === true

function isOfSubscription(line: Line): boolean {
  const type = line.parent ? line.parent.type : line.type
  return type === 'subscription_item_details' || type === 'subscription' || isProration(line)
}

function unitAmount({ pricing, price }: Line, currency: string): string | null {
  if (pricing?.unit_amount_decimal) return pricing.unit_amount_decimal
  return (price ? pricesOf(price) : []).find((known) => known.currency === currency)?.unit_amount ?? null
}

/** Whether these lines can grant or take something. */
export const movesCredits = (lines: PlanLine[]) =>
  lines.some(
    ({ amount, credits, trial_credits, is_proration }) =>
      amount < 0 || (credits && (amount > 0 || (trial_credits && !is_proration))),
  )

/**
 * Whether a plan was paid that no setting knows, though some are known: somebody has forgotten to name its price. With
 * `"credits": 0` a price is known, and grants nothing.
 */
export const isOfUnknownPlan = (lines: PlanLine[]) =>
  lines.some(({ amount }) => amount !== 0) && lines.every(({ credits }) => credits === null)

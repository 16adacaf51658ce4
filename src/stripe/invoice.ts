import * as z from 'zod/mini'
import { once } from '../once.ts'
import type { PeriodGrant } from '../payments/verbs.ts'
import type { Settings } from '../settings.ts'
import { id } from '../values.ts'
import { Unreadable } from '../webhook/provider.ts'
import { reference } from './payload.ts'

const proration = () => z.nullish(z.object({ proration: z.nullish(z.boolean()) }))

/** Since 2025-03-31 a line says by `parent` where it comes from, and its price under `pricing`; before, at its top. */
export const invoiceLine = once(() =>
  z.object({
    amount: z.int(),
    quantity: z.nullish(z.number()),
    period: z.object({ start: z.int() }),
    parent: z.nullish(
      z.object({
        type: z.string(),
        subscription_item_details: proration(),
        invoice_item_details: proration(),
      }),
    ),
    pricing: z.nullish(z.object({ price_details: z.nullish(z.object({ price: reference() })) })),
    type: z.nullish(z.string()),
    proration: z.nullish(z.boolean()),
    price: z.nullish(z.object({ id })),
  }),
)

type Line = z.output<ReturnType<typeof invoiceLine>>

export const invoiceSchema = () =>
  z.object({
    id,
    billing_reason: z.nullish(z.string()),
    customer: reference(),
    amount_paid: z.int().check(z.minimum(0)),
    currency: z.string().check(z.regex(/^[a-z]{3}$/)),
    parent: z.nullish(z.object({ subscription_details: z.nullish(z.object({ subscription: reference() })) })),
    subscription: z.nullish(reference()),
    payment_intent: z.nullish(reference()),
    charge: z.nullish(reference()),
    lines: z.object({ data: z.array(invoiceLine()), has_more: z.nullish(z.boolean()) }),
  })

/**
 * What each period of these lines brings: a plan's credits, times quantity. A line of nothing is a free trial, where
 * a plan grants only if it says so. Prorations and one-off items bring nothing, so that toggling plans farms nothing.
 */
export function grantsOf(lines: Line[], plans: Settings['PLANS']): PeriodGrant[] {
  const byPeriod = new Map<number, number>()
  for (const line of lines.filter(isPeriod)) {
    const price = priceOf(line)
    const plan = price && Object.hasOwn(plans, price) ? plans[price] : undefined
    if (!plan || (line.amount === 0 && !plan.trial_credits)) continue
    const credits = plan.credits * Math.floor(line.quantity ?? 1)
    byPeriod.set(line.period.start, (byPeriod.get(line.period.start) ?? 0) + credits)
  }
  const grants = [...byPeriod].map(([period_start, credits]) => ({ period_start, credits }))
  if (!grants.every(({ credits }) => Number.isSafeInteger(credits))) throw new Unreadable('quantity')
  return grants.filter(({ credits }) => credits > 0)
}

const priceOf = ({ pricing, price }: Line) => pricing?.price_details?.price ?? price?.id

/** Whether a setting says what this line's price sells. */
export function isKnown(line: Line, plans: Settings['PLANS']): boolean {
  const price = priceOf(line)
  return price !== undefined && Object.hasOwn(plans, price)
}

/**
 * Whether a plan was paid that no setting knows, though some are known: somebody has forgotten to name its price. With
 * `"credits": 0` a price is known, and grants nothing.
 */
export function isOfUnknownPlan(lines: Line[], plans: Settings['PLANS']): boolean {
  const periods = lines.filter(isPeriod)
  const isPaid = periods.some(({ amount }) => amount > 0)
  return isPaid && Object.keys(plans).length > 0 && !periods.some((line) => isKnown(line, plans))
}

/** Whether the line is for a period of a subscription: no proration, no one-off item. */
export function isPeriod({ parent, type, proration, amount }: Line): boolean {
  if (amount < 0) return false
  if (!parent) return type === 'subscription' && !proration
  return parent.type === 'subscription_item_details' && !parent.subscription_item_details?.proration
}

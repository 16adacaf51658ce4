import * as z from 'zod'
import type { PeriodGrant } from '../credits/verbs.ts'
import type { Settings } from '../env.ts'
import { Unreadable } from '../webhook/provider.ts'
import { id } from '../webhook/values.ts'
import { reference } from './payload.ts'

const proration = z.object({ proration: z.boolean().nullish() }).nullish()

/** Since 2025-03-31 a line says by `parent` where it comes from, and its price under `pricing`; before, at its top. */
export const invoiceLine = z.object({
  amount: z.number().int(),
  quantity: z.number().nullish(),
  period: z.object({ start: z.number().int() }),
  parent: z
    .object({
      type: z.string(),
      subscription_item_details: proration,
      invoice_item_details: proration,
    })
    .nullish(),
  pricing: z.object({ price_details: z.object({ price: reference }).nullish() }).nullish(),
  type: z.string().nullish(),
  proration: z.boolean().nullish(),
  price: z.object({ id }).nullish(),
})

type Line = z.output<typeof invoiceLine>

export const invoiceSchema = z.object({
  id,
  billing_reason: z.string().nullish(),
  customer: reference,
  amount_paid: z.number().int().min(0),
  currency: z.string().regex(/^[a-z]{3}$/),
  parent: z.object({ subscription_details: z.object({ subscription: reference }).nullish() }).nullish(),
  subscription: reference.nullish(),
  payment_intent: reference.nullish(),
  charge: reference.nullish(),
  lines: z.object({ data: z.array(invoiceLine), has_more: z.boolean().nullish() }),
})

/**
 * What each period of these lines brings: a plan's credits, times quantity. A line of nothing is a free trial, where
 * a plan grants only if it says so. Prorations and one-off items bring nothing, so that toggling plans farms nothing.
 */
export function grantsOf(lines: Line[], plans: Settings['PLANS']): PeriodGrant[] {
  const byPeriod = new Map<number, number>()
  for (const line of lines.filter(isPeriod)) {
    const price = line.pricing?.price_details?.price ?? line.price?.id
    const plan = price && Object.hasOwn(plans, price) ? plans[price] : undefined
    if (!plan || (line.amount === 0 && !plan.trial_credits)) continue
    const credits = plan.credits * Math.floor(line.quantity ?? 1)
    byPeriod.set(line.period.start, (byPeriod.get(line.period.start) ?? 0) + credits)
  }
  const grants = [...byPeriod].map(([period_start, credits]) => ({ period_start, credits }))
  if (!grants.every(({ credits }) => Number.isSafeInteger(credits))) throw new Unreadable('quantity')
  return grants.filter(({ credits }) => credits > 0)
}

function isPeriod({ parent, type, proration, amount }: Line): boolean {
  if (amount < 0) return false
  if (!parent) return type === 'subscription' && !proration
  return parent.type === 'subscription_item_details' && !parent.subscription_item_details?.proration
}

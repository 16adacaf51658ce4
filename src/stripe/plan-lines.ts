import type { CreditedInvoice, KnownPrice, PlanLine } from '../payments/verbs.ts'
import type { Plan } from '../settings/sold.ts'
import type { Settings } from '../settings.ts'
import { afterDiscounts, type Line } from './invoice.ts'
import { planOf, planOfPrice, plansByLookupKey } from './plans.ts'
import { pricesOf } from './price.ts'

/** What decides the meaning of an invoice's lines, besides the lines themselves. */
export type Context = Pick<CreditedInvoice, 'currency'> & {
  /** The invoice's subscription. Null if only its lines name one: it was created by hand. */
  subscription: string | null
  /** Unix seconds of the invoice's creation: a period that had ended by then may be metered use. Null if not known. */
  created: number | null
}

/** Returns the lines that are about a subscription, with what PLANS says about their prices. */
export function planLines(lines: Line[], plans: Settings['PLANS'], context: Context): PlanLine[] {
  const seen = new Map<string, number>()
  return lines.filter(isOfSubscription).flatMap((line) => {
    const subscription = context.subscription ?? detailsOf(line)?.subscription ?? line.subscription
    if (!subscription) return []
    const times = (seen.get(line.id) ?? 0) + 1
    seen.set(line.id, times)
    // Within an invoice, the id must name one line.
    return planLine(
      { ...line, id: times > 1 ? `${line.id}#${times}` : line.id },
      subscription,
      plans,
      context,
    )
  })
}

function planLine(line: Line, subscription: string, plans: Settings['PLANS'], context: Context): PlanLine {
  const price = priceOf(line) ?? null
  const product = line.pricing?.price_details?.product ?? line.price?.product
  const plan = planOf({ price, lookupKey: line.price?.lookup_key, product }, plans)
  const is_proration = isProration(line)
  const net = afterDiscounts(line)
  const amount = is_proration || line.amount < 0 ? net : line.amount
  const items = (detailsOf(line)?.proration_details ?? line.proration_details)?.credited_items
  const quantity = line.quantity ?? 1
  const others = price === null || planOfPrice(price, plans) ? [] : plansByLookupKey(plans)
  const possible = [...others.map(([, other]) => other), ...(plan ? [plan] : [])]
  const made = {
    id: line.id,
    stripe_subscription_id: subscription,
    stripe_price_id: price,
    key: plan?.key ?? null,
    credits: plan?.credits ?? null,
    trial_credits: plan?.trial_credits ?? false,
    plan_names: plan && amount === 0 ? namesOf(plan, plans) : null,
    is_proration,
    quantity,
    amount,
    net,
    unit_amount: unitAmount(line, context.currency),
    starts_at: line.period.start,
    ends_at: line.period.end,
    credits_invoice: items?.invoice ?? null,
    credits_lines: items?.invoice_line_items ?? null,
  }
  const most = {
    ...made,
    credits: Math.max(0, ...possible.map(({ credits }) => credits)),
    trial_credits: possible.some(({ trial_credits }) => trial_credits),
  }
  const by_lookup_key = others.length > 0 && (amount !== 0 || mayMove(most))
  return { ...made, by_lookup_key, needs_price: needsPrice(most, context) }
}

/**
 * Whether the price of a line has to be known too: if the line does not give the unit price; if its amount is 0 and it
 * may grant, because a trial is not a free price; and if it may be metered, which is billed after the period.
 */
function needsPrice(line: MadeLine, { created }: Context): boolean {
  const { credits, amount, unit_amount, trial_credits, is_proration, ends_at, credits_invoice } = line
  const saysUnit = Number(unit_amount ?? 0) > 0
  if (!credits) return false
  if (amount < 0) return !saysUnit && credits_invoice === null
  if (amount === 0) return trial_credits && !is_proration && !saysUnit
  return !saysUnit || (!is_proration && created !== null && ends_at <= created)
}

type MadeLine = Omit<PlanLine, 'by_lookup_key' | 'needs_price'>

/** Returns what PLANS says by lookup keys, or null if none can decide about one of these lines. */
export function plansFor(lines: PlanLine[], plans: Settings['PLANS']): CreditedInvoice['plans'] {
  if (!lines.some(({ by_lookup_key }) => by_lookup_key)) return null
  return Object.fromEntries(
    plansByLookupKey(plans).map(([name, plan]) => {
      const { key, credits, trial_credits } = plan
      return [name, { key, credits, trial_credits, plan_names: namesOf(plan, plans) }]
    }),
  )
}

const namesOf = ({ key }: Plan, plans: Settings['PLANS']): string[] =>
  Object.entries(plans).flatMap(([name, plan]) => (plan.key === key ? [name, plan.price ?? []].flat() : []))

/** Returns what the lines themselves say about their prices: before 2025-03-31, everything. */
export const pricesIn = (lines: Line[]): KnownPrice[] =>
  lines.flatMap(({ price }) => (price ? pricesOf(price) : []))

const detailsOf = ({ parent }: Pick<Line, 'parent'>) =>
  parent?.subscription_item_details ?? parent?.invoice_item_details
export const priceOf = ({ pricing, price }: Line) => pricing?.price_details?.price ?? price?.id
const isProration = (line: Pick<Line, 'parent' | 'proration'>) =>
  (detailsOf(line)?.proration ?? line.proration) === true

export function isOfSubscription(line: Pick<Line, 'parent' | 'type' | 'proration'>): boolean {
  const type = line.parent ? line.parent.type : line.type
  return type === 'subscription_item_details' || type === 'subscription' || isProration(line)
}

/** Returns the price of one unit as far as the line contains it. A negative amount is no price of a plan. */
function unitAmount({ pricing, price }: Line, currency: string): string | null {
  const own = (price ? pricesOf(price) : []).find((known) => known.currency === currency)
  const given = pricing?.unit_amount_decimal || own?.unit_amount
  return given && Number(given) >= 0 ? given : null
}

/** Whether these lines can grant or take something. */
export const movesCredits = (lines: PlanLine[]) => lines.some((line) => line.by_lookup_key || mayMove(line))

/** Whether a plan was paid that brings nothing: a later change of plan must take nothing for it. */
export const hasPaidPlan = (lines: PlanLine[]) => lines.some(({ key, amount }) => key !== null && amount > 0)

const mayMove = ({ amount, credits, trial_credits, is_proration }: MadeLine) =>
  amount < 0 || Boolean(credits && (amount > 0 || (trial_credits && !is_proration)))

/**
 * Whether a plan was paid whose price no setting knows, so somebody may have forgotten to name it: lines are charged,
 * and none of them has a known price. Lines that only credit others do not count beside them: otherwise a change to an
 * unknown price would take credits and grant none. A price with `"credits": 0` is known, and grants nothing. If no line
 * is charged, or if a lookup key may decide, the database checks instead: `is_of_unknown_plan`.
 */
export function isOfUnknownPlan(lines: PlanLine[]): boolean {
  return (
    lines.some(({ amount }) => amount > 0) &&
    lines
      .filter(({ amount }) => amount >= 0)
      .every(({ credits, by_lookup_key }) => credits === null && !by_lookup_key)
  )
}

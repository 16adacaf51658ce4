import type Stripe from 'stripe'
import type { Effect } from '../db.ts'
import * as payments from '../payments/verbs.ts'
import type { Settings } from '../settings.ts'
import type { Verdict } from '../webhook/outcome.ts'
import { read } from '../webhook/provider.ts'
import { contextOf } from './grant-plan.ts'
import { invoiceLine, invoiceSchema, moneyOf, sumsOf } from './invoice.ts'
import { soldBeside } from './pack-lines.ts'
import { hasPaidPlan, isOfUnknownPlan, movesCredits, planLines, plansFor, pricesIn } from './plan-lines.ts'
import { hasPlans } from './plans.ts'
import { priceSchema, pricesOf } from './price.ts'
import { soldAlone } from './settle-invoice.ts'
import { READ } from './thin.ts'

const MOST_LINES = 1_000
/** Changes of plan credit each other's invoices. If more than this are not known here, a person has to decide. */
const MOST_INVOICES = 20

type Stored = payments.CreditedInvoice | payments.PaidInvoice

/**
 * Reads all lines of an invoice, because an event contains only the first ones, and pending items come before the
 * plan's.
 */
export async function readLines(
  stripe: Stripe,
  facts: Stored,
  settings: Settings,
): Promise<Effect | Verdict | null> {
  if ('lines' in facts && facts.lines) return await withPrices(stripe, { ...facts, lines: facts.lines })
  const all = await allLines(stripe, facts.stripe_invoice_id)
  if (!all) return null
  const subscription = 'stripe_subscription_id' in facts ? facts.stripe_subscription_id : null
  // A period that has ended may be metered. The time of the invoice's creation is not stored.
  const created = Math.floor(Date.now() / 1000)
  const lines = planLines(all, settings.PLANS, { subscription, currency: facts.currency, created })
  const invoice = { ...invoiceFacts(facts), ...sumsOf(all), prices: pricesIn(all) }
  // A one-off invoice says it in its metadata. What a pack had sold when the invoice was parked is not lost with its price.
  const sold = (subscription ? soldBeside(all, settings.CREDIT_PACKS, invoice) : null) ?? invoice.sold
  if (movesCredits(lines) && !isOfUnknownPlan(lines))
    return await withPrices(stripe, { ...invoice, lines, plans: plansFor(lines, settings.PLANS), sold })
  const { user_id } = invoice
  if (sold && user_id && subscription === null && lines.length === 0)
    return soldAlone(invoice, { user_id, credits: sold }, settings)
  const isSelling = hasPlans(settings)
  if (sold && (subscription === null || !isSelling || !isOfUnknownPlan(lines)))
    return await withPrices(stripe, { ...invoice, lines: isSelling ? lines : [], sold })
  // If a line has a price that no setting knows now, it goes on waiting: a setting that is wrong for a minute must not
  // lose money.
  if (lines.some(({ credits }) => credits === null))
    return facts.unknown === 'unknown_price'
      ? null
      : payments.creditInvoice({ ...invoice, unknown: 'unknown_price', sold })
  // Plans that bring nothing are stored, because PLANS may give them credits later.
  if (hasPaidPlan(lines)) return payments.creditInvoice({ ...invoice, lines, sold })
  return { outcome: 'ignored', reason: 'no_effect' }
}

/**
 * Returns what becomes of an invoice that could not be read. A one-off invoice is committed again: it was not asked yet
 * whether its customer is anybody's, because most of them are about no subscription.
 */
export const unread = (facts: Stored): Effect | null =>
  'lines' in facts && facts.stripe_subscription_id === null && facts.unknown === 'incomplete_invoice'
    ? payments.creditInvoice(facts)
    : null

/** Returns the facts as they are now: what an older version stored has grants in place of lines. */
function invoiceFacts(facts: Stored): payments.CreditedInvoice {
  const { stripe_invoice_id, stripe_subscription_id, stripe_customer_id, user_id } = facts
  const { amount, currency, paid_by, stripe_charge_id } = facts
  const noted = 'noted' in facts ? facts.noted : 0
  const names = { stripe_invoice_id, stripe_subscription_id, stripe_customer_id, user_id }
  const money = { amount, noted, currency, paid_by, stripe_charge_id }
  const sold = 'sold' in facts ? facts.sold : null
  const created = 'created' in facts ? facts.created : null
  return {
    ...names,
    ...money,
    charged: null,
    returned: null,
    created,
    lines: null,
    unknown: null,
    plans: null,
    sold,
    prices: [],
    credited: [],
  }
}

async function allLines(stripe: Stripe, invoice: string) {
  const lines = await stripe.invoices
    .listLineItems(invoice, { limit: 100 }, READ)
    .autoPagingToArray({ limit: MOST_LINES })
  // Crediting a part of them would settle the invoice. It stays parked instead, and `attention` reports it.
  return lines.length === MOST_LINES ? null : lines.map((line) => read(invoiceLine, line))
}

type Complete = payments.CreditedInvoice & { lines: payments.PlanLine[] }

/** Adds the prices that have to be read. They are stored, so each is read once. */
async function withPrices(stripe: Stripe, facts: Complete): Promise<Effect> {
  const lines = [...facts.lines, ...facts.credited.flatMap(({ lines }) => lines)]
  const known = new Set(facts.prices.map(({ id, currency }) => `${id} ${currency}`))
  const unread = new Set(
    lines
      .filter(({ needs_price, by_lookup_key }) => needs_price || by_lookup_key)
      .filter((line) => !known.has(`${line.stripe_price_id} ${facts.currency}`))
      .flatMap(({ stripe_price_id }) => stripe_price_id ?? []),
  )
  const prices = await Promise.all([...unread].map((price) => readPrice(stripe, price, facts.currency)))
  return payments.creditInvoice({ ...facts, unknown: null, prices: [...facts.prices, ...prices] })
}

async function readPrice(stripe: Stripe, id: string, currency: string): Promise<payments.KnownPrice> {
  const price = read(priceSchema, await stripe.prices.retrieve(id, { expand: ['currency_options'] }, READ))
  const prices = pricesOf(price)
  const own = prices.find((known) => known.currency === currency)
  // If the price has no amount in this currency, nothing says what a quantity of one costs: the time counts instead.
  return own ?? { ...(prices[0] as payments.KnownPrice), id, currency, unit_amount: null }
}

/**
 * Reads the invoices that these lines credit, and the prices that are then needed. While one of the invoices is not
 * paid, only the prices are added: it may be paid later, or a person has to decide. Null if nothing is added.
 */
export async function readCredited(
  stripe: Stripe,
  facts: payments.CreditedInvoice,
  settings: Settings,
): Promise<Effect | null> {
  const { lines } = facts
  if (!lines) return null
  const ids = creditedBy({ ...facts, lines })
  const credited: Complete['credited'] = []
  const budget = { left: MOST_INVOICES }
  for (const id of ids) {
    const read = await readPaid(stripe, id, settings, budget)
    if (read) credited.push(read)
  }
  if (credited.length === ids.size) return await withPrices(stripe, { ...facts, lines, credited })
  const effect = await withPrices(stripe, { ...facts, lines })
  const { prices } = effect.facts as unknown as Complete
  return prices.length > facts.prices.length ? effect : null
}

/** Returns the other invoices for which these lines wait: those whose lines they credit, if the price sells credits. */
function creditedBy({
  stripe_invoice_id,
  lines,
}: Pick<Complete, 'stripe_invoice_id' | 'lines'>): Set<string> {
  const waiting = lines.filter(
    ({ amount, credits, by_lookup_key }) => amount < 0 && (credits || by_lookup_key),
  )
  const ids = new Set(waiting.flatMap(({ credits_invoice }) => credits_invoice ?? []))
  ids.delete(stripe_invoice_id)
  return ids
}

/** Reads a paid invoice. Null if it is not paid, or credits an invoice that is not: then it has to wait itself. */
async function readPaid(
  stripe: Stripe,
  id: string,
  settings: Settings,
  budget: { left: number },
): Promise<Complete['credited'][0] | null> {
  if (budget.left-- === 0) return null
  const object = await stripe.invoices.retrieve(id, {}, READ)
  if (object.status !== 'paid') return null
  const invoice = read(invoiceSchema, object)
  const all = invoice.lines.has_more ? await allLines(stripe, id) : invoice.lines.data
  if (!all) return null
  const credited = {
    stripe_invoice_id: id,
    ...moneyOf(invoice),
    ...sumsOf(all),
    lines: planLines(all, settings.PLANS, contextOf(invoice)),
  }
  for (const earlier of creditedBy(credited)) {
    if ((await readPaid(stripe, earlier, settings, budget)) === null) return null
  }
  return credited
}

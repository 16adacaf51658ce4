import * as z from 'zod/mini'
import type { Effect } from '../db.ts'
import { once } from '../once.ts'
import * as payments from '../payments/verbs.ts'
import type { Settings } from '../settings.ts'
import { id, member } from '../values.ts'
import { type Handler, read } from '../webhook/provider.ts'
import { beforeStart, createdOf, isBeforeStart, mayBeOfEarlierSession } from './before-start.ts'
import { grantPlan, planLinesIn } from './grant-plan.ts'
import { invoiceLine, type Line, moneyMembers, moneyOf, paidPart } from './invoice.ts'
import { readSale, sellsCredits } from './own-metadata.ts'
import { reference } from './payload.ts'
import { isOfSubscription } from './plan-lines.ts'
import { recordForCustomer } from './record-for-customer.ts'

const LINE = { amount: true, discount_amounts: true, parent: true, type: true, proration: true } as const

const soldInvoice = once(() =>
  z.object({
    data: z.object({
      object: z.object({
        id: id(),
        customer: z.nullish(reference()),
        ...moneyMembers(),
        total: z.int(),
        currency: z.string().check(z.regex(/^[a-z]{3}$/)),
        /** Until 2025-03-31. Since then `invoice_payment.paid` says what paid it. */
        payment_intent: z.nullish(reference()),
        charge: z.nullish(reference()),
        lines: z.nullish(
          z.object({
            data: z.array(z.pick(invoiceLine(), LINE)),
            has_more: z.nullish(z.boolean()),
          }),
        ),
        metadata: z.nullish(z.record(z.string(), z.unknown())),
      }),
    }),
  }),
)

/** Handles a paid invoice: of a subscription, or a one-off sale whose own metadata says what it sells. */
export const settleInvoice: Handler = (event, settings) => {
  const object = member(member(event, 'data'), 'object')
  if (!sellsCredits(member(object, 'metadata')) || isMadeBySubscription(object))
    return grantPlan(event, settings)
  const sale = sell(event, settings)
  if (!('verb' in sale)) return sale
  const plans = grantPlan(event, settings)
  return 'verb' in plans && plans.verb === 'credit_invoice' ? withPlans(sale, plans, event, settings) : sale
}

const isMadeBySubscription = (invoice: unknown) =>
  [
    member(invoice, 'subscription'),
    member(member(member(invoice, 'parent'), 'subscription_details'), 'subscription'),
  ].some((subscription) => subscription != null)

/**
 * Adds the plan lines of a one-off invoice: Stripe puts pending items on any invoice of the customer, so it may also
 * contain the lines of a change of plan. If PLANS has none of the prices that they charge, the database knows whether
 * they are about a plan that is sold here, so that the whole invoice has to wait: `charges_unknown_plan`.
 */
function withPlans(sale: Effect, plans: Effect, event: unknown, settings: Settings): Effect {
  if (sale.verb !== 'settle_payment') return plans
  const sold = sale.facts.credits
  if (plans.facts.unknown !== 'unknown_price') return { ...plans, facts: { ...plans.facts, sold } }
  const lines = planLinesIn(event, settings)
  const mayBeSoldHere = lines.some(({ amount, credits }) => amount < 0 || credits !== null)
  return mayBeSoldHere ? { ...plans, facts: { ...plans.facts, lines, unknown: null, sold } } : sale
}

/** Whether a line charges something that is not about a subscription: the credit of other lines can pay it. */
const isChargedAlone = (line: Pick<Line, keyof typeof LINE>) => line.amount > 0 && !isOfSubscription(line)

/** Handles a one-off sale. Its amount is its total, because what the customer's balance paid was paid as well. */
const sell: Handler = (event, settings) => {
  const invoice = read(soldInvoice, event).data.object
  const money = moneyOf(invoice)
  const lines = invoice.lines?.data ?? []
  if (money.amount < 0 && !lines.some(isChargedAlone)) return recordForCustomer(event, settings)
  const object = member(member(event, 'data'), 'object')
  if (isBeforeStart(object, settings)) return beforeStart(event)
  const sale = readSale(invoice.metadata)
  if ('outcome' in sale) return sale
  const credits = paidPart(sale.credits, money)
  if (credits === 0) return recordForCustomer(event, settings)
  return soldAlone(
    {
      stripe_invoice_id: invoice.id,
      stripe_customer_id: invoice.customer ?? null,
      amount: money.amount,
      currency: invoice.currency,
      paid_by: invoice.payment_intent ?? null,
      stripe_charge_id: invoice.charge ?? null,
      created: createdOf(object),
    },
    { user_id: sale.userId, credits },
    settings,
  )
}

type SoldInvoice = Pick<payments.CreditedInvoice, 'stripe_invoice_id' | 'paid_by'> &
  Pick<payments.Payment, 'stripe_customer_id' | 'stripe_charge_id' | 'amount' | 'currency' | 'created'>

/** Returns the sale of a one-off invoice, without the lines of plans that it may also have. */
export const soldAlone = (
  invoice: SoldInvoice,
  sale: Pick<payments.Payment, 'user_id' | 'credits'>,
  settings: Settings,
): Effect =>
  payments.settle({
    ...sale,
    reference: null,
    stripe_payment_id: invoice.stripe_invoice_id,
    // If it is negative, the rest of what other lines credit went to the customer's balance.
    amount: Math.max(0, invoice.amount),
    currency: invoice.currency,
    stripe_checkout_session_id: null,
    stripe_payment_intent_id: invoice.paid_by?.startsWith('pi_') ? invoice.paid_by : null,
    stripe_invoice_id: invoice.stripe_invoice_id,
    stripe_charge_id: invoice.stripe_charge_id,
    stripe_customer_id: invoice.stripe_customer_id,
    invoice_unknown: false,
    session_unknown: mayBeOfEarlierSession(invoice, settings),
    created: invoice.created,
  })

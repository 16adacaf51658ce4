import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  numeric,
  primaryKey,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core'
import { createdAt, ledgerhook, updatedAt, wholeNumber } from '../schema.ts'
import { wallets } from '../wallet/schema.ts'

/** What was sold for money, kept so that reversals work after payloads are gone. */
export const payments = ledgerhook.table(
  'payments',
  {
    /** Names what was sold, and never changes: the invoice, else the PaymentIntent, else the Checkout Session. */
    stripePaymentId: text('stripe_payment_id').primaryKey(),
    userId: text('user_id')
      .notNull()
      .references(() => wallets.userId),
    /** 0 for an invoice that granted none, so that a refund of it is known to take none. */
    credits: wholeNumber('credits').notNull(),
    /** Minor units of `currency` (yen for JPY, cents for USD), as Stripe counts them. */
    amount: wholeNumber('amount').notNull(),
    currency: text().notNull(),
    stripeCheckoutSessionId: text('stripe_checkout_session_id').unique(),
    /** The PaymentIntent that paid. Null if nothing was due, and for an invoice until it is known. */
    stripePaymentIntentId: text('stripe_payment_intent_id'),
    stripeChargeId: text('stripe_charge_id'),
    createdAt: createdAt(),
    /**
     * For a payment that another system credited before `CREDIT_SINCE`: credits that were gone by then, which no entry
     * here took. Null for what was credited here.
     */
    goneBefore: wholeNumber('gone_before'),
  },
  (payments) => [
    index('payments_charge').on(payments.stripeChargeId).where(sql`${payments.stripeChargeId} is not null`),
    index('payments_created').on(payments.createdAt),
    // Before some of it comes back, no ledger entry names such a payment.
    index('payments_earlier').on(payments.userId).where(sql`${payments.goneBefore} is not null`),
    check('payments_sane', sql`${payments.credits} >= 0 and ${payments.amount} >= 0`),
  ],
)

/**
 * Which payments paid an invoice. Stripe reports that separately from the invoice, before or after it. There are rows
 * for every invoice of the account, because it is not known here whether an invoice grants anything.
 */
export const invoicePayments = ledgerhook.table(
  'invoice_payments',
  {
    stripeInvoiceId: text('stripe_invoice_id').notNull(),
    /** `pi_…`, else `ch_…`. A payment pays only one invoice. */
    paidBy: text('paid_by').notNull(),
    createdAt: createdAt(),
  },
  (links) => [
    primaryKey({ columns: [links.stripeInvoiceId, links.paidBy] }),
    uniqueIndex('invoice_payments_paid_by').on(links.paidBy),
  ],
)

/**
 * What is known of money that came back from known payments: one row for each refund and dispute, and one for each
 * charge with the highest total of refunds that Stripe has reported for it.
 */
export const reversals = ledgerhook.table(
  'reversals',
  {
    /** `re_…`, `dp_…`, or the charge's id. */
    id: text().primaryKey(),
    stripePaymentId: text('stripe_payment_id')
      .notNull()
      .references(() => payments.stripePaymentId),
    kind: text({ enum: ['refund', 'dispute', 'charge'] }).notNull(),
    /** Minor units of the payment's currency. For a charge, the highest of its totals. */
    amount: wholeNumber('amount').notNull(),
    /**
     * For a refund Stripe's status; for a dispute what its money did; for a charge `refunded`. The state of the highest
     * rank stays.
     */
    state: text({
      enum: [
        ...(['pending', 'requires_action', 'succeeded', 'canceled', 'failed'] as const),
        ...(['withdrawn', 'lost', 'reinstated', 'won'] as const),
        'refunded',
      ],
    }).notNull(),
    /** Minor units that a dispute holds now: what was withdrawn and not reinstated. */
    held: wholeNumber('held').notNull().default(0),
    /** How many times its money had moved in that report: the report with more of them is the newer one. */
    transactions: integer().notNull().default(0),
    /** Every total of refunds that a charge has reported. Null for refunds and disputes. */
    totals: bigint({ mode: 'number' }).array(),
    /**
     * For a dispute in another currency, in minor units of the payment's: what it took, and what of it was reinstated.
     */
    disputed: bigint({ mode: 'number' }),
    reinstated: bigint({ mode: 'number' }),
    stripePaymentIntentId: text('stripe_payment_intent_id'),
    stripeChargeId: text('stripe_charge_id'),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (reversals) => [
    index('reversals_payment').on(reversals.stripePaymentId),
    check(
      'reversals_sane',
      sql`${reversals.amount} >= 0 and case ${reversals.kind}
        when 'refund' then ${reversals.state} in ('pending', 'requires_action', 'succeeded', 'canceled', 'failed')
        when 'dispute' then ${reversals.state} in ('withdrawn', 'lost', 'reinstated', 'won')
        when 'charge' then ${reversals.state} = 'refunded'
        else false
      end`,
    ),
  ],
)

/**
 * What lines of subscription invoices were paid for, and what they credited back. A change of plan credits lines of
 * earlier invoices: the credits are taken back from what those lines granted.
 */
export const planLines = ledgerhook.table(
  'plan_lines',
  {
    stripeInvoiceId: text('stripe_invoice_id').notNull(),
    /** The line's id, or the invoice's own id if an older version granted the invoice as a whole. */
    stripeLineId: text('stripe_line_id').notNull(),
    stripeSubscriptionId: text('stripe_subscription_id').notNull(),
    stripePriceId: text('stripe_price_id'),
    /** Unix seconds. */
    startsAt: wholeNumber('starts_at').notNull(),
    endsAt: wholeNumber('ends_at').notNull(),
    /** Minor units, after discounts. Negative: it credits another line. */
    amount: wholeNumber('amount').notNull(),
    /** Credits that it granted. Negative: credits that it took. */
    credits: wholeNumber('credits').notNull(),
    /** How many of them other lines have taken. */
    taken: wholeNumber('taken').notNull().default(0),
    /** Whether its invoice was paid here. If not, it was read from Stripe because another invoice credits it. */
    isPaid: boolean('is_paid').notNull(),
    /** What a negative line credits. Null if it names nothing, and no line covers its start. */
    creditedInvoiceId: text('credited_invoice_id'),
    creditedLineIds: text('credited_line_ids').array(),
    /** The credits that it took for money that went to the customer's balance. */
    toBalance: wholeNumber('to_balance').notNull().default(0),
    createdAt: createdAt(),
  },
  (lines) => [
    primaryKey({ columns: [lines.stripeInvoiceId, lines.stripeLineId] }),
    index('plan_lines_subscription').on(lines.stripeSubscriptionId, lines.startsAt),
    index('plan_lines_credited')
      .on(lines.creditedInvoiceId)
      .where(sql`${lines.creditedInvoiceId} is not null`),
    check('plan_lines_taken', sql`${lines.taken} between 0 and greatest(0, ${lines.credits})`),
  ],
)

/** What Stripe says about prices, which never change: each is read once per currency. */
export const stripePrices = ledgerhook.table(
  'stripe_prices',
  {
    id: text().notNull(),
    currency: text().notNull(),
    /** Minor units, perhaps with a fraction. Null for a price with tiers. */
    unitAmount: numeric('unit_amount'),
    /** `day`, `week`, `month` or `year`. Null for a price that does not recur. */
    interval: text(),
    intervalCount: integer('interval_count'),
    /** `licensed`, or `metered`, which grants nothing. */
    usageType: text('usage_type'),
    /**
     * The first that was seen, because a key may move to another price. Empty if there was none, null if it was never
     * read.
     */
    lookupKey: text('lookup_key'),
    createdAt: createdAt(),
  },
  (prices) => [primaryKey({ columns: [prices.id, prices.currency] })],
)

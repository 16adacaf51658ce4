import { sql } from 'drizzle-orm'

import { bigint, check, index, pgTable, primaryKey, text, timestamp, uniqueIndex } from 'drizzle-orm/pg-core'

/** One prepaid wallet per user. It outlives the user: `closed_at` is the tombstone. */
export const wallets = pgTable(
  'wallets',
  {
    userId: text('user_id').primaryKey(),
    /** Credits: always the sum of the ledger, moved by a trigger on it and by nothing else. */
    balance: bigint({ mode: 'number' }).notNull().default(0),
    closedAt: timestamp('closed_at', { withTimezone: true }),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (wallets) => [index('wallets_closed').on(wallets.userId).where(sql`${wallets.closedAt} is not null`)],
)

/** Append-only: triggers refuse every change of a row. A correction is another entry. */
export const creditLedger = pgTable(
  'credit_ledger',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    userId: text('user_id')
      .notNull()
      .references(() => wallets.userId),
    kind: text().notNull(),
    /** Credits, signed: what comes in is positive. */
    amount: bigint({ mode: 'number' }).notNull(),
    /** Credits in the wallet once this entry is counted: filled by a trigger, under the wallet's lock. */
    balanceAfter: bigint('balance_after', { mode: 'number' }).notNull().default(0),
    /** Names the business fact (`purchase:<payment>`), so that a fact moves credits once. */
    idempotencyKey: text('idempotency_key').notNull().unique(),
    stripePaymentId: text('stripe_payment_id'),
    eventId: text('event_id'),
    note: text(),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (ledger) => [
    index('credit_ledger_newest').on(ledger.userId, ledger.id),
    // Two that share the entries between them, so that each entry is in one.
    index('credit_ledger_payment')
      .on(ledger.stripePaymentId)
      .where(sql`${ledger.kind} <> 'purchase' and ${ledger.stripePaymentId} is not null`),
    uniqueIndex('credit_ledger_one_purchase')
      .on(ledger.stripePaymentId)
      .where(sql`${ledger.kind} = 'purchase'`),
    check(
      'credit_ledger_amount',
      sql`case
        when ${ledger.kind} in ('signup_bonus', 'purchase', 'plan_grant', 'refund_reversal', 'dispute_reversal') then ${ledger.amount} > 0
        when ${ledger.kind} in ('refund', 'dispute', 'spend') then ${ledger.amount} < 0
        when ${ledger.kind} = 'adjustment' then ${ledger.amount} <> 0
        else false
      end`,
    ),
    check(
      'credit_ledger_purchase',
      sql`${ledger.kind} <> 'purchase' or ${ledger.stripePaymentId} is not null`,
    ),
  ],
)

/**
 * Which payments paid an invoice; Stripe tells of it apart from the invoice, before or after it. Rows of every invoice
 * of the account: whether it grants anything is not known here.
 */
export const invoicePayments = pgTable(
  'invoice_payments',
  {
    invoiceId: text('invoice_id').notNull(),
    /** The PaymentIntent, else the charge. */
    stripePaymentId: text('stripe_payment_id').notNull(),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (links) => [
    primaryKey({ columns: [links.invoiceId, links.stripePaymentId] }),
    index('invoice_payments_payment').on(links.stripePaymentId),
  ],
)

/** What was paid and granted, kept for reversals after payloads are gone. */
export const payments = pgTable(
  'payments',
  {
    /** The PaymentIntent, else (nothing was due) the Checkout Session. Of an invoice whose payment is not known, the invoice. */
    stripePaymentId: text('stripe_payment_id').primaryKey(),
    userId: text('user_id')
      .notNull()
      .references(() => wallets.userId),
    credits: bigint({ mode: 'number' }).notNull(),
    /** Minor units of `currency` (yen for JPY, cents for USD), as Stripe counts them. */
    amount: bigint({ mode: 'number' }).notNull(),
    currency: text().notNull(),
    checkoutSessionId: text('checkout_session_id').unique(),
    chargeId: text('charge_id'),
    invoiceId: text('invoice_id'),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (payments) => [
    uniqueIndex('payments_invoice').on(payments.invoiceId).where(sql`${payments.invoiceId} is not null`),
    index('payments_charge').on(payments.chargeId).where(sql`${payments.chargeId} is not null`),
    check('payments_sane', sql`${payments.credits} > 0 and ${payments.amount} >= 0`),
  ],
)

/**
 * What is known of the money that came back, of payments that are known: one row per refund and dispute, and one per
 * charge with the highest total of refunds that Stripe has told of it.
 */
export const reversals = pgTable(
  'reversals',
  {
    /** `re_…`, `dp_…`, or the charge's. */
    id: text().primaryKey(),
    /** As in the ledger: the invoice of plan credits, else the payment. */
    stripePaymentId: text('stripe_payment_id').notNull(),
    kind: text({ enum: ['refund', 'dispute', 'charge'] }).notNull(),
    /** Minor units of the payment's currency. */
    amount: bigint({ mode: 'number' }).notNull(),
    /** Of a refund Stripe's status; of a dispute what its money did; `refunded` of a charge. The highest in rank stays. */
    state: text({
      enum: [
        ...(['pending', 'requires_action', 'succeeded', 'canceled', 'failed'] as const),
        ...(['withdrawn', 'lost', 'reinstated', 'won'] as const),
        'refunded',
      ],
    }).notNull(),
    paymentIntentId: text('payment_intent_id'),
    chargeId: text('charge_id'),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
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

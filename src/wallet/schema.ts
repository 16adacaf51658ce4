import { sql } from 'drizzle-orm'
import { type AnyPgColumn, boolean, check, index, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { createdAt, ledgerhook, moment, providerMoment, updatedAt, wholeNumber } from '../schema.ts'

/** One prepaid wallet for each user. It outlives the user: `closed_at` is the tombstone. */
export const wallets = ledgerhook.table(
  'wallets',
  {
    userId: text('user_id').primaryKey(),
    /** Credits: always the sum of the ledger. Only a trigger on the ledger moves it. */
    balance: wholeNumber('balance').notNull().default(0),
    closedAt: moment('closed_at'),
    /** Since when its user is banned in Clerk. A banned user spends and buys nothing. */
    bannedAt: moment('banned_at'),
    /** When Clerk made the event that banned the user, or lifted the ban, last. Null while none has changed it. */
    banAsOf: providerMoment('ban_as_of'),
    /**
     * The thresholds of LOW_BALANCE that are armed: the balance was well above them, and has not fallen below them
     * since. Your app receives one event when it does.
     */
    lowArmed: wholeNumber('low_armed').array().notNull().default(sql`'{}'::bigint[]`),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (wallets) => [
    index('wallets_closed').on(wallets.closedAt).where(sql`${wallets.closedAt} is not null`),
    // Numbers in JSON and JavaScript are exact up to here.
    check('wallets_exact', sql`${wallets.balance} between -9007199254740991 and 9007199254740991`),
  ],
)

/** Append-only: triggers refuse every change of a row. A correction is another entry. */
export const creditLedger = ledgerhook.table(
  'credit_ledger',
  {
    id: wholeNumber('id').primaryKey().generatedAlwaysAsIdentity(),
    userId: text('user_id')
      .notNull()
      .references(() => wallets.userId),
    kind: text().notNull(),
    /** Credits, signed: what comes in is positive. */
    amount: wholeNumber('amount').notNull(),
    /** Credits in the wallet after this entry. A trigger fills it, under the wallet's lock. */
    balanceAfter: wholeNumber('balance_after').notNull().default(0),
    /** Names the business fact (`purchase:<payment>`), so that a fact moves credits once. */
    idempotencyKey: text('idempotency_key').notNull().unique(),
    stripePaymentId: text('stripe_payment_id'),
    eventId: text('event_id'),
    note: text(),
    /** The spend that this entry gives back, all of it or a part. */
    reverses: wholeNumber('reverses').references((): AnyPgColumn => creditLedger.id),
    /** Whether the wallet was already closed when this was given back. Null for every other entry. */
    afterClosing: boolean('after_closing'),
    /** What a spend was for, in your backend's words: a job, an order. Its give-backs have the same reference. */
    reference: text(),
    /** The name of the service token that asked for it. Null if the token has none. */
    caller: text(),
    /** The name in CAMPAIGNS whose limits a grant counts towards. */
    campaign: text(),
    createdAt: createdAt(),
  },
  (ledger) => [
    index('credit_ledger_newest').on(ledger.userId, ledger.id),
    // Two indexes that share the entries between them, so that each entry is in only one.
    index('credit_ledger_payment')
      .on(ledger.stripePaymentId)
      .where(sql`${ledger.kind} <> 'purchase' and ${ledger.stripePaymentId} is not null`),
    uniqueIndex('credit_ledger_one_purchase')
      .on(ledger.stripePaymentId)
      .where(sql`${ledger.kind} = 'purchase'`),
    // Indexes only the few entries that have one, so that the others cost nothing.
    index('credit_ledger_reverses').on(ledger.reverses).where(sql`${ledger.reverses} is not null`),
    index('credit_ledger_reference')
      .on(ledger.reference, ledger.id)
      .where(sql`${ledger.reference} is not null`),
    check(
      'credit_ledger_reverses',
      sql`(${ledger.kind} = 'spend_reversal') = (${ledger.reverses} is not null)`,
    ),
    check(
      'credit_ledger_amount',
      sql`case
        when ${ledger.kind} in ('signup_bonus', 'purchase', 'plan_grant', 'refund_reversal', 'dispute_reversal', 'grant', 'spend_reversal') then ${ledger.amount} > 0
        when ${ledger.kind} in ('refund', 'dispute', 'spend') then ${ledger.amount} < 0
        when ${ledger.kind} in ('adjustment', 'plan_change') then ${ledger.amount} <> 0
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
 * Adjustments to a balance that the wallet already had, by the key of the ledger entry that was not needed. Without
 * them, the same import, made again after something was spent, would give the spent credits back.
 */
export const metBalances = ledgerhook.table('met_balances', {
  idempotencyKey: text('idempotency_key').primaryKey(),
  userId: text('user_id')
    .notNull()
    .references(() => wallets.userId),
  /** Credits. */
  balance: wholeNumber('balance').notNull(),
  createdAt: createdAt(),
})

/**
 * How much was granted, for each limit that counts it: `day:<date>`, `day:<date>:<user>`, `campaign:<name>` and
 * `campaign:<name>:<user>`. These are sums, so that a grant takes the same time however many came before.
 */
export const grantTotals = ledgerhook.table('grant_totals', {
  subject: text().primaryKey(),
  credits: wholeNumber('credits').notNull(),
})

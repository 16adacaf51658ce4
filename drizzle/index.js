// Made from drizzle/tables.ts: `npm run generate` writes this file, and `npm run check` compares it.

// src/subscriptions/schema.ts
import { sql as sql2 } from "drizzle-orm";
import { bigint as bigint2, boolean as boolean2, index as index2, integer, jsonb, text as text2 } from "drizzle-orm/pg-core";

// src/schema.ts
import { bigint, pgSchema, timestamp } from "drizzle-orm/pg-core";
var ledgerhook = pgSchema("ledgerhook");
var moment = (name) => timestamp(name, { withTimezone: true });
var providerMoment = (name) => timestamp(name, { withTimezone: true, precision: 3 });
var createdAt = () => moment("created_at").notNull().defaultNow();
var updatedAt = () => moment("updated_at").notNull().defaultNow();
var wholeNumber = (name) => bigint(name, { mode: "number" });

// src/wallet/schema.ts
import { sql } from "drizzle-orm";
import { boolean, check, index, text, uniqueIndex } from "drizzle-orm/pg-core";
var wallets = ledgerhook.table(
  "wallets",
  {
    userId: text("user_id").primaryKey(),
    /** Credits: always the sum of the ledger. Only a trigger on the ledger moves it. */
    balance: wholeNumber("balance").notNull().default(0),
    closedAt: moment("closed_at"),
    /** Since when its user is banned in Clerk. A banned user spends and buys nothing. */
    bannedAt: moment("banned_at"),
    /** When Clerk made the event that banned the user, or lifted the ban, last. Null while none has changed it. */
    banAsOf: providerMoment("ban_as_of"),
    /**
     * The thresholds of LOW_BALANCE that are armed: the balance was well above them, and has not fallen below them
     * since. Your app receives one event when it does.
     */
    lowArmed: wholeNumber("low_armed").array().notNull().default(sql`'{}'::bigint[]`),
    createdAt: createdAt(),
    updatedAt: updatedAt()
  },
  (wallets3) => [
    index("wallets_closed").on(wallets3.closedAt).where(sql`${wallets3.closedAt} is not null`),
    // Numbers in JSON and JavaScript are exact up to here.
    check("wallets_exact", sql`${wallets3.balance} between -9007199254740991 and 9007199254740991`)
  ]
);
var creditLedger = ledgerhook.table(
  "credit_ledger",
  {
    id: wholeNumber("id").primaryKey().generatedAlwaysAsIdentity(),
    userId: text("user_id").notNull().references(() => wallets.userId),
    kind: text().notNull(),
    /** Credits, signed: what comes in is positive. */
    amount: wholeNumber("amount").notNull(),
    /** Credits in the wallet after this entry. A trigger fills it, under the wallet's lock. */
    balanceAfter: wholeNumber("balance_after").notNull().default(0),
    /** Names the business fact (`purchase:<payment>`), so that a fact moves credits once. */
    idempotencyKey: text("idempotency_key").notNull().unique(),
    stripePaymentId: text("stripe_payment_id"),
    eventId: text("event_id"),
    note: text(),
    /** The spend that this entry gives back, all of it or a part. */
    reverses: wholeNumber("reverses").references(() => creditLedger.id),
    /** Whether the wallet was already closed when this was given back. Null for every other entry. */
    afterClosing: boolean("after_closing"),
    /** What a spend was for, in your backend's words: a job, an order. Its give-backs have the same reference. */
    reference: text(),
    /** The name of the service token that asked for it. Null if the token has none. */
    caller: text(),
    /** The name in CAMPAIGNS whose limits a grant counts towards. */
    campaign: text(),
    createdAt: createdAt()
  },
  (ledger) => [
    index("credit_ledger_newest").on(ledger.userId, ledger.id),
    // Two indexes that share the entries between them, so that each entry is in only one.
    index("credit_ledger_payment").on(ledger.stripePaymentId).where(sql`${ledger.kind} <> 'purchase' and ${ledger.stripePaymentId} is not null`),
    uniqueIndex("credit_ledger_one_purchase").on(ledger.stripePaymentId).where(sql`${ledger.kind} = 'purchase'`),
    // Indexes only the few entries that have one, so that the others cost nothing.
    index("credit_ledger_reverses").on(ledger.reverses).where(sql`${ledger.reverses} is not null`),
    index("credit_ledger_reference").on(ledger.reference, ledger.id).where(sql`${ledger.reference} is not null`),
    check(
      "credit_ledger_reverses",
      sql`(${ledger.kind} = 'spend_reversal') = (${ledger.reverses} is not null)`
    ),
    check(
      "credit_ledger_amount",
      sql`case
        when ${ledger.kind} in ('signup_bonus', 'purchase', 'plan_grant', 'refund_reversal', 'dispute_reversal', 'grant', 'spend_reversal') then ${ledger.amount} > 0
        when ${ledger.kind} in ('refund', 'dispute', 'spend') then ${ledger.amount} < 0
        when ${ledger.kind} in ('adjustment', 'plan_change') then ${ledger.amount} <> 0
        else false
      end`
    ),
    check(
      "credit_ledger_purchase",
      sql`${ledger.kind} <> 'purchase' or ${ledger.stripePaymentId} is not null`
    )
  ]
);
var metBalances = ledgerhook.table("met_balances", {
  idempotencyKey: text("idempotency_key").primaryKey(),
  userId: text("user_id").notNull().references(() => wallets.userId),
  /** Credits. */
  balance: wholeNumber("balance").notNull(),
  createdAt: createdAt()
});
var grantTotals = ledgerhook.table("grant_totals", {
  subject: text().primaryKey(),
  credits: wholeNumber("credits").notNull()
});

// src/subscriptions/schema.ts
var subscriptions = ledgerhook.table(
  "subscriptions",
  {
    id: text2().primaryKey(),
    userId: text2("user_id").notNull().references(() => wallets.userId),
    /** The user whom its metadata names. If that is another user who is not deleted, it is not cancelled. */
    namedUserId: text2("named_user_id"),
    stripeCustomerId: text2("stripe_customer_id").notNull(),
    /** Whether it is of live mode. Null for subscriptions from before this was kept. */
    livemode: boolean2(),
    /** The price of the item that carries the plan. */
    stripePriceId: text2("stripe_price_id"),
    /** The price's `lookup_key`, else the key from PLANS. Null if there is neither. */
    planKey: text2("plan_key"),
    /** The plan's `group` in PLANS. Null if it has none. */
    planGroup: text2("plan_group"),
    /** Since when the user has another live plan of the same group, so that both are paid. */
    doubleSince: moment("double_since"),
    /** Stripe's word. `canceled` and `incomplete_expired` are the end: no event changes them back. */
    status: text2().notNull(),
    currentPeriodEnd: providerMoment("current_period_end"),
    cancelAtPeriodEnd: boolean2("cancel_at_period_end").notNull(),
    /** Whether Stripe collects no money for it, though its status stays as it is. */
    collectionPaused: boolean2("collection_paused").notNull().default(false),
    cancelAt: providerMoment("cancel_at"),
    canceledAt: providerMoment("canceled_at"),
    endedAt: providerMoment("ended_at"),
    /** Stripe's `created` of the newest event applied, in whole seconds: it orders the events. */
    lastEventAt: providerMoment("last_event_at").notNull(),
    /** Whether the newest report was its creation, a later event, or a read from Stripe's API. Decides ties. */
    lastSource: text2("last_source", { enum: ["created", "updated", "read"] }).notNull(),
    /**
     * The state before the newest event, as that event says. Null if it does not say so, or if a tie was decided by it.
     */
    previous: jsonb(),
    /** When to try to cancel it, because its user is deleted. */
    cancelDueAt: moment("cancel_due_at"),
    cancelTries: integer("cancel_tries").notNull().default(0),
    /** When Stripe cancelled it at our request. */
    cancelRequestedAt: moment("cancel_requested_at"),
    /** When Stripe created the subscription. */
    createdAt: providerMoment("created_at").notNull(),
    updatedAt: updatedAt()
  },
  (subscriptions2) => [
    index2("subscriptions_user").on(subscriptions2.userId),
    index2("subscriptions_cancel_due").on(subscriptions2.cancelDueAt).where(sql2`${subscriptions2.cancelDueAt} is not null`),
    index2("subscriptions_double").on(subscriptions2.doubleSince).where(sql2`${subscriptions2.doubleSince} is not null`)
  ]
);
var userBilling = ledgerhook.view("user_billing", {
  id: text2().notNull(),
  email: text2(),
  stripeCustomerId: text2("stripe_customer_id"),
  stripeSubscriptionId: text2("stripe_subscription_id"),
  stripePriceId: text2("stripe_price_id"),
  subscriptionStatus: text2("subscription_status"),
  subscriptionCurrentPeriodEnd: providerMoment("subscription_current_period_end"),
  cancelAtPeriodEnd: boolean2("cancel_at_period_end"),
  planKey: text2("plan_key"),
  balance: bigint2({ mode: "number" }),
  cancelAt: providerMoment("cancel_at"),
  collectionPaused: boolean2("collection_paused")
}).as(sql2`
  select u.id, u.email, u.stripe_customer_id, s.id as stripe_subscription_id, s.stripe_price_id,
    s.status as subscription_status, s.current_period_end as subscription_current_period_end,
    s.cancel_at_period_end or coalesce(s.cancel_at <= s.current_period_end, false) as cancel_at_period_end,
    s.plan_key, w.balance, s.cancel_at, s.collection_paused
  from ledgerhook.users u
  left join ledgerhook.wallets w on w.user_id = u.id
  left join lateral (
    select * from ledgerhook.subscriptions subscription where user_id = u.id
      and not exists (select from ledgerhook.stripe_account served
        where served.one and served.livemode <> coalesce(subscription.livemode, served.first_livemode))
    order by status in ('active', 'trialing', 'past_due') and plan_key is not null desc,
      named_user_id is distinct from user_id and coalesce((select customer.by_reference
        from ledgerhook.stripe_customers customer where customer.id = stripe_customer_id), false), case status
      when 'active' then 1 when 'trialing' then 2 when 'past_due' then 3 when 'paused' then 4
      when 'unpaid' then 5 when 'incomplete' then 6 when 'canceled' then 8 when 'incomplete_expired' then 9
      else 7 end, created_at desc, id desc
    limit 1
  ) s on true`);

// src/users/schema.ts
import { sql as sql3 } from "drizzle-orm";
import { boolean as boolean3, check as check2, index as index3, text as text3, uniqueIndex as uniqueIndex2 } from "drizzle-orm/pg-core";
var users = ledgerhook.table(
  "users",
  {
    id: text3().primaryKey(),
    email: text3(),
    /** Whether Clerk has verified `email`: only a verified address may displace another user's. */
    emailVerified: boolean3("email_verified").notNull().default(false),
    name: text3(),
    stripeCustomerId: text3("stripe_customer_id").unique(),
    provisionedBy: text3("provisioned_by", { enum: ["webhook", "session", "reconcile"] }).notNull().default("webhook"),
    /** Clerk's `data.updated_at` of the newest event applied: it orders user events. */
    clerkUpdatedAt: providerMoment("clerk_updated_at"),
    deactivatedAt: moment("deactivated_at"),
    /** Whether the signup bonus waits for a verified address. Null if that was never decided. */
    bonusWithheld: boolean3("bonus_withheld"),
    createdAt: createdAt(),
    updatedAt: updatedAt()
  },
  (users3) => [
    uniqueIndex2("users_active_email").on(sql3`lower(${users3.email})`).where(sql3`${users3.deactivatedAt} is null`),
    check2("users_provisioned_by", sql3`${users3.provisionedBy} in ('webhook', 'session', 'reconcile')`)
  ]
);
var stripeCustomers = ledgerhook.table(
  "stripe_customers",
  {
    id: text3().primaryKey(),
    /** Null for a customer that was gone before anybody was known to have it. */
    userId: text3("user_id"),
    /**
     * Whether its owner is known only by a `client_reference_id`, which the buyer's browser can change. The user gets
     * what the customer pays for, but nothing is sold to the user through it.
     */
    byReference: boolean3("by_reference").notNull().default(false),
    /** When Ledgerhook learned that it is gone: nothing links it again. */
    deletedAt: moment("deleted_at"),
    /** Whether it is of live mode. Null for customers from before this was kept. */
    livemode: boolean3(),
    /** When Ledgerhook learned that the served account and mode do not have it: nothing links it again. */
    unlinkedAt: moment("unlinked_at"),
    createdAt: createdAt()
  },
  (customers) => [index3("stripe_customers_user").on(customers.userId)]
);
var bonusKey = ledgerhook.table("bonus_key", {
  /** Always true: there is one row. */
  one: boolean3().primaryKey().default(true),
  /** 32 random bytes, in hexadecimal. */
  key: text3().notNull()
});
var bonusAddresses = ledgerhook.table("bonus_addresses", {
  address: text3().primaryKey(),
  createdAt: createdAt()
});
var stripeAccount = ledgerhook.table("stripe_account", {
  /** Always true: there is one row. */
  one: boolean3().primaryKey().default(true),
  /** `acct_…`. Null until it was read from Stripe. */
  account: text3(),
  livemode: boolean3().notNull(),
  /** The mode of rows that have no mode of their own. */
  firstLivemode: boolean3("first_livemode").notNull(),
  since: moment("since").notNull().defaultNow()
});

// drizzle/tables.ts
var readOnly = (table) => table;
var users2 = readOnly(users);
var wallets2 = readOnly(wallets);
var creditLedger2 = readOnly(creditLedger);
var userBilling2 = userBilling;
export {
  creditLedger2 as creditLedger,
  userBilling2 as userBilling,
  users2 as users,
  wallets2 as wallets
};

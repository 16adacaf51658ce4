CREATE TABLE "ledgerhook"."invoice_payments" (
	"stripe_invoice_id" text NOT NULL,
	"paid_by" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "invoice_payments_stripe_invoice_id_paid_by_pk" PRIMARY KEY("stripe_invoice_id","paid_by")
);
--> statement-breakpoint
CREATE TABLE "ledgerhook"."payments" (
	"stripe_payment_id" text PRIMARY KEY NOT NULL,
	"user_id" text NOT NULL,
	"credits" bigint NOT NULL,
	"amount" bigint NOT NULL,
	"currency" text NOT NULL,
	"stripe_checkout_session_id" text,
	"stripe_payment_intent_id" text,
	"stripe_charge_id" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "payments_stripe_checkout_session_id_unique" UNIQUE("stripe_checkout_session_id"),
	CONSTRAINT "payments_sane" CHECK ("ledgerhook"."payments"."credits" > 0 and "ledgerhook"."payments"."amount" >= 0)
);
--> statement-breakpoint
CREATE TABLE "ledgerhook"."reversals" (
	"id" text PRIMARY KEY NOT NULL,
	"stripe_payment_id" text NOT NULL,
	"kind" text NOT NULL,
	"amount" bigint NOT NULL,
	"state" text NOT NULL,
	"stripe_payment_intent_id" text,
	"stripe_charge_id" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "reversals_sane" CHECK ("ledgerhook"."reversals"."amount" >= 0 and case "ledgerhook"."reversals"."kind"
        when 'refund' then "ledgerhook"."reversals"."state" in ('pending', 'requires_action', 'succeeded', 'canceled', 'failed')
        when 'dispute' then "ledgerhook"."reversals"."state" in ('withdrawn', 'lost', 'reinstated', 'won')
        when 'charge' then "ledgerhook"."reversals"."state" = 'refunded'
        else false
      end)
);
--> statement-breakpoint
CREATE TABLE "ledgerhook"."subscriptions" (
	"id" text PRIMARY KEY NOT NULL,
	"user_id" text NOT NULL,
	"named_user_id" text,
	"stripe_customer_id" text NOT NULL,
	"stripe_price_id" text,
	"plan_key" text,
	"status" text NOT NULL,
	"current_period_end" timestamp (3) with time zone,
	"cancel_at_period_end" boolean NOT NULL,
	"cancel_at" timestamp (3) with time zone,
	"canceled_at" timestamp (3) with time zone,
	"ended_at" timestamp (3) with time zone,
	"last_event_at" timestamp (3) with time zone NOT NULL,
	"last_source" text NOT NULL,
	"previous" jsonb,
	"cancel_due_at" timestamp with time zone,
	"cancel_tries" integer DEFAULT 0 NOT NULL,
	"cancel_requested_at" timestamp with time zone,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "ledgerhook"."stripe_customers" (
	"id" text PRIMARY KEY NOT NULL,
	"user_id" text,
	"deleted_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "ledgerhook"."users" (
	"id" text PRIMARY KEY NOT NULL,
	"email" text,
	"email_verified" boolean DEFAULT false NOT NULL,
	"name" text,
	"stripe_customer_id" text,
	"provisioned_by" text DEFAULT 'webhook' NOT NULL,
	"clerk_updated_at" timestamp (3) with time zone,
	"deactivated_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "users_stripe_customer_id_unique" UNIQUE("stripe_customer_id"),
	CONSTRAINT "users_provisioned_by" CHECK ("ledgerhook"."users"."provisioned_by" in ('webhook', 'session', 'reconcile'))
);
--> statement-breakpoint
CREATE TABLE "ledgerhook"."credit_ledger" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "ledgerhook"."credit_ledger_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"user_id" text NOT NULL,
	"kind" text NOT NULL,
	"amount" bigint NOT NULL,
	"balance_after" bigint DEFAULT 0 NOT NULL,
	"idempotency_key" text NOT NULL,
	"stripe_payment_id" text,
	"event_id" text,
	"note" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "credit_ledger_idempotency_key_unique" UNIQUE("idempotency_key"),
	CONSTRAINT "credit_ledger_amount" CHECK (case
        when "ledgerhook"."credit_ledger"."kind" in ('signup_bonus', 'purchase', 'plan_grant', 'refund_reversal', 'dispute_reversal', 'grant', 'spend_reversal') then "ledgerhook"."credit_ledger"."amount" > 0
        when "ledgerhook"."credit_ledger"."kind" in ('refund', 'dispute', 'spend') then "ledgerhook"."credit_ledger"."amount" < 0
        when "ledgerhook"."credit_ledger"."kind" in ('adjustment', 'plan_change') then "ledgerhook"."credit_ledger"."amount" <> 0
        else false
      end),
	CONSTRAINT "credit_ledger_purchase" CHECK ("ledgerhook"."credit_ledger"."kind" <> 'purchase' or "ledgerhook"."credit_ledger"."stripe_payment_id" is not null)
);
--> statement-breakpoint
CREATE TABLE "ledgerhook"."wallets" (
	"user_id" text PRIMARY KEY NOT NULL,
	"balance" bigint DEFAULT 0 NOT NULL,
	"closed_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "wallets_exact" CHECK ("ledgerhook"."wallets"."balance" between -9007199254740991 and 9007199254740991)
);
--> statement-breakpoint
CREATE TABLE "ledgerhook"."arrived" (
	"subject" text PRIMARY KEY NOT NULL,
	"due_at" timestamp with time zone DEFAULT now() NOT NULL,
	"last_occurred_at" timestamp (3) with time zone,
	"last_event_id" text
);
--> statement-breakpoint
CREATE TABLE "ledgerhook"."erasures" (
	"user_id" text PRIMARY KEY NOT NULL,
	"asked_at" timestamp with time zone DEFAULT now() NOT NULL,
	"erased_until" timestamp with time zone,
	"done_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "ledgerhook"."settled_facts" (
	"subject" text PRIMARY KEY NOT NULL,
	"provider" text NOT NULL,
	"event_id" text NOT NULL,
	"note" text NOT NULL,
	"settled_by" text NOT NULL,
	"settled_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "ledgerhook"."tasks" (
	"name" text PRIMARY KEY NOT NULL,
	"leased_until" timestamp with time zone,
	"next_at" timestamp with time zone DEFAULT now() NOT NULL,
	"failures" integer DEFAULT 0 NOT NULL,
	"cursor" jsonb,
	"last_good_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "ledgerhook"."verbs" (
	"name" text PRIMARY KEY NOT NULL
);
--> statement-breakpoint
CREATE TABLE "ledgerhook"."waiting" (
	"subject" text NOT NULL,
	"provider" text NOT NULL,
	"event_id" text NOT NULL,
	"occurred_at" timestamp (3) with time zone NOT NULL,
	"retry_at" timestamp with time zone,
	"tries" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "waiting_provider_event_id_subject_pk" PRIMARY KEY("provider","event_id","subject")
);
--> statement-breakpoint
CREATE TABLE "ledgerhook"."webhook_events" (
	"provider" text NOT NULL,
	"event_id" text NOT NULL,
	"type" text,
	"outcome" text NOT NULL,
	"reason" text,
	"user_id" text,
	"payload" jsonb,
	"effect" jsonb,
	"about" text[],
	"sqlstate" text,
	"via" text DEFAULT 'webhook' NOT NULL,
	"attempts" integer DEFAULT 1 NOT NULL,
	"occurred_at" timestamp (3) with time zone,
	"received_at" timestamp with time zone DEFAULT now() NOT NULL,
	"settled_at" timestamp with time zone,
	CONSTRAINT "webhook_events_provider_event_id_pk" PRIMARY KEY("provider","event_id"),
	CONSTRAINT "webhook_events_outcome" CHECK ("ledgerhook"."webhook_events"."outcome" in ('applied', 'duplicate', 'stale', 'ignored', 'parked', 'rejected')),
	CONSTRAINT "webhook_events_provider" CHECK ("ledgerhook"."webhook_events"."provider" in ('clerk', 'stripe')),
	CONSTRAINT "webhook_events_via" CHECK ("ledgerhook"."webhook_events"."via" in ('webhook', 'release'))
);
--> statement-breakpoint
ALTER TABLE "ledgerhook"."payments" ADD CONSTRAINT "payments_user_id_wallets_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "ledgerhook"."wallets"("user_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ledgerhook"."reversals" ADD CONSTRAINT "reversals_stripe_payment_id_payments_stripe_payment_id_fk" FOREIGN KEY ("stripe_payment_id") REFERENCES "ledgerhook"."payments"("stripe_payment_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ledgerhook"."subscriptions" ADD CONSTRAINT "subscriptions_user_id_wallets_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "ledgerhook"."wallets"("user_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ledgerhook"."credit_ledger" ADD CONSTRAINT "credit_ledger_user_id_wallets_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "ledgerhook"."wallets"("user_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ledgerhook"."waiting" ADD CONSTRAINT "waiting_provider_event_id_webhook_events_provider_event_id_fk" FOREIGN KEY ("provider","event_id") REFERENCES "ledgerhook"."webhook_events"("provider","event_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "invoice_payments_paid_by" ON "ledgerhook"."invoice_payments" USING btree ("paid_by");--> statement-breakpoint
CREATE INDEX "payments_charge" ON "ledgerhook"."payments" USING btree ("stripe_charge_id") WHERE "ledgerhook"."payments"."stripe_charge_id" is not null;--> statement-breakpoint
CREATE INDEX "reversals_payment" ON "ledgerhook"."reversals" USING btree ("stripe_payment_id");--> statement-breakpoint
CREATE INDEX "subscriptions_user" ON "ledgerhook"."subscriptions" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "subscriptions_cancel_due" ON "ledgerhook"."subscriptions" USING btree ("cancel_due_at") WHERE "ledgerhook"."subscriptions"."cancel_due_at" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "users_active_email" ON "ledgerhook"."users" USING btree (lower("email")) WHERE "ledgerhook"."users"."deactivated_at" is null;--> statement-breakpoint
CREATE INDEX "credit_ledger_newest" ON "ledgerhook"."credit_ledger" USING btree ("user_id","id");--> statement-breakpoint
CREATE INDEX "credit_ledger_payment" ON "ledgerhook"."credit_ledger" USING btree ("stripe_payment_id") WHERE "ledgerhook"."credit_ledger"."kind" <> 'purchase' and "ledgerhook"."credit_ledger"."stripe_payment_id" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "credit_ledger_one_purchase" ON "ledgerhook"."credit_ledger" USING btree ("stripe_payment_id") WHERE "ledgerhook"."credit_ledger"."kind" = 'purchase';--> statement-breakpoint
CREATE INDEX "wallets_closed" ON "ledgerhook"."wallets" USING btree ("closed_at") WHERE "ledgerhook"."wallets"."closed_at" is not null;--> statement-breakpoint
CREATE INDEX "arrived_due" ON "ledgerhook"."arrived" USING btree ("due_at");--> statement-breakpoint
CREATE INDEX "erasures_open" ON "ledgerhook"."erasures" USING btree ("asked_at") WHERE "ledgerhook"."erasures"."done_at" is null;--> statement-breakpoint
CREATE INDEX "waiting_subject" ON "ledgerhook"."waiting" USING btree ("subject","occurred_at","event_id");--> statement-breakpoint
CREATE INDEX "waiting_retry" ON "ledgerhook"."waiting" USING btree ("retry_at") WHERE "ledgerhook"."waiting"."retry_at" is not null;--> statement-breakpoint
CREATE INDEX "webhook_events_user" ON "ledgerhook"."webhook_events" USING btree ("user_id","received_at");--> statement-breakpoint
CREATE INDEX "webhook_events_user_unsettled" ON "ledgerhook"."webhook_events" USING btree ("user_id","received_at") WHERE "ledgerhook"."webhook_events"."outcome" in ('parked', 'rejected');--> statement-breakpoint
CREATE INDEX "webhook_events_unsettled" ON "ledgerhook"."webhook_events" USING btree ("outcome","reason","received_at") WHERE "ledgerhook"."webhook_events"."outcome" in ('parked', 'rejected');--> statement-breakpoint
CREATE INDEX "webhook_events_about" ON "ledgerhook"."webhook_events" USING gin ("about") WHERE "ledgerhook"."webhook_events"."about" is not null;--> statement-breakpoint
CREATE VIEW "ledgerhook"."user_billing" AS (
  select u.id, u.email, u.stripe_customer_id, s.id as stripe_subscription_id, s.stripe_price_id,
    s.status as subscription_status, s.current_period_end as subscription_current_period_end,
    s.cancel_at_period_end or coalesce(s.cancel_at <= s.current_period_end, false) as cancel_at_period_end,
    s.plan_key, w.balance, s.cancel_at, null::boolean as collection_paused
  from ledgerhook.users u
  left join ledgerhook.wallets w on w.user_id = u.id
  left join lateral (
    select * from ledgerhook.subscriptions where user_id = u.id
    order by status in ('active', 'trialing', 'past_due') and plan_key is not null desc, case status
      when 'active' then 1 when 'trialing' then 2 when 'past_due' then 3 when 'paused' then 4
      when 'unpaid' then 5 when 'incomplete' then 6 when 'canceled' then 8 when 'incomplete_expired' then 9
      else 7 end, created_at desc, id desc
    limit 1
  ) s on true);
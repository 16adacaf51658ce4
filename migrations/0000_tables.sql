CREATE TABLE "credit_ledger" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "credit_ledger_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
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
        when "credit_ledger"."kind" in ('signup_bonus', 'purchase', 'plan_grant', 'refund_reversal', 'dispute_reversal') then "credit_ledger"."amount" > 0
        when "credit_ledger"."kind" in ('refund', 'dispute', 'spend') then "credit_ledger"."amount" < 0
        when "credit_ledger"."kind" = 'adjustment' then "credit_ledger"."amount" <> 0
        else false
      end),
	CONSTRAINT "credit_ledger_purchase" CHECK ("credit_ledger"."kind" <> 'purchase' or "credit_ledger"."stripe_payment_id" is not null)
);
--> statement-breakpoint
CREATE TABLE "invoice_payments" (
	"invoice_id" text NOT NULL,
	"stripe_payment_id" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "invoice_payments_invoice_id_stripe_payment_id_pk" PRIMARY KEY("invoice_id","stripe_payment_id")
);
--> statement-breakpoint
CREATE TABLE "payments" (
	"stripe_payment_id" text PRIMARY KEY NOT NULL,
	"user_id" text NOT NULL,
	"credits" bigint NOT NULL,
	"amount" bigint NOT NULL,
	"currency" text NOT NULL,
	"checkout_session_id" text,
	"charge_id" text,
	"invoice_id" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "payments_checkout_session_id_unique" UNIQUE("checkout_session_id"),
	CONSTRAINT "payments_invoice_id_unique" UNIQUE("invoice_id"),
	CONSTRAINT "payments_sane" CHECK ("payments"."credits" > 0 and "payments"."amount" >= 0)
);
--> statement-breakpoint
CREATE TABLE "reversals" (
	"id" text PRIMARY KEY NOT NULL,
	"stripe_payment_id" text NOT NULL,
	"kind" text NOT NULL,
	"amount" bigint NOT NULL,
	"state" text NOT NULL,
	"payment_intent_id" text,
	"charge_id" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "reversals_sane" CHECK ("reversals"."amount" >= 0 and case "reversals"."kind"
        when 'refund' then "reversals"."state" in ('pending', 'requires_action', 'succeeded', 'canceled', 'failed')
        when 'dispute' then "reversals"."state" in ('withdrawn', 'lost', 'reinstated', 'won')
        when 'charge' then "reversals"."state" = 'refunded'
        else false
      end)
);
--> statement-breakpoint
CREATE TABLE "wallets" (
	"user_id" text PRIMARY KEY NOT NULL,
	"balance" bigint DEFAULT 0 NOT NULL,
	"closed_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "subscriptions" (
	"id" text PRIMARY KEY NOT NULL,
	"user_id" text NOT NULL,
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
	"cancel_requested_at" timestamp with time zone,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "stripe_customers" (
	"id" text PRIMARY KEY NOT NULL,
	"user_id" text,
	"deleted_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "users" (
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
	CONSTRAINT "users_provisioned_by" CHECK ("users"."provisioned_by" in ('webhook', 'session', 'reconcile'))
);
--> statement-breakpoint
CREATE TABLE "webhook_events" (
	"provider" text NOT NULL,
	"event_id" text NOT NULL,
	"type" text,
	"outcome" text NOT NULL,
	"reason" text,
	"user_id" text,
	"payload" jsonb,
	"effect" jsonb,
	"via" text DEFAULT 'webhook' NOT NULL,
	"attempts" integer DEFAULT 1 NOT NULL,
	"occurred_at" timestamp (3) with time zone,
	"received_at" timestamp with time zone DEFAULT now() NOT NULL,
	"settled_at" timestamp with time zone,
	CONSTRAINT "webhook_events_provider_event_id_pk" PRIMARY KEY("provider","event_id"),
	CONSTRAINT "webhook_events_outcome" CHECK ("webhook_events"."outcome" in ('applied', 'duplicate', 'stale', 'ignored', 'parked', 'rejected')),
	CONSTRAINT "webhook_events_provider" CHECK ("webhook_events"."provider" in ('clerk', 'stripe'))
);
--> statement-breakpoint
ALTER TABLE "credit_ledger" ADD CONSTRAINT "credit_ledger_user_id_wallets_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."wallets"("user_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payments" ADD CONSTRAINT "payments_user_id_wallets_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."wallets"("user_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "subscriptions" ADD CONSTRAINT "subscriptions_user_id_wallets_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."wallets"("user_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "credit_ledger_newest" ON "credit_ledger" USING btree ("user_id","id");--> statement-breakpoint
CREATE INDEX "credit_ledger_payment" ON "credit_ledger" USING btree ("stripe_payment_id");--> statement-breakpoint
CREATE INDEX "credit_ledger_event" ON "credit_ledger" USING btree ("event_id");--> statement-breakpoint
CREATE UNIQUE INDEX "credit_ledger_one_purchase" ON "credit_ledger" USING btree ("stripe_payment_id") WHERE "credit_ledger"."kind" = 'purchase';--> statement-breakpoint
CREATE INDEX "invoice_payments_payment" ON "invoice_payments" USING btree ("stripe_payment_id");--> statement-breakpoint
CREATE INDEX "payments_charge" ON "payments" USING btree ("charge_id");--> statement-breakpoint
CREATE INDEX "payments_user" ON "payments" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "reversals_payment" ON "reversals" USING btree ("stripe_payment_id");--> statement-breakpoint
CREATE INDEX "wallets_closed" ON "wallets" USING btree ("user_id") WHERE "wallets"."closed_at" is not null;--> statement-breakpoint
CREATE INDEX "subscriptions_user" ON "subscriptions" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "subscriptions_customer" ON "subscriptions" USING btree ("stripe_customer_id");--> statement-breakpoint
CREATE INDEX "stripe_customers_user" ON "stripe_customers" USING btree ("user_id");--> statement-breakpoint
CREATE UNIQUE INDEX "users_active_email" ON "users" USING btree (lower("email")) WHERE "users"."deactivated_at" is null;--> statement-breakpoint
CREATE INDEX "webhook_events_user" ON "webhook_events" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "webhook_events_customer" ON "webhook_events" USING btree (("effect"->'facts'->>'stripe_customer_id')) WHERE "webhook_events"."effect" is not null;--> statement-breakpoint
CREATE INDEX "webhook_events_payment" ON "webhook_events" USING btree (("effect"->'facts'->>'payment_intent_id')) WHERE "webhook_events"."effect" is not null;--> statement-breakpoint
CREATE INDEX "webhook_events_charge" ON "webhook_events" USING btree (("effect"->'facts'->>'charge_id')) WHERE "webhook_events"."effect" is not null;--> statement-breakpoint
CREATE INDEX "webhook_events_unsettled" ON "webhook_events" USING btree ("outcome","user_id") WHERE "webhook_events"."outcome" in ('parked', 'rejected');--> statement-breakpoint
CREATE VIEW "public"."user_billing" AS (
  select u.id, u.email, u.stripe_customer_id, s.id as stripe_subscription_id, s.stripe_price_id,
    s.status as subscription_status, s.current_period_end as subscription_current_period_end,
    s.cancel_at_period_end, s.plan_key, w.balance
  from users u
  left join wallets w on w.user_id = u.id
  left join lateral (
    select * from subscriptions where user_id = u.id
    order by case status
      when 'active' then 1 when 'trialing' then 2 when 'past_due' then 3 when 'paused' then 4
      when 'unpaid' then 5 when 'incomplete' then 6 when 'canceled' then 8 when 'incomplete_expired' then 9
      else 7 end, created_at desc, id desc
    limit 1
  ) s on true);
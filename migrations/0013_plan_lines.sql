CREATE TABLE "ledgerhook"."plan_lines" (
	"stripe_invoice_id" text NOT NULL,
	"stripe_line_id" text NOT NULL,
	"stripe_subscription_id" text NOT NULL,
	"stripe_price_id" text,
	"starts_at" bigint NOT NULL,
	"ends_at" bigint NOT NULL,
	"amount" bigint NOT NULL,
	"credits" bigint NOT NULL,
	"taken" bigint DEFAULT 0 NOT NULL,
	"is_paid" boolean NOT NULL,
	"credited_invoice_id" text,
	"credited_line_ids" text[],
	"to_balance" bigint DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "plan_lines_stripe_invoice_id_stripe_line_id_pk" PRIMARY KEY("stripe_invoice_id","stripe_line_id"),
	CONSTRAINT "plan_lines_taken" CHECK ("ledgerhook"."plan_lines"."taken" between 0 and greatest(0, "ledgerhook"."plan_lines"."credits"))
);
--> statement-breakpoint
CREATE TABLE "ledgerhook"."stripe_prices" (
	"id" text NOT NULL,
	"currency" text NOT NULL,
	"unit_amount" numeric,
	"interval" text,
	"interval_count" integer,
	"usage_type" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "stripe_prices_id_currency_pk" PRIMARY KEY("id","currency")
);
--> statement-breakpoint
CREATE INDEX "plan_lines_subscription" ON "ledgerhook"."plan_lines" USING btree ("stripe_subscription_id","starts_at");--> statement-breakpoint
CREATE INDEX "plan_lines_credited" ON "ledgerhook"."plan_lines" USING btree ("credited_invoice_id") WHERE "ledgerhook"."plan_lines"."credited_invoice_id" is not null;
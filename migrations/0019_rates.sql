CREATE TABLE "ledgerhook"."query_times" (
	"at" timestamp with time zone NOT NULL,
	"upto_ms" double precision NOT NULL,
	"queries" bigint NOT NULL,
	CONSTRAINT "query_times_at_upto_ms_pk" PRIMARY KEY("at","upto_ms")
);
--> statement-breakpoint
CREATE TABLE "ledgerhook"."rates" (
	"provider" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"source" text NOT NULL,
	"type" text NOT NULL,
	"outcome" text NOT NULL,
	"reason" text NOT NULL,
	"fallback" text NOT NULL,
	"secret" integer NOT NULL,
	"count" bigint NOT NULL,
	"first_at" timestamp with time zone NOT NULL,
	"last_at" timestamp with time zone NOT NULL,
	CONSTRAINT "rates_provider_at_source_type_outcome_reason_fallback_secret_pk" PRIMARY KEY("provider","at","source","type","outcome","reason","fallback","secret")
);
--> statement-breakpoint
CREATE TABLE "ledgerhook"."tallies" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "ledgerhook"."tallies_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"counts" jsonb NOT NULL
);
--> statement-breakpoint
ALTER TABLE "ledgerhook"."webhook_events" ADD COLUMN "fallback" text;--> statement-breakpoint
ALTER TABLE "ledgerhook"."webhook_events" ADD COLUMN "secret" integer;--> statement-breakpoint
CREATE INDEX "webhook_events_received" ON "ledgerhook"."webhook_events" USING btree ("received_at") WHERE "ledgerhook"."webhook_events"."provider" in ('clerk', 'stripe');
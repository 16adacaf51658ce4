CREATE TABLE "ledgerhook"."outgoing_events" (
	"id" text PRIMARY KEY NOT NULL,
	"user_id" text NOT NULL,
	"sequence" bigint NOT NULL,
	"type" text NOT NULL,
	"fact" text NOT NULL,
	"data" jsonb NOT NULL,
	"state" text DEFAULT 'open' NOT NULL,
	"next_at" timestamp with time zone,
	"tries" integer DEFAULT 0 NOT NULL,
	"last_status" integer,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp with time zone,
	CONSTRAINT "outgoing_events_fact_unique" UNIQUE("fact"),
	CONSTRAINT "outgoing_events_state" CHECK ("ledgerhook"."outgoing_events"."state" in ('open', 'sent', 'undelivered'))
);
--> statement-breakpoint
CREATE TABLE "ledgerhook"."outgoing_queues" (
	"user_id" text PRIMARY KEY NOT NULL,
	"sequence" bigint NOT NULL
);
--> statement-breakpoint
ALTER TABLE "ledgerhook"."wallets" ADD COLUMN "low_armed" bigint[] DEFAULT '{}'::bigint[] NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "outgoing_events_order" ON "ledgerhook"."outgoing_events" USING btree ("user_id","sequence");--> statement-breakpoint
CREATE UNIQUE INDEX "outgoing_events_open" ON "ledgerhook"."outgoing_events" USING btree ("user_id","sequence") WHERE "ledgerhook"."outgoing_events"."state" = 'open';--> statement-breakpoint
CREATE INDEX "outgoing_events_due" ON "ledgerhook"."outgoing_events" USING btree ("next_at") WHERE "ledgerhook"."outgoing_events"."next_at" is not null;--> statement-breakpoint
CREATE INDEX "outgoing_events_sent" ON "ledgerhook"."outgoing_events" USING btree ("ended_at") WHERE "ledgerhook"."outgoing_events"."state" = 'sent';--> statement-breakpoint
CREATE INDEX "outgoing_events_undelivered" ON "ledgerhook"."outgoing_events" USING btree ("ended_at") WHERE "ledgerhook"."outgoing_events"."state" = 'undelivered';
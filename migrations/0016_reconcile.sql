CREATE TABLE "ledgerhook"."differences" (
	"provider" text NOT NULL,
	"object" text NOT NULL,
	"kind" text NOT NULL,
	"user_id" text,
	"credits" bigint,
	"reason" text,
	"first_pass" text NOT NULL,
	"first_seen_at" timestamp with time zone DEFAULT now() NOT NULL,
	"last_seen_at" timestamp with time zone DEFAULT now() NOT NULL,
	"reported_at" timestamp with time zone,
	CONSTRAINT "differences_provider_object_pk" PRIMARY KEY("provider","object")
);
--> statement-breakpoint
ALTER TABLE "ledgerhook"."webhook_events" DROP CONSTRAINT "webhook_events_via";--> statement-breakpoint
CREATE INDEX "differences_seen" ON "ledgerhook"."differences" USING btree ("last_seen_at");--> statement-breakpoint
CREATE INDEX "differences_reported" ON "ledgerhook"."differences" USING btree ("reported_at") WHERE "ledgerhook"."differences"."reported_at" is not null;--> statement-breakpoint
CREATE INDEX "payments_created" ON "ledgerhook"."payments" USING btree ("created_at");--> statement-breakpoint
ALTER TABLE "ledgerhook"."webhook_events" ADD CONSTRAINT "webhook_events_via" CHECK ("ledgerhook"."webhook_events"."via" in ('webhook', 'release', 'reconcile')) NOT VALID;
DROP INDEX "ledgerhook"."erasures_open";--> statement-breakpoint
ALTER TABLE "ledgerhook"."erasures" ADD COLUMN "due_at" timestamp with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
CREATE INDEX "webhook_events_unread" ON "ledgerhook"."webhook_events" USING btree ("user_id") WHERE "ledgerhook"."webhook_events"."outcome" = 'parked' and "ledgerhook"."webhook_events"."effect" is null;--> statement-breakpoint
CREATE INDEX "erasures_open" ON "ledgerhook"."erasures" USING btree ("due_at") WHERE "ledgerhook"."erasures"."done_at" is null;
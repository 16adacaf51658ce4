ALTER TABLE "ledgerhook"."reversals" ADD COLUMN "held" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "ledgerhook"."reversals" ADD COLUMN "transactions" integer DEFAULT 0 NOT NULL;
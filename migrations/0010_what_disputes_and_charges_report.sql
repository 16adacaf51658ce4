ALTER TABLE "ledgerhook"."reversals" ADD COLUMN "totals" bigint[];--> statement-breakpoint
ALTER TABLE "ledgerhook"."reversals" ADD COLUMN "disputed" bigint;--> statement-breakpoint
ALTER TABLE "ledgerhook"."reversals" ADD COLUMN "reinstated" bigint;
ALTER TABLE "ledgerhook"."payments" DROP CONSTRAINT "payments_sane";--> statement-breakpoint
ALTER TABLE "ledgerhook"."stripe_prices" ADD COLUMN "lookup_key" text;--> statement-breakpoint
ALTER TABLE "ledgerhook"."payments" ADD CONSTRAINT "payments_sane" CHECK ("ledgerhook"."payments"."credits" >= 0 and "ledgerhook"."payments"."amount" >= 0);
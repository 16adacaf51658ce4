ALTER TABLE "ledgerhook"."subscriptions" ADD COLUMN "plan_group" text;--> statement-breakpoint
ALTER TABLE "ledgerhook"."subscriptions" ADD COLUMN "double_since" timestamp with time zone;--> statement-breakpoint
CREATE INDEX "subscriptions_double" ON "ledgerhook"."subscriptions" USING btree ("double_since") WHERE "ledgerhook"."subscriptions"."double_since" is not null;--> statement-breakpoint
-- Those who pay twice already.
UPDATE "ledgerhook"."subscriptions" one SET "double_since" = now()
WHERE "plan_key" is not null AND "status" in ('active', 'trialing', 'past_due', 'paused', 'unpaid') AND exists (
  SELECT FROM "ledgerhook"."subscriptions" other
  WHERE other."user_id" = one."user_id" AND other."id" <> one."id" AND other."plan_key" is not null
    AND other."status" in ('active', 'trialing', 'past_due', 'paused', 'unpaid'));

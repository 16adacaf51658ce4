ALTER TABLE "ledgerhook"."operator_actions" DROP CONSTRAINT "operator_actions_action";--> statement-breakpoint
ALTER TABLE "ledgerhook"."differences" ADD COLUMN "settled_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "ledgerhook"."differences" ADD COLUMN "settled_by" text;--> statement-breakpoint
ALTER TABLE "ledgerhook"."differences" ADD COLUMN "note" text;--> statement-breakpoint
ALTER TABLE "ledgerhook"."operator_actions" ADD CONSTRAINT "operator_actions_action" CHECK ("ledgerhook"."operator_actions"."action" in ('sign_in', 'read_payload', 'look_again', 'settle', 'settle_difference', 'adjust')) NOT VALID;--> statement-breakpoint
-- Until now a person ended a difference with this value.
UPDATE "ledgerhook"."differences" SET "settled_at" = now(), "settled_by" = current_user, "reported_at" = now() WHERE "reported_at" = 'infinity';
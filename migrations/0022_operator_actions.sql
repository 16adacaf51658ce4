CREATE TABLE "ledgerhook"."operator_actions" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "ledgerhook"."operator_actions_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"operator" text NOT NULL,
	"action" text NOT NULL,
	"provider" text,
	"event_id" text,
	"user_id" text,
	"amount" bigint,
	"note" text,
	CONSTRAINT "operator_actions_action" CHECK ("ledgerhook"."operator_actions"."action" in ('sign_in', 'read_payload', 'look_again', 'settle', 'adjust'))
);
--> statement-breakpoint
CREATE TABLE "ledgerhook"."sign_in_failures" (
	"bucket" integer PRIMARY KEY NOT NULL,
	"failures" integer NOT NULL,
	"blocked_until" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE INDEX "operator_actions_event" ON "ledgerhook"."operator_actions" USING btree ("event_id","id") WHERE "ledgerhook"."operator_actions"."event_id" is not null;--> statement-breakpoint
CREATE INDEX "operator_actions_user" ON "ledgerhook"."operator_actions" USING btree ("user_id","id") WHERE "ledgerhook"."operator_actions"."user_id" is not null;--> statement-breakpoint
-- The function is that of src/ops/operator_actions.sql, which replaces this placeholder in the same transaction.
create or replace function ledgerhook.refuse_action_change() returns trigger language plpgsql as $$
begin raise exception 'npm run migrate puts the function here'; end $$;
--> statement-breakpoint
create trigger operator_actions_append_only before update or delete or truncate on ledgerhook.operator_actions
  for each statement execute function ledgerhook.refuse_action_change();
--> statement-breakpoint
-- Always, so that session_replication_role does not pass it by.
alter table ledgerhook.operator_actions enable always trigger operator_actions_append_only;

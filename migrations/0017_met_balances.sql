CREATE TABLE "ledgerhook"."met_balances" (
	"idempotency_key" text PRIMARY KEY NOT NULL,
	"user_id" text NOT NULL,
	"balance" bigint NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "ledgerhook"."met_balances" ADD CONSTRAINT "met_balances_user_id_wallets_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "ledgerhook"."wallets"("user_id") ON DELETE no action ON UPDATE no action;
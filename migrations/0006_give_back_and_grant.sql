CREATE TABLE "ledgerhook"."grant_totals" (
	"subject" text PRIMARY KEY NOT NULL,
	"credits" bigint NOT NULL
);
--> statement-breakpoint
ALTER TABLE "ledgerhook"."credit_ledger" ADD COLUMN "reverses" bigint;--> statement-breakpoint
ALTER TABLE "ledgerhook"."credit_ledger" ADD COLUMN "after_closing" boolean;--> statement-breakpoint
ALTER TABLE "ledgerhook"."credit_ledger" ADD COLUMN "reference" text;--> statement-breakpoint
ALTER TABLE "ledgerhook"."credit_ledger" ADD COLUMN "caller" text;--> statement-breakpoint
ALTER TABLE "ledgerhook"."credit_ledger" ADD COLUMN "campaign" text;--> statement-breakpoint
ALTER TABLE "ledgerhook"."credit_ledger" ADD CONSTRAINT "credit_ledger_reverses_credit_ledger_id_fk" FOREIGN KEY ("reverses") REFERENCES "ledgerhook"."credit_ledger"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "credit_ledger_reverses" ON "ledgerhook"."credit_ledger" USING btree ("reverses") WHERE "ledgerhook"."credit_ledger"."reverses" is not null;--> statement-breakpoint
CREATE INDEX "credit_ledger_reference" ON "ledgerhook"."credit_ledger" USING btree ("reference","id") WHERE "ledgerhook"."credit_ledger"."reference" is not null;--> statement-breakpoint
ALTER TABLE "ledgerhook"."credit_ledger" ADD CONSTRAINT "credit_ledger_reverses" CHECK (("ledgerhook"."credit_ledger"."kind" = 'spend_reversal') = ("ledgerhook"."credit_ledger"."reverses" is not null));
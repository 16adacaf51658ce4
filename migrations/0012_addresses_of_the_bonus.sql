CREATE TABLE "ledgerhook"."bonus_addresses" (
	"address" text PRIMARY KEY NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "ledgerhook"."bonus_key" (
	"one" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"key" text NOT NULL
);
--> statement-breakpoint
ALTER TABLE "ledgerhook"."users" ADD COLUMN "bonus_withheld" boolean;
--> statement-breakpoint
-- 32 random bytes, of three random UUIDs, 122 bits each. Nothing changes them: what is remembered would be forgotten.
INSERT INTO "ledgerhook"."bonus_key" ("key")
SELECT encode(sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')), 'hex');

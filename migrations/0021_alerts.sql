CREATE TABLE "ledgerhook"."alert_messages" (
	"id" text PRIMARY KEY NOT NULL,
	"sequence" bigint GENERATED ALWAYS AS IDENTITY (sequence name "ledgerhook"."alert_messages_sequence_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"name" text NOT NULL,
	"about" text NOT NULL,
	"body" jsonb NOT NULL,
	"tries" integer DEFAULT 0 NOT NULL,
	"next_at" timestamp with time zone DEFAULT now() NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "ledgerhook"."alerts" (
	"name" text NOT NULL,
	"about" text NOT NULL,
	"state" text NOT NULL,
	"critical" boolean NOT NULL,
	"value" double precision NOT NULL,
	"threshold" double precision,
	"details" jsonb NOT NULL,
	"since" timestamp with time zone NOT NULL,
	"opened_at" timestamp with time zone,
	"closed_at" timestamp with time zone,
	"below_since" timestamp with time zone,
	"repeats" integer DEFAULT 0 NOT NULL,
	"next_repeat_at" timestamp with time zone,
	"checked_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "alerts_name_about_pk" PRIMARY KEY("name","about")
);
--> statement-breakpoint
CREATE TABLE "ledgerhook"."sightings" (
	"name" text PRIMARY KEY NOT NULL,
	"seen_at" timestamp with time zone DEFAULT now() NOT NULL,
	"moment" timestamp with time zone,
	"count" integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE INDEX "rates_old_secret" ON "ledgerhook"."rates" USING btree ("at") WHERE "ledgerhook"."rates"."secret" > 1;
CREATE TABLE "ledgerhook"."parked_ages" (
	"at" timestamp with time zone PRIMARY KEY NOT NULL,
	"hours" double precision NOT NULL
);

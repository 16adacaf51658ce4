ALTER TABLE "payments" DROP CONSTRAINT "payments_invoice_id_unique";--> statement-breakpoint
DROP INDEX "credit_ledger_event";--> statement-breakpoint
DROP INDEX "payments_user";--> statement-breakpoint
DROP INDEX "subscriptions_customer";--> statement-breakpoint
DROP INDEX "stripe_customers_user";--> statement-breakpoint
DROP INDEX "credit_ledger_payment";--> statement-breakpoint
DROP INDEX "payments_charge";--> statement-breakpoint
DROP INDEX "webhook_events_customer";--> statement-breakpoint
DROP INDEX "webhook_events_payment";--> statement-breakpoint
DROP INDEX "webhook_events_charge";--> statement-breakpoint
CREATE UNIQUE INDEX "payments_invoice" ON "payments" USING btree ("invoice_id") WHERE "payments"."invoice_id" is not null;--> statement-breakpoint
CREATE INDEX "credit_ledger_payment" ON "credit_ledger" USING btree ("stripe_payment_id") WHERE "credit_ledger"."kind" <> 'purchase' and "credit_ledger"."stripe_payment_id" is not null;--> statement-breakpoint
CREATE INDEX "payments_charge" ON "payments" USING btree ("charge_id") WHERE "payments"."charge_id" is not null;--> statement-breakpoint
CREATE INDEX "webhook_events_customer" ON "webhook_events" USING btree (("effect"->'facts'->>'stripe_customer_id')) WHERE ("webhook_events"."effect"->'facts'->>'stripe_customer_id') is not null;--> statement-breakpoint
CREATE INDEX "webhook_events_payment" ON "webhook_events" USING btree (("effect"->'facts'->>'payment_intent_id')) WHERE ("webhook_events"."effect"->'facts'->>'payment_intent_id') is not null;--> statement-breakpoint
CREATE INDEX "webhook_events_charge" ON "webhook_events" USING btree (("effect"->'facts'->>'charge_id')) WHERE ("webhook_events"."effect"->'facts'->>'charge_id') is not null;
CREATE TABLE "ledgerhook"."stripe_account" (
	"one" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"account" text,
	"livemode" boolean NOT NULL,
	"first_livemode" boolean NOT NULL,
	"since" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "ledgerhook"."subscriptions" ADD COLUMN "livemode" boolean;--> statement-breakpoint
ALTER TABLE "ledgerhook"."stripe_customers" ADD COLUMN "livemode" boolean;--> statement-breakpoint
ALTER TABLE "ledgerhook"."stripe_customers" ADD COLUMN "unlinked_at" timestamp with time zone;--> statement-breakpoint
CREATE OR REPLACE VIEW "ledgerhook"."user_billing" AS (
  select u.id, u.email, u.stripe_customer_id, s.id as stripe_subscription_id, s.stripe_price_id,
    s.status as subscription_status, s.current_period_end as subscription_current_period_end,
    s.cancel_at_period_end or coalesce(s.cancel_at <= s.current_period_end, false) as cancel_at_period_end,
    s.plan_key, w.balance, s.cancel_at, s.collection_paused
  from ledgerhook.users u
  left join ledgerhook.wallets w on w.user_id = u.id
  left join lateral (
    select * from ledgerhook.subscriptions subscription where user_id = u.id
      and not exists (select from ledgerhook.stripe_account served
        where served.one and served.livemode <> coalesce(subscription.livemode, served.first_livemode))
    order by status in ('active', 'trialing', 'past_due') and plan_key is not null desc,
      named_user_id is distinct from user_id and coalesce((select customer.by_reference
        from ledgerhook.stripe_customers customer where customer.id = stripe_customer_id), false), case status
      when 'active' then 1 when 'trialing' then 2 when 'past_due' then 3 when 'paused' then 4
      when 'unpaid' then 5 when 'incomplete' then 6 when 'canceled' then 8 when 'incomplete_expired' then 9
      else 7 end, created_at desc, id desc
    limit 1
  ) s on true);
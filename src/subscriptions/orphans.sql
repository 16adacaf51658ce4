-- Subscriptions that run on although their users are deleted, and that Stripe has not been told to cancel.
-- facts: limit (how many ids). Answers how many there are, and ids in random order, so that none blocks the others.
create or replace function orphans(facts jsonb) returns jsonb language sql stable as $$
  with orphan as (
    select subscriptions.id from subscriptions join wallets on wallets.user_id = subscriptions.user_id
    where wallets.closed_at is not null and subscriptions.status not in ('canceled', 'incomplete_expired')
      and subscriptions.cancel_requested_at is null
  )
  select jsonb_build_object('count', (select count(*) from orphan), 'ids', (
    select coalesce(jsonb_agg(id), '[]')
    from (select id from orphan order by random() limit (facts->>'limit')::integer) chosen))
$$;
--> statement-breakpoint
-- Stripe has cancelled it: its state follows by its own event. facts: stripe_subscription_id. Answers when.
create or replace function cancel_requested(facts jsonb) returns jsonb language sql as $$
  update subscriptions set cancel_requested_at = now() where id = facts->>'stripe_subscription_id'
  returning to_jsonb(cancel_requested_at)
$$;

-- Whether a subscription runs on although its user is deleted. One whose metadata names somebody else who is not
-- deleted may be a living person's, whoever had the customer before: that is no orphan.
create or replace function is_orphan(subscription subscriptions) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return subscription.status not in ('canceled', 'incomplete_expired') and subscription.cancel_requested_at is null
    -- Of another mode: the key does not have it.
    and is_served(subscription.livemode)
    and coalesce(why_refused(subscription.user_id, 0) = 'user_deactivated', false)
    and (subscription.named_user_id is null
      or coalesce(why_refused(subscription.named_user_id, 0) = 'user_deactivated', false));
end $$;

-- A bite of the scheduled run: marks what runs for users who were deleted since a moment. What comes later for a
-- deleted user is marked when it is stored.
-- facts: since (a moment, or null: from the beginning), most (users). Returns {"since": where the next bite begins,
-- "marked": how many, "more": whether that finds something}.
create or replace function mark_orphans(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  deleted text[];
  newest timestamptz;
  marked integer;
begin
  select * into f from jsonb_to_record(facts) as f(since timestamptz, most integer);
  select array_agg(user_id), max(closed_at) into deleted, newest from (
    select user_id, closed_at from wallets where closed_at > coalesce(f.since, '-infinity')
    order by closed_at limit f.most) slice;
  -- Whoever has one locked stores it, and marks it by that.
  update subscriptions set cancel_due_at = now()
  where id = any (array(
      select id from subscriptions where user_id = any (deleted) and cancel_due_at is null for update skip locked))
    and is_orphan(subscriptions);
  get diagnostics marked = row_count;
  return jsonb_build_object('marked', marked, 'more', coalesce(cardinality(deleted), 0) = f.most,
    -- A deletion that began before may commit after: so the last ten minutes are looked at again.
    'since', case when coalesce(cardinality(deleted), 0) = f.most then newest
      else greatest(f.since, now() - interval '10 minutes') end);
end $$;

-- Takes the orphans whose turn it is, and sets the next turn of each, later each time: one that cannot be cancelled
-- delays itself alone.
-- facts: most (ids). Returns ids.
create or replace function take_orphans(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  taken jsonb;
begin
  select * into f from jsonb_to_record(facts) as f(most integer);
  with due as (
    select id from subscriptions where cancel_due_at <= now() order by cancel_due_at limit f.most
    for update skip locked
  ), turned as (
    update subscriptions set
      cancel_due_at = case when is_orphan(subscriptions) then next_try(cancel_tries) end,
      cancel_tries = cancel_tries + 1
    where id = any (array(select id from due)) returning id, cancel_due_at
  )
  select coalesce(jsonb_agg(id) filter (where cancel_due_at is not null), '[]') into taken from turned;
  return taken;
end $$;

-- Stripe has cancelled it: its state follows by its own event.
-- facts: stripe_subscription_id. Returns how many subscriptions that was.
create or replace function mark_cancelled(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  marked integer;
begin
  select * into f from jsonb_to_record(facts) as f(stripe_subscription_id text);
  update subscriptions set cancel_requested_at = now(), cancel_due_at = null where id = f.stripe_subscription_id;
  get diagnostics marked = row_count;
  return to_jsonb(marked);
end $$;

-- Whether a subscription runs on although its user is deleted. If its metadata names another user who is not deleted,
-- it is no orphan: it may be a living person's, whoever had the customer before.
create or replace function is_orphan(subscription subscriptions) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return subscription.status not in ('canceled', 'incomplete_expired') and subscription.cancel_requested_at is null
    -- The key does not reach a subscription of another mode.
    and is_served(subscription.livemode)
    and coalesce(why_refused(subscription.user_id, 0) = 'user_deactivated', false)
    and (subscription.named_user_id is null
      or coalesce(why_refused(subscription.named_user_id, 0) = 'user_deactivated', false));
end $$;

-- A bite of the scheduled run: marks the subscriptions that run on for users who were deleted since a moment. A
-- subscription that is stored later for a deleted user is marked then.
-- facts: since (a moment, or null: from the beginning), most (users). Returns {"since": where the next bite begins,
-- "marked": how many, "more": whether another bite would find something}.
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
  -- A transaction that has locked one is storing it, and marks it itself.
  update subscriptions set cancel_due_at = now()
  where id = any (array(
      select id from subscriptions where user_id = any (deleted) and cancel_due_at is null for update skip locked))
    and is_orphan(subscriptions);
  get diagnostics marked = row_count;
  return jsonb_build_object('marked', marked, 'more', coalesce(cardinality(deleted), 0) = f.most,
    -- A deletion that began earlier may commit later, so the last ten minutes are looked at again.
    'since', case when coalesce(cardinality(deleted), 0) = f.most then newest
      else greatest(f.since, now() - interval '10 minutes') end);
end $$;

-- Takes the orphans that are due, and makes each due again later, with a growing delay: one that cannot be cancelled
-- delays only itself.
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

-- Records that Stripe has cancelled a subscription. Its new state comes by Stripe's event.
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

-- Stores the state of a subscription, even for a deleted user: what still runs for one must be found and cancelled.
-- facts: stripe_subscription_id, stripe_customer_id, user_id (named by metadata), source ('created', 'updated',
-- 'read'), livemode, state and previous (columns of subscriptions).
create or replace function sync_subscription(delivery jsonb, facts jsonb) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  owner text;
  objection text;
  reported subscriptions;
  stored subscriptions;
  standing text;
  customer text;
begin
  select * into f from jsonb_to_record(facts) as f(stripe_subscription_id text, stripe_customer_id text, user_id text,
    source text, livemode boolean, state jsonb, previous jsonb);
  owner := lock_owner(f.stripe_customer_id, f.user_id, array['subscription:' || f.stripe_subscription_id]);
  if is_settled(delivery) then return count_again(delivery, owner); end if;
  objection := owner_unknown(owner);
  if objection is not null then
    return record_delivery(delivery, waits('parked', objection, owner, 'sync_subscription', facts,
      array['customer:' || f.stripe_customer_id, 'user:' || owner]));
  end if;

  reported := jsonb_populate_record(null::subscriptions, f.state);
  reported.id := f.stripe_subscription_id;
  reported.user_id := owner;
  reported.named_user_id := f.user_id;
  -- An older Worker does not send it.
  reported.livemode := coalesce(f.livemode, served_livemode());
  reported.stripe_customer_id := f.stripe_customer_id;
  reported.last_event_at := delivery->>'occurred_at';
  reported.last_source := f.source;
  if jsonb_typeof(f.previous) = 'object' then
    reported.previous := subscription_content(jsonb_populate_record(null::subscriptions, f.previous));
  end if;
  select * into stored from subscriptions where id = f.stripe_subscription_id for update;

  standing := subscription_order(stored, reported);
  if standing = 'unclear' then
    perform forget_previous(stored, reported);
    return record_delivery(delivery, asks('ambiguous_order', owner, 'sync_subscription', facts,
      'subscription:' || f.stripe_subscription_id));
  elsif standing = 'newer' then
    perform store_subscription(stored, reported);
    if exists (select from subscriptions where user_id = owner
      and (id <> f.stripe_subscription_id or double_since is not null)) then
      perform mark_doubles(owner);
    end if;
    if stored.user_id <> owner then
      perform lock_subjects('user:' || stored.user_id);
      perform mark_doubles(stored.user_id);
    end if;
  else
    perform forget_previous(stored, reported);
  end if;
  customer := provide_named_customer(owner, f.stripe_customer_id, f.user_id);
  return with_released(record_delivery(delivery, case standing
      when 'newer' then verdict('applied', null, owner)
      when 'same' then verdict('duplicate', 'already_processed', owner)
      else verdict('stale', 'older_than_stored', owner) end),
    release((delivery->>'erase')::boolean, customer));
end $$;

-- Returns the subjects of sync_subscription: see `subjects_of`.
create or replace function sync_subscription_subjects(facts jsonb) returns text[] language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return array['customer:' || (facts->>'stripe_customer_id'),
    'subscription:' || (facts->>'stripe_subscription_id'), 'user:' || (facts->>'user_id')];
end $$;

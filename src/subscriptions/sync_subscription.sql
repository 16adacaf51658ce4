-- What of a subscription matters for the order of events: two tellings that agree in this need no order.
create or replace function subscription_content(told subscriptions) returns jsonb language plpgsql immutable as $$
begin
  return jsonb_build_object(
    'status', told.status, 'price', told.stripe_price_id, 'period_end', extract(epoch from told.current_period_end),
    'cancel_at_period_end', told.cancel_at_period_end, 'cancel_at', extract(epoch from told.cancel_at),
    'canceled_at', extract(epoch from told.canceled_at), 'ended_at', extract(epoch from told.ended_at));
end $$;
--> statement-breakpoint
-- Whether what is told is 'newer' than what is stored, 'older', the 'same', or 'unclear' from the events alone.
-- Stripe counts in whole seconds, and delivers in any order: docs/decisions/0012.
create or replace function subscription_order(stored subscriptions, told subscriptions) returns text
language plpgsql immutable as $$
declare
  ended constant text[] := array['canceled', 'incomplete_expired'];
begin
  return case
    when stored.id is null then 'newer'
    when stored.status = any (ended) and told.status <> all (ended) then 'older'
    when stored.status <> all (ended) and told.status = any (ended) then 'newer'
    when told.last_event_at > stored.last_event_at then 'newer'
    when told.last_event_at < stored.last_event_at then 'older'
    when told.last_source = 'read' then 'newer'
    else order_within_second(stored, told)
  end;
end $$;
--> statement-breakpoint
create or replace function order_within_second(stored subscriptions, told subscriptions) returns text
language plpgsql immutable as $$
declare
  before constant jsonb := subscription_content(stored);
  after constant jsonb := subscription_content(told);
  follows constant boolean := coalesce(told.previous = before, false);
  precedes constant boolean := coalesce(stored.previous = after, false);
begin
  return case
    when before = after then 'same'
    when told.last_source = 'created' and stored.last_source <> 'created' then 'older'
    when told.last_source <> 'created' and stored.last_source = 'created' then 'newer'
    when told.previous is null or stored.previous is null then 'unclear'
    when follows and not precedes then 'newer'
    when precedes and not follows then 'older'
    else 'unclear'
  end;
end $$;
--> statement-breakpoint
-- Stores what is told. Once a tie of two changes has been decided, nothing tells what came before both: `previous` is
-- given up, and the next tie of that second is unclear.
create or replace function store_subscription(stored subscriptions, told subscriptions) returns void language plpgsql as $$
begin
  if stored.last_event_at >= told.last_event_at then
    if stored.last_source <> 'created' then told.previous := null; end if;
    told.last_event_at := stored.last_event_at;
  end if;
  -- One that lives on after Stripe was told to cancel it is cancelled again.
  if stored.cancel_requested_at >= told.last_event_at then told.cancel_requested_at := stored.cancel_requested_at; end if;
  told.updated_at := now();
  if stored.id is null then
    insert into subscriptions values (told.*);
  else
    update subscriptions set (user_id, stripe_customer_id, stripe_price_id, plan_key, status, current_period_end,
      cancel_at_period_end, cancel_at, canceled_at, ended_at, last_event_at, last_source, previous, cancel_requested_at,
      created_at, updated_at) = (told.user_id, told.stripe_customer_id, told.stripe_price_id, told.plan_key, told.status,
      told.current_period_end, told.cancel_at_period_end, told.cancel_at, told.canceled_at, told.ended_at,
      told.last_event_at, told.last_source, told.previous, told.cancel_requested_at, told.created_at, told.updated_at)
    where id = told.id;
  end if;
end $$;
--> statement-breakpoint
-- The state of a subscription follows, for deleted users too: what still runs for one must be seen and cancelled.
-- facts: stripe_subscription_id, stripe_customer_id, user_id (named by metadata), source ('created', 'updated',
-- 'read'), state and previous (columns of subscriptions).
create or replace function sync_subscription(delivery jsonb, facts jsonb) returns jsonb language plpgsql
set plan_cache_mode = force_generic_plan as $$
declare
  owner constant text := lock_owner(facts->>'stripe_customer_id', facts->>'user_id');
  objection constant text := owner_objection(owner);
  effect constant jsonb := jsonb_build_object('effect', jsonb_build_object('verb', 'sync_subscription', 'facts', facts));
  told subscriptions := jsonb_populate_record(null::subscriptions, facts->'state');
  stored subscriptions;
  standing text;
  recorded jsonb;
begin
  if is_settled(delivery) then
    return verdict('duplicate', 'already_processed', owner);
  elsif objection is not null then
    return record_delivery(delivery, verdict('parked', objection, owner) || effect);
  end if;

  told.id := facts->>'stripe_subscription_id';
  told.user_id := owner;
  told.stripe_customer_id := facts->>'stripe_customer_id';
  told.last_event_at := delivery->>'occurred_at';
  told.last_source := facts->>'source';
  if jsonb_typeof(facts->'previous') = 'object' then
    told.previous := subscription_content(jsonb_populate_record(null::subscriptions, facts->'previous'));
  end if;
  select * into stored from subscriptions where id = told.id for update;

  standing := subscription_order(stored, told);
  if standing = 'newer' then
    perform store_subscription(stored, told);
  elsif stored.last_event_at = told.last_event_at and told.last_source <> 'created' then
    update subscriptions set previous = null where id = told.id;
  end if;
  recorded := record_delivery(delivery, case standing
    when 'newer' then verdict('applied', null, owner)
    when 'same' then verdict('duplicate', 'already_processed', owner)
    when 'older' then verdict('stale', 'older_than_stored', owner)
    else verdict('parked', 'ambiguous_order', owner) || effect end);
  if remember_customer(owner, told.stripe_customer_id) then
    return recorded || release_customer(told.stripe_customer_id, delivery);
  end if;
  return recorded;
end $$;

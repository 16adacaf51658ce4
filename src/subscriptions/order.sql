-- Returns the part of a subscription that matters for the order of events: two reports that agree in it need no order.
create or replace function subscription_content(reported subscriptions) returns jsonb language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return jsonb_build_object(
    'status', reported.status, 'price', reported.stripe_price_id, 'period_end', extract(epoch from reported.current_period_end),
    'cancel_at_period_end', reported.cancel_at_period_end, 'cancel_at', extract(epoch from reported.cancel_at),
    'collection_paused', coalesce(reported.collection_paused, false),
    'canceled_at', extract(epoch from reported.canceled_at), 'ended_at', extract(epoch from reported.ended_at));
end $$;

-- Returns whether a report is 'newer' than what is stored, 'older', the 'same', or 'unclear' from the events alone.
-- Stripe counts in whole seconds, and delivers in any order: docs/decisions/0012.
create or replace function subscription_order(stored subscriptions, reported subscriptions) returns text
language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  ended constant text[] := array['canceled', 'incomplete_expired'];
begin
  return case
    when stored.id is null then 'newer'
    when stored.status = any (ended) and reported.status <> all (ended) then 'older'
    when stored.status <> all (ended) and reported.status = any (ended) then 'newer'
    when reported.last_event_at > stored.last_event_at then 'newer'
    when reported.last_event_at < stored.last_event_at then 'older'
    when reported.last_source = 'read' then 'newer'
    else order_within_second(stored, reported)
  end;
end $$;

-- Returns the order of two reports of the same second, which may contain the state before them.
create or replace function order_within_second(stored subscriptions, reported subscriptions) returns text
language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  before constant jsonb := subscription_content(stored);
  after constant jsonb := subscription_content(reported);
  follows constant boolean := coalesce(reported.previous = before, false);
  precedes constant boolean := coalesce(stored.previous = after, false);
begin
  return case
    when before = after then 'same'
    when reported.last_source = 'created' and stored.last_source <> 'created' then 'older'
    when reported.last_source <> 'created' and stored.last_source = 'created' then 'newer'
    when reported.previous is null or stored.previous is null then 'unclear'
    when follows and not precedes then 'newer'
    when precedes and not follows then 'older'
    else 'unclear'
  end;
end $$;

-- Stores a report. Once a tie of two changes has been decided, nothing says what came before both: `previous` is
-- cleared, and the next tie in that second is unclear.
create or replace function store_subscription(stored subscriptions, reported subscriptions) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if stored.last_event_at >= reported.last_event_at then
    if stored.last_source <> 'created' then reported.previous := null; end if;
    reported.last_event_at := stored.last_event_at;
  end if;
  -- If Stripe reports it as running after it was asked to cancel it, it is cancelled again.
  if stored.cancel_requested_at >= reported.last_event_at then
    reported.cancel_requested_at := stored.cancel_requested_at;
  end if;
  reported.collection_paused := coalesce(reported.collection_paused, false);
  reported.cancel_tries := 0;
  reported.double_since := stored.double_since;
  reported.cancel_due_at := case when is_orphan(reported) then now() end;
  reported.updated_at := now();
  if telling() is not null
    and (stored.id is null or subscription_content(stored) is distinct from subscription_content(reported)) then
    perform tell(reported.user_id, 'subscription.changed',
      concat_ws(':', 'subscription', reported.id, reported.last_event_at, md5(subscription_content(reported)::text)),
      jsonb_build_object('subscription', reported.id, 'plan', reported.plan_key, 'status', reported.status,
        'cancel_at', reported.cancel_at, 'collection_paused', reported.collection_paused));
  end if;
  if stored.id is null then
    insert into subscriptions select reported.*;
  else
    update subscriptions set (user_id, named_user_id, livemode, stripe_customer_id, stripe_price_id, plan_key, plan_group, status,
      current_period_end, cancel_at_period_end, collection_paused, cancel_at, canceled_at, ended_at, last_event_at, last_source, previous,
      cancel_requested_at, cancel_due_at, cancel_tries, created_at, updated_at) = (reported.user_id, reported.named_user_id, reported.livemode,
      reported.stripe_customer_id, reported.stripe_price_id, reported.plan_key, reported.plan_group, reported.status,
      reported.current_period_end, reported.cancel_at_period_end, reported.collection_paused, reported.cancel_at, reported.canceled_at,
      reported.ended_at, reported.last_event_at, reported.last_source, reported.previous, reported.cancel_requested_at,
      reported.cancel_due_at, reported.cancel_tries, reported.created_at, reported.updated_at)
    where id = reported.id;
  end if;
end $$;

-- Clears `previous` if a report that is not stored is of the same second as what is stored: then `previous` no longer
-- gives an order.
create or replace function forget_previous(stored subscriptions, reported subscriptions) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if stored.last_event_at = reported.last_event_at and reported.last_source <> 'created' then
    update subscriptions set previous = null where id = reported.id;
  end if;
end $$;

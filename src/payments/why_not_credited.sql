-- Returns CREDIT_SINCE as the Worker's statement gives it. Null if it is not set. The Worker has already checked each
-- delivery against it. But a delivery that has waited may have come before CREDIT_SINCE was set, or while it had
-- another value.
create or replace function credit_since() returns timestamptz language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return nullif(current_setting('ledgerhook.credit_since', true), '')::timestamptz;
end $$;

-- Returns why nothing of what this delivery reports is credited, whoever its owner is. Null if nothing prevents it.
-- created: Unix seconds, or null.
create or replace function why_not_credited(delivery jsonb, created bigint) returns text language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  -- If a Worker with a test key used a database that serves live mode, test cards would buy real credits.
  if delivery->>'livemode' is distinct from 'true' and not is_served(false) and is_of_test_mode(delivery) then
    return 'mode_mismatch';
  end if;
  return case when is_before_start(delivery, created) then 'before_start' end;
end $$;

-- Whether a delivery is of Stripe's test mode. If the delivery has waited, its row says so: in the effect or, if an
-- older version stored the row, in the payload. An older Worker sends it only in the body.
create or replace function is_of_test_mode(delivery jsonb) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return coalesce(delivery->>'livemode', delivery->'payload'->>'livemode', (
    select coalesce(effect->>'livemode', readable_payload(event)->>'livemode') from webhook_events event
    where delivery->>'via' = 'release' and provider = delivery->>'provider' and event_id = delivery->>'event_id')) = 'false';
end $$;

-- Whether another system has credited what this delivery reports. The facts of an older version do not say when it was
-- created, but a waiting delivery's payload does. created: Unix seconds.
create or replace function is_before_start(delivery jsonb, created bigint) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  since constant timestamptz := credit_since();
begin
  if since is null then return false; end if;
  if created is null and delivery->>'via' = 'release' then
    created := (
      select (readable_payload(event)->'data'->'object'->>'created')::numeric from webhook_events event
      where provider = delivery->>'provider' and event_id = delivery->>'event_id');
  end if;
  return coalesce(created < extract(epoch from since), false);
end $$;

-- Whether a session from before CREDIT_SINCE may have made a payment or its invoice, as far as is known: a session may
-- be up to 30 days older than they are. facts: of settle_payment.
create or replace function may_be_of_earlier_session(facts jsonb) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return coalesce((facts->>'session_unknown')::boolean,
    credit_since() > to_timestamp((facts->>'created')::bigint) - interval '30 days', false);
end $$;

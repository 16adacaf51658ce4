-- What the Worker's statement says is CREDIT_SINCE. Null where it is not set. A delivery is decided by it before it comes
-- here; one that has waited may have come when it was not set, or was another moment.
create or replace function credit_since() returns timestamptz language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return nullif(current_setting('ledgerhook.credit_since', true), '')::timestamptz;
end $$;

-- Whether another system has credited what this delivery reports. The facts of an older version do not say when it was
-- created, but the payload of what waits does. created: Unix seconds.
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

-- Whether a session from before CREDIT_SINCE may have made a payment or its invoice, as far as is known: within 30 days.
-- facts: of settle_payment.
create or replace function may_be_of_earlier_session(facts jsonb) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return coalesce((facts->>'session_unknown')::boolean,
    credit_since() > to_timestamp((facts->>'created')::bigint) - interval '30 days', false);
end $$;

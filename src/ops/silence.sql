-- Returns when the last verified delivery of Stripe came, up to this moment. Null if none came for 35 days.
create or replace function last_delivery(until timestamptz) returns timestamptz language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return (
    select last_at from rates where provider = 'stripe' and at < until and at >= until - interval '35 days'
      and outcome not in ('refused', 'unavailable') and fallback <> 'reconciled' and first_at < until
    order by at desc limit 1);
end $$;

-- Returns the gap between two deliveries of Stripe around a moment. Null if it has not ended, or before the first
-- delivery.
create or replace function gap_around(moment timestamptz) returns interval language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return (
    select first_at - last_delivery(moment) from rates where provider = 'stripe' and at >= slot_of(moment)
      and outcome not in ('refused', 'unavailable') and fallback <> 'reconciled' and last_at >= moment
    order by at limit 1);
end $$;

-- Returns how long Stripe may be silent now: four times the longest gap at this hour of the week in the last four
-- weeks, but at least six hours. A gap that matters is longer than an hour, so it covers the beginning or the end of
-- that hour.
create or replace function silence_allowed() returns interval language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return greatest(interval '6 hours', 4 * (
    select max(gap_around(date_trunc('hour', now()) - week * interval '7 days' + hour * interval '1 hour'))
    from generate_series(1, 4) week, generate_series(0, 1) hour));
end $$;

-- Returns Stripe's silence as a share of what is allowed. It counts only once Stripe has an event that is newer than
-- the last one that came, so that a shop without customers raises no alert.
create or replace function measure_silence()
returns table (name text, about text, value double precision, details jsonb) language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  last constant timestamptz := last_delivery(now() + interval '1 minute');
begin
  if last is null or last > now() - interval '6 hours' then return; end if;
  return query select 'silence', '', (extract(epoch from now() - last) / extract(epoch from silence_allowed()))::float,
      jsonb_build_object('last_delivery_at', last, 'stripe_has_one_of', moment)
    from sightings where sightings.name = 'stripe_newest' and seen_at > now() - interval '20 minutes'
      and moment > last + interval '1 minute';
end $$;

-- Whether Stripe is to be asked: it has been silent for longer than allowed, and was not asked for ten minutes.
create or replace function asks_stripe() returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  last constant timestamptz := last_delivery(now() + interval '1 minute');
begin
  return coalesce(last < now() - interval '6 hours' and now() - last >= silence_allowed(), false)
    and not exists (select from sightings where name = 'stripe_newest' and seen_at > now() - interval '10 minutes');
end $$;

-- Stores for how long the oldest parked delivery has waited: the maximum of the present ten minutes, or 0 if none
-- waits.
create or replace function note_parked_age() returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  oldest timestamptz := now();
  of_reason record;
begin
  -- Goes from one reason to the next by the index, however many deliveries wait for each.
  select reason, received_at into of_reason from webhook_events
  where outcome = 'parked' and outcome in ('parked', 'rejected') order by reason, received_at limit 1;
  while found loop
    oldest := least(oldest, of_reason.received_at);
    select reason, received_at into of_reason from webhook_events
    where outcome = 'parked' and outcome in ('parked', 'rejected') and reason > of_reason.reason
    order by reason, received_at limit 1;
  end loop;
  insert into parked_ages as known (at, hours)
  values (slot_of(now()), extract(epoch from now() - oldest)::float / 3600)
  on conflict (at) do update set hours = excluded.hours where known.hours < excluded.hours;
end $$;

-- Returns the maximum of a period, in hours. Null if no run has stored any: a gap is not zero.
create or replace function oldest_parked_hours(since timestamptz, until timestamptz) returns numeric
language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return (select round(max(hours)::numeric, 2) from parked_ages where at >= since and at < until);
end $$;

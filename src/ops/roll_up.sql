-- Returns the beginning of the ten minutes to which a moment belongs.
create or replace function slot_of(moment timestamptz) returns timestamptz language sql immutable as $$
  select pg_catalog.date_bin(interval '10 minutes', moment, '2000-01-01 00:00+00')
$$;

-- Counts the deliveries of ten minutes again. A delivery's fallback says how it came to its effect: `none` means by its
-- own request and the database only. The share of all others is the fallback rate.
-- It does not sort: there are few groups, whatever the planner estimates.
create or replace function roll_up_slot(slot timestamptz) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp set enable_sort = off as $$
begin
  delete from rates where provider in ('clerk', 'stripe') and at = slot and source = 'rows';
  insert into rates as rate (provider, at, source, type, outcome, reason, fallback, secret, count, first_at, last_at)
  select event.provider, slot, 'rows', coalesce(event.type, ''), event.outcome, coalesce(event.reason, ''),
    case when event.outcome = 'parked' then 'parked'
      when event.fallback is not null then event.fallback
      -- For rows from before this was kept.
      when event.via = 'release' then 'released'
      when event.via = 'reconcile' then 'reconciled'
      else 'none' end,
    coalesce(event.secret, 1), count(*), min(event.received_at), max(event.received_at)
  from (
    -- In the order of the index, with a limit that fits 3,000 deliveries a second.
    select provider, type, outcome, reason, fallback, via, secret, received_at from webhook_events
    where provider in ('clerk', 'stripe') and received_at >= slot and received_at < slot + interval '10 minutes'
    order by received_at limit 1800000) event
  group by 1, 4, 5, 6, 7, 8
  on conflict (provider, at, source, type, outcome, reason, fallback, secret) do update set
    count = excluded.count, first_at = excluded.first_at, last_at = excluded.last_at;
end $$;

-- Adds what isolates have counted, and deletes it. At most this many rows.
create or replace function fold_tallies(most integer) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  kept record;
begin
  for kept in
    with taken as (
      delete from tallies where id = any (array(
        select id from tallies where id > 0 order by id limit most for update skip locked)) returning at, counts)
    select slot_of(taken.at) as slot, string_to_array(key, ' ') as words, sum(value::bigint)::bigint as number,
      min(taken.at) as first_at, max(taken.at) as last_at
    from taken, jsonb_each_text(taken.counts) group by 1, 2
  loop
    if kept.words[1] = 'database' then
      insert into query_times as known (at, upto_ms, queries) values (kept.slot, kept.words[2]::float, kept.number)
      on conflict (at, upto_ms) do update set queries = known.queries + excluded.queries;
    else
      insert into rates as rate (provider, at, source, type, outcome, reason, fallback, secret, count, first_at, last_at)
      values (kept.words[1], kept.slot, 'tallies', '', kept.words[2], coalesce(kept.words[3], ''), 'none', 1, kept.number,
        kept.first_at, kept.last_at)
      on conflict (provider, at, source, type, outcome, reason, fallback, secret) do update set
        count = rate.count + excluded.count, first_at = least(rate.first_at, excluded.first_at),
        last_at = greatest(rate.last_at, excluded.last_at);
    end if;
  end loop;
end $$;

-- Returns the first ten minutes, from a moment to now, in which something came, or null.
create or replace function next_slot(since timestamptz) returns timestamptz language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return (select slot_of(received_at) from webhook_events where provider in ('clerk', 'stripe') and received_at >= since
    and received_at <= now() order by received_at limit 1);
end $$;

-- A bite of the scheduled run: stores how long the oldest parked delivery has waited, and counts what has come, ten
-- minutes at a time, from where the last bite ended to now. Parked deliveries are settled later, so the ten minutes of
-- an hour, a day and a week ago are counted again.
-- facts: until (a moment, or null: from 30 days ago), tally (what this isolate has counted, or null). Returns {"until":
-- where the next bite begins, "more": whether that is before now}.
create or replace function roll_up(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  slot timestamptz;
  newest constant timestamptz := slot_of(now());
  ago interval;
begin
  select * into f from jsonb_to_record(facts) as f(until timestamptz, tally jsonb);
  if jsonb_typeof(f.tally) = 'object' then insert into tallies (counts) values (f.tally); end if;
  perform fold_tallies(5000);
  perform note_parked_age();
  slot := case when f.until is null then coalesce(next_slot(now() - interval '30 days'), newest)
    else slot_of(least(greatest(f.until, now() - interval '30 days'), now())) end;
  loop
    perform roll_up_slot(slot);
    exit when slot >= newest or clock_timestamp() > now() + interval '1 second';
    slot := coalesce(next_slot(slot + interval '10 minutes'), newest);
  end loop;
  if slot >= newest then
    foreach ago in array array['1 hour', '1 day', '7 days']::interval[] loop
      perform roll_up_slot(slot_of(now() - ago));
    end loop;
    perform forget_rates(1000);
  end if;
  return jsonb_build_object('until', slot - interval '10 minutes', 'more', slot < newest);
end $$;

-- Deletes some of what is older than 100 days.
create or replace function forget_rates(most integer) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  of_provider text;
begin
  foreach of_provider in array array['clerk', 'stripe'] loop
    delete from rates where ctid = any (array(
      select ctid from rates where provider = of_provider and at < now() - interval '100 days' limit most));
  end loop;
  delete from query_times where ctid = any (array(
    select ctid from query_times where at < now() - interval '100 days' limit most));
  delete from parked_ages where ctid = any (array(
    select ctid from parked_ages where at < now() - interval '100 days' limit most));
end $$;

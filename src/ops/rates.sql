-- Returns a part as a share of the whole, or null if the whole is zero.
create or replace function part_of(part numeric, whole numeric) returns numeric language sql immutable as $$
  select pg_catalog.round(part / nullif(whole, 0), 4)
$$;

-- Returns within how many milliseconds 95 of 100 queries of a period were done: the bound of a step in `query_times`.
-- Null if nothing is known.
create or replace function database_p95(since timestamptz, until timestamptz) returns double precision
language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return (
    select min(upto_ms) from (
      select upto_ms, sum(sum(queries)) over (order by upto_ms) as so_far, sum(sum(queries)) over () as all_of_them
      from query_times where at >= since and at < until group by upto_ms) step
    where so_far >= all_of_them * 0.95);
end $$;

-- Returns the next lower one of the steps by which isolates count. A commit that is counted at a step took longer than
-- the next lower step.
create or replace function step_below(step double precision) returns double precision language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return (select max(below) from unnest(array[0, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000]) below
    where below < step);
end $$;

-- Returns what came within a period, in numbers.
create or replace function rate_of(since timestamptz, until timestamptz) returns jsonb language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  counted record;
begin
  select coalesce(sum(number), 0) as all_of_them,
    coalesce(sum(number) filter (where outcome = 'refused'), 0) as refused,
    coalesce(sum(number) filter (where outcome = 'unavailable'), 0) as unavailable,
    coalesce(sum(number) filter (where fallback <> 'none'), 0) as others,
    coalesce(jsonb_object_agg(outcome, of_outcome) filter (where first_of_outcome), '{}') as outcomes,
    coalesce(jsonb_object_agg(fallback, of_fallback) filter (where first_of_fallback), '{}') as fallbacks
  into counted
  from (
    select outcome, fallback, number, sum(number) over (partition by outcome) as of_outcome,
      row_number() over (partition by outcome order by fallback) = 1 as first_of_outcome,
      sum(number) over (partition by is_verified, fallback) as of_fallback,
      is_verified and row_number() over (partition by is_verified, fallback order by outcome) = 1 as first_of_fallback
    from (
      select outcome, fallback, sum(count) as number, outcome not in ('refused', 'unavailable') as is_verified from rates
      where provider in ('clerk', 'stripe') and at >= since and at < until group by outcome, fallback) part
  ) parts;
  return jsonb_build_object(
    'requests', counted.all_of_them,
    'verified', counted.all_of_them - counted.refused - counted.unavailable,
    'refused', counted.refused, 'unavailable', counted.unavailable,
    'error_rate', part_of(counted.refused + counted.unavailable, counted.all_of_them),
    'fallback_rate', part_of(counted.others, counted.all_of_them - counted.refused - counted.unavailable),
    'outcomes', counted.outcomes, 'fallbacks', counted.fallbacks, 'database_p95_ms', database_p95(since, until),
    'oldest_parked_hours', oldest_parked_hours(since, until));
end $$;

-- Returns rates by the hour, the oldest first, and for the whole period; and how many of each kind there were.
-- facts: hours (how many, including the present one). Returns {"since", "total", "hours": [{"hour", "requests", …}],
-- "kinds": [{"provider", "type", "outcome", "reason", "fallback", "secret", "count"}]}, the most frequent kind first.
create or replace function read_rates(facts jsonb) returns jsonb language plpgsql stable security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  since timestamptz;
begin
  select * into f from jsonb_to_record(facts) as f(hours integer);
  since := date_trunc('hour', now(), 'UTC') - (f.hours - 1) * interval '1 hour';
  return jsonb_build_object('since', since, 'total', rate_of(since, 'infinity'),
    'hours', (
      select jsonb_agg(jsonb_build_object('hour', hour) || rate_of(hour, hour + interval '1 hour') order by hour)
      from generate_series(since, now(), interval '1 hour') hour),
    'kinds', coalesce((
      select jsonb_agg(jsonb_build_object('provider', provider, 'type', nullif(type, ''), 'outcome', outcome,
        'reason', nullif(reason, ''), 'fallback', fallback, 'secret', secret, 'count', number) order by number desc)
      from (
        select provider, type, outcome, reason, fallback, secret, sum(count) as number from rates
        where provider in ('clerk', 'stripe') and at >= since group by 1, 2, 3, 4, 5, 6
        order by number desc limit 200) kind), '[]'));
end $$;

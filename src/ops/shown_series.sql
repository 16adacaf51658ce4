-- Returns what came, by the hour or by the day, the newest first: the numbers of rate_of, and the credits that came in
-- and went out. Credits are summed from the newest 100,000 ledger entries, and are null before the oldest of those.
create or replace function shown_series(step text, steps integer) returns jsonb language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  width constant interval := ('1 ' || step)::interval;
  since constant timestamptz := date_trunc(step, now(), 'UTC') - (steps - 1) * width;
begin
  return (
    with newest as materialized (
      select created_at, amount from credit_ledger where id > 0 order by id desc limit 100000
    ), flow as (
      select date_trunc(step, created_at, 'UTC') as at, sum(greatest(amount, 0)) as came_in,
        sum(greatest(-amount, 0)) as went_out
      from newest where created_at >= since group by 1
    ), reach as (
      select case count(*) when 100000 then min(created_at) else '-infinity' end as back_to from newest
    )
    select jsonb_agg(rate_of(slot, slot + width) || jsonb_build_object('at', slot,
        'credits_in', case when slot >= back_to then coalesce(came_in, 0) end,
        'credits_out', case when slot >= back_to then coalesce(went_out, 0) end) order by slot desc)
    from generate_series(since, now(), width) slot cross join reach left join flow on flow.at = slot);
end $$;

-- Returns which of the configured secrets, counted from 1, matched deliveries of the last 24 hours.
create or replace function secrets_in_use() returns jsonb language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return (select coalesce(jsonb_agg(to_jsonb(used)), '[]') from (
    select provider, secret, sum(count) as deliveries, max(last_at) as last_at from rates
    where provider in ('clerk', 'stripe') and at >= now() - interval '24 hours'
      and outcome not in ('refused', 'unavailable') and source = 'rows'
    group by 1, 2 order by 1, 2) used);
end $$;

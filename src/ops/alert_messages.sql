-- Leases the messages about alerts that are due, for 30 seconds each. It takes only the first message of each alert, so
-- that the alert's end does not arrive before its beginning. A message that was not accepted for three days is deleted.
-- facts: most (messages). Returns [{"id", "tries", "body"}].
create or replace function take_alert_messages(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  taken jsonb;
begin
  select * into f from jsonb_to_record(facts) as f(most integer);
  delete from alert_messages where id > '' and created_at < now() - interval '3 days';
  with first as (
    select distinct on (name, about) id, next_at, sequence from alert_messages where id > ''
    order by name, about, sequence
  ), due as (
    select id from alert_messages
    where id = any (array(select id from first where next_at <= now() order by sequence limit f.most))
    for update skip locked
  ), leased as (
    update alert_messages set next_at = now() + interval '30 seconds', tries = tries + 1
    where id = any (array(select id from due)) returning id, tries, body, sequence
  )
  select coalesce(jsonb_agg(jsonb_build_object('id', id, 'tries', tries, 'body', body) order by sequence), '[]')
  into taken from leased;
  return taken;
end $$;

-- Records the results of messages that were sent. A failed one is sent again, later each time, after at most an hour.
-- facts: ended: [{id, good}]. Returns how many are done.
create or replace function end_alert_messages(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  done integer;
begin
  select * into f from jsonb_to_record(facts) as f(ended jsonb);
  delete from alert_messages where id = any (array(
    select id from jsonb_to_recordset(f.ended) as one(id text, good boolean) where good));
  get diagnostics done = row_count;
  update alert_messages set next_at = now() + least(interval '15 seconds' * 2 ^ least(tries, 8), interval '1 hour')
  where id = any (array(select id from jsonb_to_recordset(f.ended) as one(id text, good boolean) where not good));
  return to_jsonb(done);
end $$;

-- Returns when the last run ended well, or when Ledgerhook was installed, if that was more than five minutes ago.
create or replace function run_late_since() returns timestamptz language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  last_run constant timestamptz := coalesce((select max(last_good_at) from tasks),
    (select min(applied_at) from migrations), 'epoch');
begin
  return case when last_run < now() - interval '5 minutes' then last_run end;
end $$;

-- Returns what an uptime service may know: the number of open critical alerts. If the last good run was more than five
-- minutes ago, that counts as one of them.
-- facts: none. Returns {"critical", "run_late"}.
create or replace function deep_health(facts jsonb) returns jsonb language plpgsql stable security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  late constant boolean := run_late_since() is not null;
begin
  return jsonb_build_object('run_late', late, 'critical', late::integer + (
    select count(*) from alerts where name > '' and state = 'open' and critical));
end $$;

-- Returns the alerts that are or were open, the open ones first, and within each group the newest first. `run_late` has
-- no row, because no run would write it: it is among them as long as no run ends well.
-- facts: none. Returns [{"alert", "about", "state", "critical", "value", "threshold", "details", "since", "opened_at",
-- "closed_at", "repeats"}], at most 200.
create or replace function list_alerts(facts jsonb) returns jsonb language plpgsql stable security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
begin
  return (select coalesce(jsonb_agg(jsonb_build_object('alert', name, 'about', nullif(about, ''), 'state', state,
      'critical', critical, 'value', value, 'threshold', threshold, 'details', details, 'since', since,
      'opened_at', opened_at, 'closed_at', closed_at, 'repeats', repeats) order by state <> 'open', opened_at desc), '[]')
    from (
      select * from (
        select name, about, state, critical, value, threshold, details, since, opened_at, closed_at, repeats from alerts
        where name > '' and opened_at is not null
        union all
        select 'run_late', '', 'open', true, null, null, '{}', late, late + interval '5 minutes', null, 0
        from run_late_since() late where late is not null) either
      order by state <> 'open', opened_at desc limit 200) known);
end $$;

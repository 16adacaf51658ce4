-- Returns what waits for a person, or for a user who has not come yet: for each reason how many deliveries, and since
-- when. It counts up to 10,001, which means "more than 10,000".
-- facts: reasons: [{outcome, reason}] (all there are). Returns [{"outcome", "reason", "count", "oldest"}].
create or replace function attention(facts jsonb) returns jsonb language plpgsql stable security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  listed record;
  counted jsonb := '[]';
  number bigint;
begin
  select * into f from jsonb_to_record(facts) as f(reasons jsonb);
  for listed in select * from jsonb_to_recordset(f.reasons) as reason(outcome text, reason text) loop
    select count(*) into number from (
      select from webhook_events where outcome = listed.outcome and outcome in ('parked', 'rejected')
        and reason = listed.reason limit 10001) slice;
    if number > 0 then
      counted := counted || jsonb_build_object('outcome', listed.outcome, 'reason', listed.reason, 'count', number,
        'oldest', (select received_at from webhook_events
          where outcome = listed.outcome and outcome in ('parked', 'rejected') and reason = listed.reason
          order by received_at limit 1));
    end if;
  end loop;
  return counted;
end $$;

-- Returns what else waits for a person, as numbers by name. Only subscriptions of the served mode count, because the
-- others no longer change.
-- facts: task_names (of every task there is; null, from an older Worker: of every row).
create or replace function attention_besides(facts jsonb) returns jsonb language plpgsql stable security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
begin
  select * into f from jsonb_to_record(facts) as f(task_names text[]);
  return jsonb_build_object(
    'live_subscription_of_deleted_user', (select count(*) from (
      select from subscriptions where cancel_due_at is not null and is_served(livemode) limit 10001) slice),
    'double_subscription', (select count(*) from (
      select from subscriptions where double_since is not null and is_served(livemode) limit 10001) slice),
    'unfinished_erasure', (select count(*) from (
      select from erasures where done_at is null and asked_at < now() - interval '1 hour'
      -- In the order of the index, so that nothing beyond the limit is read.
      order by due_at limit 10001) slice),
    'undelivered_event', (select count(*) from (
      select from outgoing_events where state = 'undelivered' and ended_at <= now() limit 10001) slice),
    'difference', (select count(*) from (
      select from differences where reported_at <= now() and settled_at is null limit 10001) slice),
    'late_task', (select count(*) from late_tasks(f.task_names)),
    'failing_task', (select count(*) from failing_tasks(f.task_names)));
end $$;

-- Returns the rows behind the numbers of attention_besides that no other page lists, the oldest first, at most 50 of
-- each: [{"what", "id" (of the subscription or the event), "user_id", "since"}].
create or replace function behind_besides() returns jsonb language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return (select coalesce(jsonb_agg(to_jsonb(listed)), '[]') from (
    (select 'live_subscription_of_deleted_user' as what, id, user_id, cancel_due_at as since from subscriptions
      where cancel_due_at is not null and is_served(livemode) order by cancel_due_at limit 50)
    union all (select 'double_subscription', id, user_id, double_since from subscriptions
      where double_since is not null and is_served(livemode) order by double_since limit 50)
    union all (select 'unfinished_erasure', null, user_id, asked_at from erasures
      where done_at is null and asked_at < now() - interval '1 hour' order by due_at limit 50)
    union all (select 'undelivered_event', id, user_id, ended_at from outgoing_events
      where state = 'undelivered' and ended_at <= now() order by ended_at limit 50)) listed);
end $$;

-- Returns the tasks that are late: another one had its turn more than 15 minutes after they were due. A run leases all
-- tasks that are due, for five minutes, and does those last that a dead run had leased. So a task is not late because
-- of other tasks' turns in the run that holds its lease: its own turn may still follow.
create or replace function late_tasks(task_names text[]) returns setof tasks language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return query
  select * from tasks late where coalesce(name = any (task_names), true)
    and next_at + interval '15 minutes' < (select max(other.last_good_at) from tasks other
      where late.leased_until is null or other.last_good_at < late.leased_until - interval '5 minutes');
end $$;

-- Returns the Worker's tasks that have failed more than three times in a row. The table may also have tasks that the
-- Worker does not have, for example after a rollback. They are left out, because nothing ends their failures.
create or replace function failing_tasks(task_names text[]) returns setof tasks language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return query select * from tasks where coalesce(name = any (task_names), true) and failures > 3;
end $$;

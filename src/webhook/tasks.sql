-- Leases the tasks that are most overdue, so that no two runs do the same work. An expired lease is taken over, because
-- every bite may be done twice. The run that held it has died, perhaps because of this task: that counts as a failure,
-- and the task goes last.
-- facts: names (of every task there is), most (tasks), lease_s (seconds). Returns [{"name", "cursor", "lease",
-- "taken_over"}], the most overdue task first.
create or replace function lease_tasks(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  f record;
  taken jsonb;
begin
  select * into f from jsonb_to_record(facts) as f(names text[], most integer, lease_s integer);
  insert into tasks (name) select unnest(f.names) on conflict do nothing;
  with overdue as (
    select name, next_at, leased_until is not null as taken_over from tasks
    where name = any (f.names) and next_at <= now() and (leased_until is null or leased_until < now())
    order by leased_until is not null, next_at, last_good_at nulls first, name limit f.most for update skip locked
  ), leased as (
    update tasks set leased_until = now() + f.lease_s * interval '1 second',
      failures = tasks.failures + overdue.taken_over::integer
    from overdue where tasks.name = overdue.name
    returning tasks.name, tasks.cursor, tasks.leased_until, tasks.last_good_at, overdue.next_at, overdue.taken_over
  )
  select coalesce(jsonb_agg(jsonb_build_object('name', name, 'cursor', cursor, 'lease', leased_until,
    'taken_over', taken_over) order by taken_over, next_at, last_good_at nulls first, name), '[]')
  into taken from leased;
  return taken;
end $$;

-- Ends the leases that a run still holds. A task that failed becomes due later each time, and delays no other. A task
-- that had no turn stays as overdue as it was.
-- facts: tasks: [{name, lease, good, in_s (seconds until its next turn; null: it had none), cursor}]. Returns how many.
create or replace function finish_tasks(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  f record;
  done integer;
begin
  select * into f from jsonb_to_record(facts) as f(tasks jsonb);
  update tasks set leased_until = null,
    next_at = now() + case when ended.good then ended.in_s
      else greatest(ended.in_s, least(60 * 2 ^ least(tasks.failures, 6), 3600)) end * interval '1 second',
    failures = case when ended.good then 0 else tasks.failures + 1 end,
    cursor = case when ended.good then ended.cursor else tasks.cursor end,
    last_good_at = case when ended.good then now() else tasks.last_good_at end
  from jsonb_to_recordset(f.tasks) as ended(name text, lease timestamptz, good boolean, in_s integer,
    cursor jsonb)
  where tasks.name = ended.name and tasks.leased_until = ended.lease and ended.in_s is not null;
  get diagnostics done = row_count;
  update tasks set leased_until = null
  from jsonb_to_recordset(f.tasks) as ended(name text, lease timestamptz, in_s integer)
  where tasks.name = ended.name and tasks.leased_until = ended.lease and ended.in_s is null;
  return to_jsonb(done);
end $$;

-- Commits deliveries that came through the queue, in one statement. All subjects that their facts name are locked
-- first, in the order of the names, so that batches and single deliveries wait for each other in one direction only. A
-- subject that is found later is only tried. Usually all verbs succeed and share one savepoint. If one fails, all are
-- undone, and each runs in a savepoint of its own, so that a failure concerns only its own delivery.
-- facts: deliveries: [{place (its number), occurred_at, verb, facts, delivery (as text, so that a body that jsonb
-- cannot hold fails alone)}]. Returns [{"place", "verdict"}], or {"place", "failed": the SQLSTATE} if nothing was done.
create or replace function commit_batch(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  queued record;
  committed jsonb := '[]';
begin
  select * into f from jsonb_to_record(facts) as f(deliveries jsonb);
  perform lock_subjects(variadic subjects_of_all(f.deliveries));
  perform try_locks_only();
  begin
    return run_verbs(f.deliveries);
  exception when others then
    null;
  end;
  for queued in
    select * from jsonb_to_recordset(f.deliveries) as d(place integer, occurred_at timestamptz, verb text,
      facts jsonb, delivery text)
    order by occurred_at nulls first, place
  loop
    committed := committed || jsonb_build_array(jsonb_build_object('place', queued.place)
      || commit_one(queued.delivery, queued.verb, queued.facts));
  end loop;
  return committed;
end $$;

-- Runs one delivery's verb in a savepoint. Returns {"verdict"}, or {"failed": the SQLSTATE}. A timeout ends the whole
-- statement.
create or replace function commit_one(delivery text, given text, facts jsonb) returns jsonb language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return jsonb_build_object('verdict', run_verb(given, delivery::jsonb, facts));
exception when others then
  return jsonb_build_object('failed', sqlstate);
end $$;

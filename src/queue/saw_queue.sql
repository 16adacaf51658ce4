-- Stores what the queue's consumer has seen.
-- facts: oldest_at (when the oldest message of a batch was received, if it is old or was left; null: none is), left_over
-- (how many of the batch were left in the queue; null: the caller does not say), dead (the number of dead letters; null:
-- this is not about them). Returns {}.
create or replace function saw_queue(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
begin
  select * into f from jsonb_to_record(facts) as f(oldest_at timestamptz, left_over integer, dead integer);
  if f.dead is not null then
    perform saw('dead_letters', null, f.dead);
  else
    perform saw('queue', f.oldest_at, coalesce(f.left_over, 1));
  end if;
  return '{}';
end $$;

-- Checks whether the database has what a build needs: every migration, functions that are not older than the build's
-- own, and the isolation level in which a statement sees what was committed while it waited for a lock.
-- facts: migrations ({"<tag>": "<hash>"}), functions (the hash of the build's set), entry_points (the names that it
-- calls). Returns {"status"}.
create or replace function readiness(facts jsonb) returns jsonb language plpgsql stable security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  in_force function_sets;
begin
  select * into f from jsonb_to_record(facts) as f(migrations jsonb, functions text, entry_points text[]);
  if current_setting('transaction_isolation') <> 'read committed' then
    return '{"status": "wrong_isolation"}';
  end if;
  if exists (
    select from jsonb_each_text(f.migrations) needed
    where not exists (select from migrations where tag = needed.key and hash = needed.value)
  ) then
    return '{"status": "not_migrated"}';
  end if;

  select * into in_force from function_sets order by applied_at desc limit 1;
  -- A Worker that was rolled back finds its own set recorded and a newer one in force: no function that it needs was
  -- removed.
  if not exists (
    select from function_sets where hash = f.functions and first_applied_at <= in_force.first_applied_at
  ) or exists (
    select from unnest(f.entry_points) needed where not exists (
      select from pg_proc where pronamespace = 'ledgerhook'::regnamespace and proname = needed and prosecdef)
  ) then
    return '{"status": "functions_outdated"}';
  end if;
  return '{"status": "ready"}';
end $$;

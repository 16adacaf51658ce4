-- Returns deliveries that were taken and not tried: they are due as before, and this turn does not count for them.
-- facts: untried: [{provider, event_id, due_at}]. Returns how many.
create or replace function return_due(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  one record;
  returned integer := 0;
begin
  select * into f from jsonb_to_record(facts) as f(untried jsonb);
  for one in
    select * from jsonb_to_recordset(f.untried) as u(provider text, event_id text, due_at timestamptz)
  loop
    -- A transaction that has locked one of its rows is about to settle it.
    update waiting set tries = greatest(0, tries - 1), retry_at = one.due_at
    where ctid = any (array(
      select ctid from waiting where provider = one.provider and event_id = one.event_id and retry_at > now()
      for update skip locked));
    if found then returned := returned + 1; end if;
  end loop;
  return to_jsonb(returned);
end $$;

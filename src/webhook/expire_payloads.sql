-- A bite of the scheduled run: sets to null the payloads of deliveries that were settled longer ago than payloads are
-- kept, the oldest first. A parked or rejected delivery keeps its payload, because somebody still has to read it. A row
-- that is locked now is left to the next bite.
-- facts: most (payloads), days. Returns {"expired": how many, "more": whether another bite would find something}.
create or replace function expire_payloads(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  expired integer;
begin
  select * into f from jsonb_to_record(facts) as f(most integer, days integer);
  update webhook_events set payload = null
  where ctid = any (array(
    select ctid from webhook_events
    where payload is not null and outcome not in ('parked', 'rejected')
      and settled_at < now() - f.days * interval '1 day'
    order by settled_at limit f.most for update skip locked));
  get diagnostics expired = row_count;
  return jsonb_build_object('expired', expired, 'more', expired = f.most);
end $$;

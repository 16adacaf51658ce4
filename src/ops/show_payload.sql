-- Returns the payload of a delivery, as text, and records the reading. Null if it is not stored, or if its user is
-- being erased.
-- facts: operator, provider, event_id. Returns {"payload"}, or {"refused": "not_found"}.
create or replace function show_payload(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  event webhook_events;
begin
  select * into f from jsonb_to_record(facts) as f(operator text, provider text, event_id text);
  select * into event from webhook_events
  where webhook_events.provider = f.provider and webhook_events.event_id = f.event_id;
  if not found then return '{"refused": "not_found"}'; end if;
  perform record_action(f.operator, 'read_payload', event.provider, event.event_id, event.user_id, null, null);
  return jsonb_build_object('payload', readable_payload(event)::text);
end $$;

-- Returns a delivery with what it waits for: {subject, retry_at (the next time its provider is asked, or it is tried)}.
create or replace function shown_delivery(event webhook_events) returns jsonb language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return explained_delivery(event) || jsonb_build_object('sqlstate', event.sqlstate, 'about', event.about,
    'is_final', is_final(event.outcome, event.reason), 'verb', event.effect->'verb',
    'waits_for', (select coalesce(jsonb_agg(to_jsonb(waits)), '[]') from (
      -- In the order of the primary key, so that the planner prefers no other index while the table is small.
      select subject, retry_at from waiting
      where (provider, event_id) >= (event.provider, event.event_id)
        and (provider, event_id) <= (event.provider, event.event_id)
      order by provider, event_id, subject limit 50) waits));
end $$;

-- Returns one delivery, with its ledger entries and what operators have done about it.
-- facts: provider, event_id. Returns {"delivery", "has_payload", "entries", "actions"}, or {"refused": "not_found"}.
create or replace function show_delivery(facts jsonb) returns jsonb language plpgsql stable security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  event webhook_events;
begin
  select * into f from jsonb_to_record(facts) as f(provider text, event_id text);
  select * into event from webhook_events
  where webhook_events.provider = f.provider and webhook_events.event_id = f.event_id;
  if not found then return '{"refused": "not_found"}'; end if;
  return jsonb_build_object('delivery', shown_delivery(event), 'has_payload', readable_payload(event) is not null,
    'entries', (select coalesce(jsonb_agg(explained_entry(entry) order by entry.id), '[]')
      from entries_of(event.user_id, null, event.event_id, 9223372036854775807, 100) entry),
    'actions', actions_about(event.event_id, null, 50));
end $$;

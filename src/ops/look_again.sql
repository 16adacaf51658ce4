-- Takes a delivery that is not final, to be processed again.
-- facts: operator, provider, event_id, note (why; may be null). Returns the delivery as take_due returns it, or
-- {"refused": "not_found"}, {"refused": "already_final"}, {"refused": "no_payload"}: nothing stored says what it was.
create or replace function take_for_operator(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  event webhook_events;
begin
  select * into f from jsonb_to_record(facts) as f(operator text, provider text, event_id text, note text);
  select * into event from webhook_events
  where webhook_events.provider = f.provider and webhook_events.event_id = f.event_id;
  if not found then return '{"refused": "not_found"}'; end if;
  if is_final(event.outcome, event.reason) then return '{"refused": "already_final"}'; end if;
  event := as_looked_at(event);
  if event.effect is null and readable_payload(event) is null then return '{"refused": "no_payload"}'; end if;
  perform record_action(f.operator, 'look_again', event.provider, event.event_id, event.user_id, null, f.note);
  return stored_delivery(event, case when event.effect is null then readable_payload(event)::text end);
end $$;

-- Takes a bite of what is parked or rejected for one reason, the oldest first, to be processed again.
-- facts: operator, outcome, reason, until (received no later: what was counted), after ([received_at, event_id] of the
-- last one of the bite before, or null), most (deliveries), bytes (of all bodies together), note (why; may be null).
-- Returns {"due": deliveries as take_due returns them, "next": the `after` of the next bite; null: all were taken}.
create or replace function take_many_for_operator(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  event webhook_events;
  body text;
  taken jsonb := '[]';
  looked integer := 0;
begin
  select * into f from jsonb_to_record(facts) as f(operator text, outcome text, reason text, until timestamptz,
    after text[], most integer, bytes integer, note text);
  for event in
    select * from webhook_events
    where webhook_events.outcome = f.outcome and webhook_events.outcome in ('parked', 'rejected')
      and webhook_events.reason = f.reason and received_at <= f.until
      and received_at >= coalesce(f.after[1]::timestamptz, '-infinity')
      and (received_at, webhook_events.event_id) > (coalesce(f.after[1]::timestamptz, '-infinity'), coalesce(f.after[2], ''))
    order by received_at, webhook_events.event_id limit f.most
  loop
    event := as_looked_at(event);
    body := case when event.effect is null then readable_payload(event)::text end;
    f.bytes := f.bytes - coalesce(octet_length(body), 0) * 2;
    exit when f.bytes < 0 and looked > 0;
    looked := looked + 1;
    f.after := array[event.received_at::text, event.event_id];
    continue when event.effect is null and body is null;
    perform record_action(f.operator, 'look_again', event.provider, event.event_id, event.user_id, null, f.note);
    taken := taken || stored_delivery(event, body);
  end loop;
  return jsonb_build_object('due', taken,
    'next', case when looked > 0 and (looked = f.most or f.bytes < 0) then to_jsonb(f.after) end);
end $$;

-- Returns a delivery as it is processed again: without its effect if its payload decides. That is so for one that counts
-- as another app's, because its effect may run only once it is known to be ours, and for a user without an address,
-- because REQUIRE_EMAIL may ask for none now.
create or replace function as_looked_at(event webhook_events) returns webhook_events language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if event.reason = 'other_app' or (event.reason = 'missing_email' and readable_payload(event) is not null) then
    event.effect := null;
  end if;
  return event;
end $$;

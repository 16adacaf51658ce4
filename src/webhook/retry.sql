-- The deliveries whose turn it is: their provider has to be asked, their body could not be read, or they have failed.
-- The next turn of each is set in the same statement, later each time, so that one that never succeeds delays itself
-- alone, and no two runs have the same.
-- facts: most (deliveries), bytes (of all bodies together). Returns {"due": deliveries, with their effect or else their
-- body as text: a document as deep as jsonb can be could not be built into another one; "more": whether more are due}.
create or replace function take_due(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  taken jsonb := '[]';
  due record;
  event webhook_events;
  body text;
begin
  select * into f from jsonb_to_record(facts) as f(most integer, bytes integer);
  for due in
    -- A delivery may wait for several subjects.
    select provider, event_id from waiting where retry_at <= now() order by retry_at limit f.most * 3
  loop
    exit when jsonb_array_length(taken) = f.most;
    select * into event from webhook_events where provider = due.provider and event_id = due.event_id;
    body := case when event.effect is null then readable_payload(event)::text end;
    f.bytes := f.bytes - coalesce(octet_length(body), 0) * 2;
    -- The first one has its turn whatever its size, or it would keep every other from theirs.
    exit when f.bytes < 0 and taken <> '[]';
    -- Whoever has one of its rows just now is about to settle it, or has taken it already.
    update waiting set tries = tries + 1, retry_at = next_try(tries + 1)
    where ctid = any (array(
      select ctid from waiting where provider = due.provider and event_id = due.event_id and retry_at <= now()
      for update skip locked));
    continue when not found;
    taken := taken || stored_delivery(event, body);
  end loop;
  return jsonb_build_object('due', taken,
    'more', taken <> '[]' and exists (select from waiting where retry_at <= now()));
end $$;

-- A stored delivery for whoever decides on it once more: with its effect, or else with its body as text.
create or replace function stored_delivery(event webhook_events, body text) returns jsonb language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return jsonb_build_object('provider', event.provider, 'event_id', event.event_id, 'type', event.type,
    'occurred_at', event.occurred_at, 'user_id', event.user_id, 'reason', event.reason, 'effect', event.effect,
    'body', body);
end $$;

-- The only reader of stored payloads. Null for users whose payloads are being erased.
create or replace function readable_payload(event webhook_events) returns jsonb language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if is_erased(event.user_id) then return null; end if;
  return event.payload;
end $$;

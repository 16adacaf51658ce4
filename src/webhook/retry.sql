-- Takes the deliveries that are due: their provider has to be asked, their body could not be read, or they have failed.
-- The same statement sets the next try of each, later each time. So a delivery that never succeeds delays only itself,
-- and no two runs take the same one. What is taken and not tried is returned: see `return_due`.
-- facts: most (deliveries), bytes (of all bodies together). Returns {"due": deliveries, with the moment since which they
-- are due, and with their effect or else their body as text, because a document as deep as jsonb can be cannot be nested
-- in another one; "more": whether more are due}.
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
    select provider, event_id, retry_at from waiting where retry_at <= now() order by retry_at limit f.most * 3
  loop
    exit when jsonb_array_length(taken) = f.most;
    select * into event from webhook_events where provider = due.provider and event_id = due.event_id;
    body := case when event.effect is null then readable_payload(event)::text end;
    f.bytes := f.bytes - coalesce(octet_length(body), 0) * 2;
    -- The first one is taken whatever its size, or it would block all the others.
    exit when f.bytes < 0 and taken <> '[]';
    -- A transaction that has locked one of its rows is about to settle it, or has taken it already.
    update waiting set tries = tries + 1, retry_at = next_try(tries + 1)
    where ctid = any (array(
      select ctid from waiting where provider = due.provider and event_id = due.event_id and retry_at <= now()
      for update skip locked));
    continue when not found;
    taken := taken || (stored_delivery(event, body) || jsonb_build_object('due_at', due.retry_at));
  end loop;
  return jsonb_build_object('due', taken,
    'more', taken <> '[]' and exists (select from waiting where retry_at <= now()));
end $$;

-- Returns a stored delivery for a new decision: with its effect, or else with its body as text.
create or replace function stored_delivery(event webhook_events, body text) returns jsonb language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return jsonb_build_object('provider', event.provider, 'event_id', event.event_id, 'type', event.type,
    'occurred_at', event.occurred_at, 'user_id', event.user_id, 'reason', event.reason, 'effect', event.effect,
    'body', body);
end $$;

-- The only reader of stored payloads. Returns null for users whose payloads are being erased.
create or replace function readable_payload(event webhook_events) returns jsonb language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if is_erased(event.user_id) then return null; end if;
  return event.payload;
end $$;

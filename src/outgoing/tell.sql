-- Returns what the Worker's statement says about outgoing events: `low` (thresholds of LOW_BALANCE) and `sends`
-- (whether the Worker sends the statement's events at once). Null if it says nothing: then nothing is written, or even
-- read, for outgoing events.
create or replace function telling() returns jsonb language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return nullif(current_setting('ledgerhook.events', true), '')::jsonb;
end $$;

-- Writes an event for your app in the commit of its cause, once for each fact. If the user has no earlier open event,
-- the Worker may send it at once; otherwise it follows that one. The lock of the queue's row keeps a user's events in
-- order.
create or replace function tell(about text, event_type text, told_fact text, details jsonb) returns void
language plpgsql set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  owner text := coalesce(about, '');
  number bigint;
  is_next boolean;
  event_id text;
  sent text := coalesce(current_setting('ledgerhook.outgoing', true), '');
  is_ours boolean;
begin
  if telling() is null then return; end if;
  if exists (select from outgoing_events where fact = told_fact) then return; end if;
  insert into outgoing_queues as queue (user_id, sequence) values (owner, 1)
  on conflict (user_id) do update set sequence = queue.sequence + 1 returning sequence into number;
  is_next := not exists (select from outgoing_events where user_id = owner and state = 'open');
  -- No more events than a Worker can send after its response.
  is_ours := is_next and coalesce((telling()->>'sends')::boolean, false)
    and coalesce(cardinality(string_to_array(nullif(sent, ''), ',')), 0) < 5;
  event_id := 'out_' || replace(gen_random_uuid()::text, '-', '');
  insert into outgoing_events (id, user_id, sequence, type, fact, data, next_at, tries)
  values (event_id, owner, number, event_type, told_fact, details,
    case when is_ours then now() + interval '30 seconds' when is_next then now() end, case when is_ours then 1 else 0 end);
  if is_ours then perform set_config('ledgerhook.outgoing', concat_ws(',', nullif(sent, ''), event_id), true); end if;
end $$;

-- Returns an event in the form in which the Worker sends it. event: its row.
create or replace function message(event jsonb) returns jsonb language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return jsonb_build_object('id', event->'id', 'type', event->'type', 'user_id', nullif(event->>'user_id', ''),
    'sequence', event->'sequence', 'data', event->'data', 'created_at', event->'created_at', 'tries', event->'tries');
end $$;

-- Returns the result of a function together with the events that it leaves to the Worker, leased for 30 seconds.
-- answer: the function's result.
create or replace function with_outgoing(answer jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  ids text[] := string_to_array(nullif(current_setting('ledgerhook.outgoing', true), ''), ',');
begin
  return jsonb_build_object('answer', answer, 'outgoing', case when ids is null then '[]' else (
    select coalesce(jsonb_agg(message(to_jsonb(event)) order by event.sequence), '[]') from outgoing_events event
    where event.id = any (ids)) end);
end $$;

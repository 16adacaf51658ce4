-- Parked deliveries have their effect in the commit that provides what they wait for. One commit releases at most 25 of
-- them, so that it stays short. A row of `arrived` makes the scheduled run release the rest.

-- Runs the effect of everything that waits for one of these subjects, including what was given up or rejected
-- meanwhile. The caller holds the locks of the subjects, provides them, and has recorded its own delivery. Returns an
-- array of the deliveries that were settled, and of those that they released in turn.
create or replace function release(erase boolean, variadic subjects text[]) returns jsonb language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  released jsonb := '[]';
  subject text;
begin
  -- One query for all of them, because mostly nothing waits.
  if array_remove(subjects, null) = '{}' then return released; end if;
  if not exists (select from waiting where waiting.subject = any (subjects)) then return released; end if;
  foreach subject in array subjects loop
    if subject is not null then released := released || release_subject(erase, subject, '-infinity', ''); end if;
  end loop;
  return released;
end $$;

-- Adds to a verb's verdict the deliveries that the verb has released.
create or replace function with_released(verdict jsonb, released jsonb) returns jsonb language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if released = '[]' then return verdict; end if;
  return verdict || jsonb_build_object('released', coalesce(verdict->'released', '[]') || released);
end $$;

-- Releases what waits for a subject, in order of occurrence, beginning after the row that this moment and event name.
create or replace function release_subject(erase boolean, given text, after_at timestamptz, after_event text)
returns jsonb language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  released jsonb := '[]';
  here record;
  settled jsonb;
  seen_at timestamptz := after_at;
  seen_event text := after_event;
  missed integer := 0;
begin
  for here in
    select provider, event_id, occurred_at from waiting
    where subject = given and (retry_at is null or retry_at <= now())
      and (occurred_at, event_id) > (after_at, after_event)
    order by occurred_at, event_id limit releases_left() + 1
  loop
    if releases_left() = 0 then
      perform mark_arrived(given, seen_at, seen_event);
      return released;
    end if;
    perform set_config('ledgerhook.released', (releases_made() + 1)::text, true);
    settled := release_delivery(erase, here.provider, here.event_id);
    -- Another transaction holds one of its subjects, perhaps for long: the scheduled run begins with this row.
    if settled is null then
      perform mark_arrived(given, seen_at, seen_event);
      missed := missed + 1;
      if missed = 3 then return released; end if;
    end if;
    released := released || coalesce(settled, '[]');
    seen_at := here.occurred_at;
    seen_event := here.event_id;
  end loop;
  return released;
end $$;

-- Returns how many effects this transaction has released, and (`releases_left`) how many more it may release.
create or replace function releases_made() returns integer language sql stable as $$
  select coalesce(nullif(pg_catalog.current_setting('ledgerhook.released', true), ''), '0')::integer
$$;
create or replace function releases_left() returns integer language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return greatest(0, coalesce(nullif(current_setting('ledgerhook.most_released', true), ''), '25')::integer
    - releases_made());
end $$;

-- Remembers that more waits for a subject than this commit looked at, from the row after this one on.
create or replace function mark_arrived(given text, after_at timestamptz, after_event text) returns void
language plpgsql set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  insert into arrived (subject, last_occurred_at, last_event_id) values (given, after_at, after_event)
  on conflict (subject) do update set
    due_at = least(arrived.due_at, excluded.due_at),
    last_event_id = case when (arrived.last_occurred_at, arrived.last_event_id) < (after_at, after_event)
      then arrived.last_event_id else after_event end,
    last_occurred_at = least(arrived.last_occurred_at, after_at);
end $$;

-- Runs one delivery's effect. Returns an array of what was settled, or null if another transaction holds a lock that it
-- needs. An effect that fails changes nothing, and is tried again with growing delays.
create or replace function release_delivery(erase boolean, of_provider text, of_event text) returns jsonb
language plpgsql set search_path = pg_catalog, ledgerhook, pg_temp set lock_timeout = '50ms' as $$
declare
  event webhook_events;
  verdict jsonb;
begin
  select * into event from webhook_events where provider = of_provider and event_id = of_event;
  if is_final(event.outcome, event.reason) or event.effect is null then return '[]'; end if;
  begin
    verdict := run_verb(event.effect->>'verb', jsonb_build_object('provider', event.provider,
      'event_id', event.event_id, 'type', event.type, 'occurred_at', event.occurred_at, 'via', 'release',
      'erase', erase, 'fallback', 'released'), event.effect->'facts');
  exception when others then
    if sqlstate like '40%' or sqlstate = '55P03' then return null; end if;
    raise warning 'release of % % failed: %', of_provider, of_event, sqlstate;
    update waiting set tries = tries + 1, retry_at = next_try(tries + 1)
    where provider = of_provider and event_id = of_event;
    return '[]';
  end;
  return jsonb_build_array((verdict - 'released') || jsonb_build_object(
    'provider', event.provider, 'event_id', event.event_id, 'type', event.type))
    || coalesce(verdict->'released', '[]');
end $$;

-- A bite of the scheduled run: releases the rest of what waits for subjects that have come. It changes a row of
-- `arrived` only under the lock of its subject. A subject that is locked for longer than a moment is left to the next
-- run, so that it holds nothing up.
-- facts: most (effects), erase. Returns {"released": […], "more": whether another bite would find something}.
create or replace function release_arrived(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp set lock_timeout = '200ms'
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  released jsonb := '[]';
  given text;
  due arrived;
  moved boolean := false;
begin
  select * into f from jsonb_to_record(facts) as f(most integer, erase boolean);
  for given in
    select subject from (select subject from arrived where due_at <= now() order by due_at limit f.most) slice
    order by subject collate "C"
  loop
    -- The Worker aborts a request after 3 seconds, which would roll everything back.
    exit when releases_made() >= f.most or clock_timestamp() > now() + interval '1 second';
    -- Each subject gets its share, however much waits for another one.
    perform set_config('ledgerhook.most_released', least(f.most, releases_made() + 25)::text, true);
    begin
      perform lock_subjects(given);
      -- Another run may have released it already.
      delete from arrived where subject = given and due_at <= now() returning * into due;
      continue when not found;
      moved := true;
      released := released || release_subject(f.erase, given, due.last_occurred_at, due.last_event_id);
      -- What a lock has blocked is left to the next run, a minute later, not to the next bite.
      update arrived set due_at = now() + interval '30 seconds' where subject = given and releases_left() > 0;
    exception when serialization_failure or lock_not_available then
      null;
    end;
  end loop;
  return jsonb_build_object('released', released,
    'more', moved and exists (select from arrived where due_at <= now()));
end $$;

-- What every verb begins and ends with. A verb is a function (delivery, facts) that returns a verdict. It takes the
-- locks of its subjects, looks, acts, and records the delivery, all in the one statement that the Worker sends.

create or replace function verdict(outcome text, reason text, user_id text) returns jsonb language sql stable as $$
  select pg_catalog.jsonb_build_object('outcome', outcome, 'reason', reason, 'user_id', user_id)
$$;

-- The verdict on a delivery that has its effect later: as soon as one of the subjects is provided.
create or replace function waits(outcome text, reason text, user_id text, verb text, facts jsonb, waits_for text[])
returns jsonb language sql stable as $$
  select pg_catalog.jsonb_build_object('outcome', outcome, 'reason', reason, 'user_id', user_id,
    'effect', pg_catalog.jsonb_build_object('verb', verb, 'facts', facts), 'waits_for', pg_catalog.to_jsonb(waits_for))
$$;

-- The same for what its provider has to be asked: the scheduled run does, also where nothing is provided.
create or replace function asks(reason text, user_id text, verb text, facts jsonb, subject text) returns jsonb
language sql stable as $$
  select pg_catalog.jsonb_build_object('outcome', 'parked', 'reason', reason, 'user_id', user_id, 'asks', true,
    'effect', pg_catalog.jsonb_build_object('verb', verb, 'facts', facts),
    'waits_for', pg_catalog.jsonb_build_array(subject))
$$;

-- Whether nothing changes this outcome any more.
create or replace function is_final(outcome text, reason text) returns boolean language sql immutable as $$
  select outcome in ('applied', 'duplicate', 'stale') or (outcome = 'ignored' and reason = 'settled_by_hand')
$$;

-- Whether this event has its final outcome. The caller holds the locks of its subjects.
create or replace function is_settled(delivery jsonb) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return exists (
    select from webhook_events where provider = delivery->>'provider' and event_id = delivery->>'event_id'
      and is_final(outcome, reason));
end $$;

-- An effect as it is stored: of test mode it says so, for its payload may be gone when it runs. Null where there is none.
create or replace function with_mode(effect jsonb, livemode text) returns jsonb language sql immutable as $$
  select nullif(effect, 'null') || case when livemode = 'false' then '{"livemode": false}'::jsonb else '{}' end
$$;

-- Counts one more delivery of an event whose row stays as it is, and returns the verdict on it.
create or replace function count_again(delivery jsonb, user_id text) returns jsonb language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  stored record;
begin
  if delivery ? 'tally' then perform keep_tally(delivery); end if;
  update webhook_events event set attempts = attempts + 1
  where provider = delivery->>'provider' and event_id = delivery->>'event_id'
  returning event.outcome, event.reason, event.user_id into stored;
  return case
    when stored.outcome in ('applied', 'duplicate', 'stale') then
      verdict('duplicate', 'already_processed', coalesce(count_again.user_id, stored.user_id))
    else verdict(stored.outcome, stored.reason, coalesce(count_again.user_id, stored.user_id)) end;
end $$;

-- When a delivery that was tried in vain so often is tried again: after a minute, then two, four, … at most a day.
create or replace function next_try(tries integer) returns timestamptz language sql stable as $$
  select pg_catalog.now() + least(interval '1 minute' * (2 ^ least(tries, 11)), interval '1 day')
$$;

-- Records a delivery with its verdict, and returns the verdict that then holds. A provisional verdict was made without
-- a look at the database: by the event and the settings alone.
-- delivery: provider, event_id (null: nothing was delivered, nothing is recorded), type, occurred_at, livemode (null: it
-- does not say), via, about, erase (whether payloads of deleted users are erased), received_at (null: now), build and
-- settings_hash (what decided it; null: they stay as they are), fallback and secret (both null of most), now and then
-- tally (what its isolate has counted), and the body: as JSON ('payload'), or as text ('body') where jsonb may refuse it.
create or replace function record_delivery(delivery jsonb, facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record; d record;
  received jsonb; is_open boolean; is_again boolean;
begin
  select * into f from jsonb_to_record(facts) as f(outcome text, reason text, user_id text, effect jsonb,
    waits_for text[], asks boolean, provisional boolean, sqlstate text);
  facts := facts - '{effect,waits_for,asks,provisional,sqlstate}'::text[];
  if delivery->>'event_id' is null then return facts; end if;
  select * into d from jsonb_to_record(delivery) as d(provider text, event_id text, type text,
    occurred_at timestamptz, via text, erase boolean, body text, payload jsonb, about text[],
    received_at timestamptz, build text, settings_hash text, fallback text, secret integer);

  -- The user's lock, also where only the row is written: a deletion either sees the row, or is seen here.
  if f.reason = 'unreadable' then
    perform lock_subjects('event:' || d.event_id, 'user:' || f.user_id);
    if is_erased(f.user_id) then
      -- Nobody may read it any more.
      facts := verdict('rejected', 'user_deactivated', f.user_id);
      f.outcome := facts->>'outcome'; f.reason := facts->>'reason';
    end if;
  elsif not is_locked('user:' || f.user_id) then
    perform lock_subjects('user:' || f.user_id);
  end if;
  received := kept_payload(coalesce(d.payload, storable_payload(d.body)), d.erase, f.outcome, f.user_id);
  -- Without its body, or where Postgres refused its content, it is read again only when it is delivered again.
  if f.reason = 'unreadable' and (received is not null or d.via = 'release') then
    f.waits_for := array['event:' || d.event_id]; f.asks := true;
  end if;
  is_open := f.outcome in ('parked', 'rejected') or f.waits_for is not null;
  insert into webhook_events (provider, event_id, type, outcome, reason, user_id, payload, effect, about,
    sqlstate, via, occurred_at, build, settings_hash, received_at, settled_at, fallback, secret)
  values (d.provider, d.event_id, d.type, f.outcome, f.reason, f.user_id, received,
    with_mode(f.effect, delivery->>'livemode'), case when is_open then d.about end, f.sqlstate, d.via, d.occurred_at,
    d.build, d.settings_hash, coalesce(d.received_at, now()), case when f.outcome <> 'parked' then now() end, d.fallback, d.secret)
  on conflict (provider, event_id) do nothing;
  is_again := not found;
  if is_again then
    -- A statement of its own: only the few that are there already pay for it.
    update webhook_events event set outcome = f.outcome, reason = f.reason, via = d.via, sqlstate = f.sqlstate, user_id = coalesce(f.user_id, event.user_id),
      effect = with_mode(f.effect, coalesce(delivery->>'livemode', event.effect->>'livemode')),
      build = coalesce(d.build, event.build), settings_hash = coalesce(d.settings_hash, event.settings_hash),
      about = case when is_open then coalesce(nullif(d.about, '{}'), event.about) end,
      payload = kept_payload(coalesce(received, event.payload), d.erase, f.outcome, coalesce(f.user_id, event.user_id)),
      settled_at = case when f.outcome <> 'parked' then now() end, attempts = event.attempts + 1,
      fallback = coalesce(d.fallback, event.fallback), secret = coalesce(d.secret, event.secret)
    where provider = d.provider and event_id = d.event_id and not is_final(event.outcome, event.reason)
      -- What waits to be applied is given up by a decision on the event itself, never because a setting does not know
      -- it now, or because this version cannot read it.
      and not (f.provisional is true and event.effect is not null and f.outcome in ('ignored', 'parked'));
    if not found then return unchanged(count_again(delivery, f.user_id), facts); end if;
  end if;

  if delivery ? 'tally' then perform keep_tally(delivery); end if;
  if f.outcome = 'rejected' then perform tell_rejected(f.user_id, d.provider, d.event_id, f.reason, d.about); end if;
  if f.waits_for is not null then perform keep_verb(f.effect->>'verb'); end if;
  if f.waits_for is not null or is_again then
    perform wait_for(d.provider, d.event_id, coalesce(d.occurred_at, now()), f.waits_for, f.asks, is_again);
  end if;
  return facts;
end $$;

-- What is returned of a delivery that changes nothing: the final verdict on its event, which stands. What waits stays as
-- it is, and the response says why.
create or replace function unchanged(standing jsonb, given jsonb) returns jsonb language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return case when is_final(standing->>'outcome', standing->>'reason') then standing else given end;
end $$;

-- Keeps the verb that a stored row names: `migrate --prune` drops no function while this lock, or the row, is there.
create or replace function keep_verb(verb text) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  perform from verbs where name = verb for key share;
end $$;

-- Tells of a rejected event of Stripe: it is about money, or about whose it is. Clerk's bring none.
create or replace function tell_rejected(user_id text, provider text, event text, reason text, about text[])
returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if provider <> 'stripe' then return; end if;
  perform tell(user_id, 'payment.rejected', 'rejected:' || event, jsonb_build_object(
    'event', event, 'reason', reason, 'about', to_jsonb(coalesce(about, '{}'))));
end $$;

-- Has the delivery wait for these subjects, in place of those for which it has waited. One that asks its provider has
-- its turn by the first of them; whoever provides another one need not wait for that turn.
create or replace function wait_for(of_provider text, of_event text, occurred timestamptz, subjects text[],
  asks boolean, waited boolean) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  awaited text;
begin
  if waited then
    delete from waiting where provider = of_provider and event_id = of_event
      and (subjects is null or waiting.subject <> all (array_remove(subjects, null)));
  end if;
  if subjects is null then return; end if;
  foreach awaited in array subjects loop
    continue when awaited is null;
    -- Whoever provides the subject must find this row: that is sure only under the subject's lock.
    if not is_locked(awaited) then raise exception 'a delivery waits for a subject that is not locked'; end if;
    insert into waiting (subject, provider, event_id, occurred_at, retry_at)
    values (awaited, of_provider, of_event, occurred, case when asks and awaited = subjects[1] then next_try(0) end)
    on conflict (provider, event_id, subject) do update set
      retry_at = case when asks and awaited = subjects[1] then next_try(waiting.tries) end;
  end loop;
end $$;

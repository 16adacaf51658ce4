-- The beginning and the end of every verb. A verb is a function (delivery, facts) that returns a verdict. It locks its
-- subjects, looks, acts, and records the delivery, all in the one statement that the Worker sends.

create or replace function verdict(outcome text, reason text, user_id text) returns jsonb language sql stable as $$
  select pg_catalog.jsonb_build_object('outcome', outcome, 'reason', reason, 'user_id', user_id)
$$;

-- Returns the verdict on a delivery that has its effect later, as soon as one of the subjects is provided.
create or replace function waits(outcome text, reason text, user_id text, verb text, facts jsonb, waits_for text[])
returns jsonb language sql stable as $$
  select pg_catalog.jsonb_build_object('outcome', outcome, 'reason', reason, 'user_id', user_id,
    'effect', pg_catalog.jsonb_build_object('verb', verb, 'facts', facts), 'waits_for', pg_catalog.to_jsonb(waits_for))
$$;

-- Returns the verdict on a delivery whose provider has to be asked: the scheduled run asks, even if no subject is
-- provided.
create or replace function asks(reason text, user_id text, verb text, facts jsonb, subject text) returns jsonb
language sql stable as $$
  select pg_catalog.jsonb_build_object('outcome', 'parked', 'reason', reason, 'user_id', user_id, 'asks', true,
    'effect', pg_catalog.jsonb_build_object('verb', verb, 'facts', facts),
    'waits_for', pg_catalog.jsonb_build_array(subject))
$$;

-- Whether this outcome is final.
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

-- Returns an effect as it is stored. It says so if it is of test mode, because its payload may be gone when it runs.
-- Null if there is no effect.
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
  returning event.outcome, event.reason, event.user_id, event.via into stored;
  perform tally_arrival(delivery, stored.via);
  return case
    when stored.outcome in ('applied', 'duplicate', 'stale') then
      verdict('duplicate', 'already_processed', coalesce(count_again.user_id, stored.user_id))
    else verdict(stored.outcome, stored.reason, coalesce(count_again.user_id, stored.user_id)) end;
end $$;

-- Counts the delivery of an event that only a comparison had found before. It shows that deliveries arrive, so
-- `roll_up` counts it in addition to the row. stored_via: how the row came.
create or replace function tally_arrival(delivery jsonb, stored_via text) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if stored_via = 'reconcile' and delivery->>'via' = 'webhook' then
    insert into tallies (counts)
    values (jsonb_build_object(concat_ws(' ', delivery->>'provider', 'duplicate', 'already_processed'), 1));
  end if;
end $$;

-- Returns when a delivery is tried again after this many failed tries: after a minute, then two, four, … at most a day.
create or replace function next_try(tries integer) returns timestamptz language sql stable as $$
  select pg_catalog.now() + least(interval '1 minute' * (2 ^ least(tries, 11)), interval '1 day')
$$;

-- Records a delivery with its verdict, and returns the verdict that then holds. A provisional verdict was made from the
-- event and the settings only, without a look at the database.
-- delivery: provider, event_id (null: nothing was delivered, and nothing is recorded), type, occurred_at, livemode
-- (null: unknown), via, about, erase (whether payloads of deleted users are erased), received_at (null: now), build and
-- settings_hash (what decided it; null: the stored ones stay), fallback and secret (null for most deliveries),
-- sometimes tally (what the isolate has counted), and the body: as JSON ('payload'), or as text ('body') if jsonb may
-- refuse it.
create or replace function record_delivery(delivery jsonb, facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record; d record;
  received jsonb; is_open boolean; is_again boolean; stored_via text;
begin
  select * into f from jsonb_to_record(facts) as f(outcome text, reason text, user_id text, effect jsonb,
    waits_for text[], asks boolean, provisional boolean, sqlstate text);
  facts := facts - '{effect,waits_for,asks,provisional,sqlstate}'::text[];
  if delivery->>'event_id' is null then return facts; end if;
  select * into d from jsonb_to_record(delivery) as d(provider text, event_id text, type text,
    occurred_at timestamptz, via text, erase boolean, body text, payload jsonb, about text[],
    received_at timestamptz, build text, settings_hash text, fallback text, secret integer);

  -- The user's lock is taken even if only the row is written: then a deletion either sees the row, or is seen here.
  if f.reason = 'unreadable' then
    perform lock_subjects('event:' || d.event_id, 'user:' || f.user_id);
    if is_erased(f.user_id) then
      -- Nobody may read its payload any more.
      facts := verdict('rejected', 'user_deactivated', f.user_id);
      f.outcome := facts->>'outcome'; f.reason := facts->>'reason';
    end if;
  elsif not is_locked('user:' || f.user_id) then
    perform lock_subjects('user:' || f.user_id);
  end if;
  received := kept_payload(coalesce(d.payload, storable_payload(d.body)), d.erase, f.outcome, f.user_id);
  -- A delivery without a stored body, or whose content Postgres refused, is only read again when it is delivered again.
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
    -- Statements of their own, so that only the few deliveries whose row exists pay for them.
    stored_via := (select via from webhook_events where provider = d.provider and event_id = d.event_id);
    update webhook_events event set outcome = f.outcome, reason = f.reason, via = d.via, sqlstate = f.sqlstate, user_id = coalesce(f.user_id, event.user_id),
      effect = with_mode(f.effect, coalesce(delivery->>'livemode', event.effect->>'livemode')),
      build = coalesce(d.build, event.build), settings_hash = coalesce(d.settings_hash, event.settings_hash),
      about = case when is_open then coalesce(nullif(d.about, '{}'), event.about) end,
      payload = kept_payload(coalesce(received, event.payload), d.erase, f.outcome, coalesce(f.user_id, event.user_id)),
      settled_at = case when f.outcome <> 'parked' then now() end, attempts = event.attempts + 1, fallback = coalesce(d.fallback, event.fallback), secret = coalesce(d.secret, event.secret)
    where provider = d.provider and event_id = d.event_id and not is_final(event.outcome, event.reason)
      -- Only a decision on the event itself ends the waiting of an effect: no setting or version that does not know it.
      and not (f.provisional is true and event.effect is not null and f.outcome in ('ignored', 'parked'));
    if not found then return unchanged(count_again(delivery, f.user_id), facts); end if;
    perform tally_arrival(delivery, stored_via);
  end if;

  if delivery ? 'tally' then perform keep_tally(delivery); end if;
  if f.outcome = 'rejected' then perform tell_rejected(f.user_id, d.provider, d.event_id, f.reason, d.about); end if;
  if f.waits_for is not null then perform keep_verb(f.effect->>'verb'); end if;
  if f.waits_for is not null or is_again then
    perform wait_for(d.provider, d.event_id, coalesce(d.occurred_at, now()), f.waits_for, f.asks, is_again);
  end if;
  return facts;
end $$;

-- Returns the verdict on a delivery that changes no row: the standing verdict if it is final. Otherwise the delivery
-- goes on waiting, and the response gives the new reason.
create or replace function unchanged(standing jsonb, given jsonb) returns jsonb language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return case when is_final(standing->>'outcome', standing->>'reason') then standing else given end;
end $$;

-- Locks the verb that a stored row names: `migrate --prune` drops no function while this lock, or the row, exists.
create or replace function keep_verb(verb text) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  perform from verbs where name = verb for key share;
end $$;

-- Writes the outgoing event about a rejected event of Stripe, which is about money, or about who owns a customer. A
-- rejected event of Clerk writes none.
create or replace function tell_rejected(user_id text, provider text, event text, reason text, about text[])
returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if provider <> 'stripe' then return; end if;
  perform tell(user_id, 'payment.rejected', 'rejected:' || event, jsonb_build_object(
    'event', event, 'reason', reason, 'about', to_jsonb(coalesce(about, '{}'))));
end $$;

-- Makes the delivery wait for these subjects, in place of those it has waited for. If its provider has to be asked, the
-- row of its first subject carries the time of the next try. Providing any of the subjects releases it without that
-- try.
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
    -- The transaction that provides the subject must find this row. Only the subject's lock makes sure of that.
    if not is_locked(awaited) then raise exception 'a delivery waits for a subject that is not locked'; end if;
    insert into waiting (subject, provider, event_id, occurred_at, retry_at)
    values (awaited, of_provider, of_event, occurred, case when asks and awaited = subjects[1] then next_try(0) end)
    on conflict (provider, event_id, subject) do update set
      retry_at = case when asks and awaited = subjects[1] then next_try(waiting.tries) end;
  end loop;
end $$;

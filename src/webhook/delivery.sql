-- What every verb begins and ends with. A verb is a function (delivery, facts) → verdict: it takes the locks of
-- its subjects, looks, acts, and records the delivery, all in the one statement that the Worker sends.
-- Each statement inside sees a fresh snapshot, so what is looked at after a lock is true until commit.
-- Functions that every delivery runs are plpgsql, which keeps the plans of its statements: docs/decisions/0020.

-- Serializes everything about one subject ('user', 'payment', 'customer', 'email') until commit, also while no row
-- of it exists yet. A verb locks its user before all else, so that two verbs about one user never wait crosswise.
create or replace function lock_subject(kind text, id text) returns void language sql as $$
  select pg_advisory_xact_lock(hashtextextended(kind || ':' || id, 0))
$$;
--> statement-breakpoint
-- Two users, either of whom may be null or the other, in the one order in which all verbs take them.
create or replace function lock_users(one text, other text) returns void language plpgsql as $$
declare
  first constant text := least(one, other);
  second constant text := greatest(one, other);
begin
  if first is not null then perform lock_subject('user', first); end if;
  if second <> first then perform lock_subject('user', second); end if;
end $$;
--> statement-breakpoint
create or replace function verdict(outcome text, reason text, user_id text) returns jsonb language sql stable as $$
  select jsonb_build_object('outcome', outcome, 'reason', reason, 'user_id', user_id)
$$;
--> statement-breakpoint
-- Final outcomes stay: a redelivery is counted, and nothing else. Looks before it writes, for most are new.
create or replace function is_settled(delivery jsonb) returns boolean language plpgsql as $$
begin
  if not exists (
    select from webhook_events where provider = delivery->>'provider' and event_id = delivery->>'event_id'
      and outcome in ('applied', 'duplicate', 'stale')
  ) then
    return false;
  end if;
  update webhook_events set attempts = attempts + 1
  where provider = delivery->>'provider' and event_id = delivery->>'event_id';
  return true;
end $$;
--> statement-breakpoint
-- The body: as JSON ('payload'), or as text ('body') where that is not sure to be storable. jsonb refuses \u0000, lone
-- surrogates and boundless numbers, which JSON allows: such a payload is kept as null.
create or replace function storable_payload(body text) returns jsonb language plpgsql immutable as $$
begin
  return body::jsonb;
exception when data_exception or program_limit_exceeded then
  return null;
end $$;
--> statement-breakpoint
-- facts: outcome, reason, user_id, and for a parked delivery the effect it waits to have. Without an event id nothing was
-- delivered (a person came back from Checkout): there is nothing to record.
create or replace function record_delivery(delivery jsonb, facts jsonb) returns jsonb language plpgsql
set plan_cache_mode = force_generic_plan as $$
declare
  subject constant text := facts->>'user_id';
  erase constant boolean := delivery->>'erase';
  received constant jsonb := case
    when delivery ? 'body' then storable_payload(delivery->>'body') else delivery->'payload' end;
begin
  if delivery->>'event_id' is null then return facts - 'effect'; end if;
  -- The user's lock, also where nothing but the row is written: a deletion either sees the row, or is seen here.
  if subject is not null then perform lock_subject('user', subject); end if;
  insert into webhook_events as event
    (provider, event_id, type, outcome, reason, user_id, payload, effect, via, occurred_at, settled_at)
  values (
    delivery->>'provider', delivery->>'event_id', delivery->>'type',
    facts->>'outcome', facts->>'reason', subject,
    case when erase then payload_to_keep(received, facts) else received end,
    nullif(facts->'effect', 'null'), delivery->>'via', (delivery->>'occurred_at')::timestamptz,
    case when facts->>'outcome' <> 'parked' then now() end
  )
  on conflict (provider, event_id) do update set
    outcome = excluded.outcome, reason = excluded.reason, via = excluded.via,
    user_id = coalesce(excluded.user_id, event.user_id),
    payload = case when erase
      then payload_to_keep(coalesce(excluded.payload, event.payload),
        facts || jsonb_build_object('user_id', coalesce(excluded.user_id, event.user_id)))
      else coalesce(excluded.payload, event.payload) end,
    effect = excluded.effect, settled_at = excluded.settled_at, attempts = event.attempts + 1
  where event.outcome not in ('applied', 'duplicate', 'stale')
    -- What waits to be applied is not given up because a setting is wrong while it comes again.
    and not (event.effect is not null
      and coalesce(excluded.reason, '') in ('mode_mismatch', 'instance_mismatch', 'connected_account'));

  -- The same event settled while this one waited for the row.
  if not found and is_settled(delivery) then
    return verdict('duplicate', 'already_processed', subject);
  end if;
  return facts - 'effect';
end $$;

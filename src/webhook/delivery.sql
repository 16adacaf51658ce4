-- What every verb begins and ends with. A verb is a function (delivery, facts) → verdict: it takes the locks of
-- its subjects, looks, acts, and records the delivery, all in the one statement that the Worker sends.
-- Each statement inside sees a fresh snapshot, so what is looked at after a lock is true until commit.

-- Serializes everything about one subject ('user', 'payment', 'customer', 'email') until commit, also while no row
-- of it exists yet. A verb locks its user before all else, so that two verbs about one user never wait crosswise.
create or replace function lock_subject(kind text, id text) returns void language sql as $$
  select pg_advisory_xact_lock(hashtextextended(kind || ':' || id, 0))
$$;
--> statement-breakpoint
create or replace function verdict(outcome text, reason text, user_id text) returns jsonb language sql immutable as $$
  select jsonb_build_object('outcome', outcome, 'reason', reason, 'user_id', user_id)
$$;
--> statement-breakpoint
-- Final outcomes stay: a redelivery is counted, and nothing else.
create or replace function is_settled(delivery jsonb) returns boolean language plpgsql as $$
begin
  update webhook_events set attempts = attempts + 1
  where provider = delivery->>'provider' and event_id = delivery->>'event_id'
    and outcome in ('applied', 'duplicate', 'stale');
  return found;
end $$;
--> statement-breakpoint
-- jsonb refuses \u0000, lone surrogates and boundless numbers, which JSON allows: such a payload is kept as null.
create or replace function storable_payload(body text) returns jsonb language plpgsql immutable as $$
begin
  return body::jsonb;
exception when data_exception or program_limit_exceeded then
  return null;
end $$;
--> statement-breakpoint
-- facts: outcome, reason, user_id, and for a parked delivery the effect it waits to have. Without an event id nothing was
-- delivered (a person came back from Checkout): there is nothing to record.
create or replace function record_delivery(delivery jsonb, facts jsonb) returns jsonb language plpgsql as $$
begin
  if delivery->>'event_id' is null then return facts - 'effect'; end if;
  -- The user's lock, also where nothing but the row is written: a deletion either sees the row, or is seen here.
  if facts->>'user_id' is not null then
    perform lock_subject('user', facts->>'user_id');
  end if;
  insert into webhook_events as event
    (provider, event_id, type, outcome, reason, user_id, payload, effect, via, occurred_at, settled_at)
  values (
    delivery->>'provider', delivery->>'event_id', delivery->>'type',
    facts->>'outcome', facts->>'reason', facts->>'user_id',
    payload_to_keep(storable_payload(delivery->>'body'), facts, (delivery->>'erase')::boolean),
    nullif(facts->'effect', 'null'), delivery->>'via', (delivery->>'occurred_at')::timestamptz,
    case when facts->>'outcome' <> 'parked' then now() end
  )
  on conflict (provider, event_id) do update set
    outcome = excluded.outcome, reason = excluded.reason, via = excluded.via,
    user_id = coalesce(excluded.user_id, event.user_id),
    payload = payload_to_keep(coalesce(excluded.payload, event.payload),
      facts || jsonb_build_object('user_id', coalesce(excluded.user_id, event.user_id)), (delivery->>'erase')::boolean),
    effect = excluded.effect, settled_at = excluded.settled_at, attempts = event.attempts + 1
  where event.outcome not in ('applied', 'duplicate', 'stale')
    -- What waits to be applied is not given up because a setting is wrong while it comes again.
    and not (event.effect is not null
      and coalesce(excluded.reason, '') in ('mode_mismatch', 'instance_mismatch', 'connected_account'));

  -- The same event settled while this one waited for the row.
  if not found and is_settled(delivery) then
    return verdict('duplicate', 'already_processed', facts->>'user_id');
  end if;
  return facts - 'effect';
end $$;

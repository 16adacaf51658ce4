-- Returns a delivery with what it still waits for.
create or replace function shown_delivery(event webhook_events) returns jsonb language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return explained_delivery(event) || jsonb_build_object('sqlstate', event.sqlstate, 'about', event.about,
    'is_final', is_final(event.outcome, event.reason), 'verb', event.effect->'verb',
    'waits_for', still_awaited(event));
end $$;

-- Returns what a delivery still waits for: [{subject, retry_at (the next time its provider is asked, or it is tried)}].
-- Its rows in `waiting` also name subjects that are here already, because a change of one may release the delivery: a
-- user may be deleted. These subjects are left out, unless there are no others.
create or replace function still_awaited(event webhook_events) returns jsonb language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  -- In the order of the primary key, so that the planner prefers no other index while the table is small.
  awaited waiting[] := array(select waits from waiting waits
    where (provider, event_id) >= (event.provider, event.event_id)
      and (provider, event_id) <= (event.provider, event.event_id)
    order by provider, event_id, subject limit 50);
  missing waiting[] := array(select one from unnest(awaited) one where not is_subject_here(one.subject, event));
  next_at timestamptz := (select min(retry_at) from unnest(awaited));
begin
  if missing = '{}' then missing := awaited; end if;
  return (select coalesce(jsonb_agg(jsonb_build_object('subject', missing[n].subject,
      'retry_at', coalesce(missing[n].retry_at, case when n = 1 then next_at end)) order by n), '[]')
    from generate_subscripts(missing, 1) n);
end $$;

-- Whether this subject of a delivery is here: a user with a wallet, a customer with an owner, or the invoice that the
-- delivery itself reports while it waits for the payment of another one.
create or replace function is_subject_here(subject text, event webhook_events) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  kind constant text := split_part(subject, ':', 1);
  id constant text := substr(subject, length(kind) + 2);
begin
  return case kind
    when 'user' then why_refused(id, 0) is distinct from 'unknown_user'
    when 'customer' then customer_owner(id) is not null
    when 'invoice' then event.reason = 'unknown_invoice' and id = event.effect->'facts'->>'stripe_invoice_id'
    else false end;
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

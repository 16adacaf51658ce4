-- Settles a delivery by hand for an operator, as `npm run settle` does.
-- facts: operator, provider, event_id, note (why). Returns what settle_event returns.
create or replace function settle_for_operator(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  settled jsonb;
begin
  select * into f from jsonb_to_record(facts) as f(operator text, provider text, event_id text, note text);
  settled := close_by_hand(f.provider, f.event_id, f.note, f.operator);
  if settled ? 'settled' then
    perform record_action(f.operator, 'settle', f.provider, f.event_id, (select user_id from webhook_events event
      where event.provider = f.provider and event.event_id = f.event_id), null, f.note);
  end if;
  return settled;
end $$;

-- Settles a bite of what is parked or rejected for one reason, the oldest first.
-- facts: operator, outcome, reason, until (received no later: what was counted), most (deliveries), note (why).
-- Returns {"settled": how many, "more": whether any are left}, or {"refused": "missing_note"}.
create or replace function settle_many_for_operator(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  bite webhook_events[];
  event webhook_events;
  settled integer := 0;
begin
  select * into f from jsonb_to_record(facts) as f(operator text, outcome text, reason text, until timestamptz,
    most integer, note text);
  if coalesce(trim(f.note), '') = '' then return '{"refused": "missing_note"}'; end if;
  bite := array(select one from webhook_events one
    where one.outcome = f.outcome and one.outcome in ('parked', 'rejected') and one.reason = f.reason
      and received_at <= f.until order by received_at limit f.most);
  -- All of them at once, in the order of locks.
  perform lock_subjects(variadic array(
    select subject from unnest(bite) one, unnest(settled_invoices(one)) subject));
  perform lock_subjects(variadic array(
    select subject from unnest(bite) one, unnest(settled_subjects(one) || ('user:' || one.user_id)) subject));
  foreach event in array bite loop
    if close_by_hand(event.provider, event.event_id, f.note, f.operator) ? 'settled' then
      settled := settled + 1;
      perform record_action(f.operator, 'settle', event.provider, event.event_id, event.user_id, null, f.note);
    end if;
  end loop;
  return jsonb_build_object('settled', settled, 'more', cardinality(bite) = f.most);
end $$;

-- Settles a difference for an operator, as `npm run settle -- --difference` does.
-- facts: operator, object, kinds, note. Returns what settle_difference returns.
create or replace function settle_difference_for_operator(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  settled jsonb;
begin
  select * into f from jsonb_to_record(facts) as f(operator text, object text, kinds text[], note text);
  settled := close_difference(f.object, f.kinds, f.note, f.operator);
  if settled ? 'settled' then
    perform record_action(f.operator, 'settle_difference', settled->>'provider', f.object, settled->>'user_id', null, f.note);
  end if;
  return settled - 'provider' - 'user_id';
end $$;

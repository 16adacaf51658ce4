-- Closes a parked or rejected delivery that a person has corrected by hand. It closes the fact, not only the row: no
-- resend, no other event and no success page credits, grants or reverses it again. Only the owner of the database may
-- call it.
-- facts: event_id, note (why). Returns {"settled": true, "subjects"}, or {"refused": why}.
create or replace function settle_event(facts jsonb) returns jsonb language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  f record;
  of_provider text;
begin
  select * into f from jsonb_to_record(facts) as f(event_id text, note text);
  select event.provider into of_provider from webhook_events event
  where event.provider in ('clerk', 'stripe') and event.event_id = f.event_id;
  return close_by_hand(of_provider, f.event_id, f.note, session_user);
end $$;

-- Closes a delivery, and the facts that it is about, for a person. What waits for one of them is released by the next
-- scheduled run, which closes it too. Returns what settle_event returns.
create or replace function close_by_hand(of_provider text, of_event text, note text, person text) returns jsonb
language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  event webhook_events;
  subjects text[];
begin
  if coalesce(trim(note), '') = '' then return '{"refused": "missing_note"}'; end if;
  select * into event from webhook_events where provider = of_provider and event_id = of_event;
  if not found then return '{"refused": "not_found"}'; end if;

  perform lock_subjects(variadic settled_invoices(event));
  perform lock_subjects(variadic settled_subjects(event) || ('user:' || event.user_id));
  subjects := settled_subjects(event);
  select * into event from webhook_events where provider = of_provider and event_id = of_event for update;
  if event.reason = 'settled_by_hand' then return '{"refused": "already_final"}'; end if;
  if event.outcome not in ('parked', 'rejected') and not (event.outcome = 'ignored' and event.effect is not null) then
    return '{"refused": "is_applied"}';
  end if;

  insert into settled_facts (subject, provider, event_id, note, settled_by)
  select subject, of_provider, of_event, close_by_hand.note, person from unnest(subjects) subject
  on conflict do nothing;
  update webhook_events set outcome = 'ignored', reason = 'settled_by_hand', settled_at = now()
  where provider = of_provider and event_id = of_event;
  delete from waiting where provider = of_provider and event_id = of_event;
  perform mark_arrived(subject, '-infinity', '') from unnest(subjects) closed(subject)
  where exists (select from waiting where waiting.subject = closed.subject);
  return jsonb_build_object('settled', true, 'subjects', subjects);
end $$;

-- Returns the invoices that this delivery names, as subjects. Whoever holds their locks knows all that has paid them.
create or replace function settled_invoices(event webhook_events) returns text[] language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return array(select 'invoice:' || id from unnest(event.about) id where id like 'in\_%');
end $$;

-- Returns the subjects that a person closes with this delivery. A refund, a dispute and a charge's refunds are named by
-- their own id. A payment is named by each of its ids; if it is credited, only the delivery is closed. An invoice is
-- also named by what is known to have paid it. A subscription's session or invoice that credits nothing closes nothing
-- else.
create or replace function settled_subjects(event webhook_events) returns text[] language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  object constant text := event.about[1];
  verb constant text := coalesce(event.effect->>'verb', 'none');
begin
  if verb = 'reverse_payment' or object ~ '^(re|pyr|dp|du|ch|py)_' then
    return array['reversal:' || coalesce(event.effect->'facts'->>'id', object)];
  elsif verb in ('settle_payment', 'settle_session', 'credit_invoice', 'grant_plan') or object ~ '^(pi|in)_'
    or (verb = 'none' and object like 'cs\_%' and not exists (select from unnest(event.about) id where id like 'sub\_%')) then
    return array(
      select 'payment:' || id from unnest(event.about || array(
        select paid_by from invoice_payments where stripe_invoice_id = any (event.about))) id
      where id ~ '^(pi|cs|in|ch|py)_' and (payment_of(id, id)).stripe_payment_id is null
        and not exists (select from payments where stripe_checkout_session_id = id));
  end if;
  return '{}';
end $$;

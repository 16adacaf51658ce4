-- Returns what an id names: a user, a payment (by its own id, its charge's, its session's, its invoice's, or that of a
-- refund or a dispute of it), or an event. Nulls for what it does not name.
create or replace function subject_of(given text) returns table (user_id text, payment text, event_id text)
language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  known payments := payment_of(given, given);
begin
  if known.user_id is null then
    select * into known from payments where stripe_checkout_session_id = given;
  end if;
  if known.user_id is null then
    select * into known from payments where stripe_payment_id = (select stripe_payment_id from reversals where id = given);
  end if;
  user_id := coalesce((select wallets.user_id from wallets where wallets.user_id = given), known.user_id,
    -- A user who is not here yet, but for whom something waits.
    (select event.user_id from webhook_events event where event.user_id = given limit 1));
  payment := known.stripe_payment_id;
  select event.event_id, coalesce(subject_of.user_id, event.user_id) into event_id, user_id
  from (select) here left join webhook_events event
    on event.provider in ('clerk', 'stripe') and event.event_id = given;
  if user_id is null and event_id is null then
    -- An invoice that brought no money has no payment. Its entries are found through the event that reported it.
    select entry.user_id, entry.event_id into user_id, event_id from credit_ledger entry
    where entry.idempotency_key = any (keys_of_invoice(given)) and entry.stripe_payment_id is null limit 1;
  end if;
  return next;
end $$;

-- Returns the keys that the ledger entries of an invoice's lines can have.
create or replace function keys_of_invoice(invoice text) returns text[] language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return array(
    select unnest(array[concat_ws(':', 'plan_change', invoice, stripe_line_id),
      concat_ws(':', 'plan_grant', invoice, stripe_line_id), period_key(stripe_subscription_id, starts_at)])
    from plan_lines where stripe_invoice_id = invoice);
end $$;

-- Returns what an operator sees of a delivery: never its payload.
create or replace function explained_delivery(event webhook_events) returns jsonb language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if event.event_id is null then return null; end if;
  return jsonb_build_object('provider', event.provider, 'event', event.event_id, 'type', event.type,
    'outcome', event.outcome, 'reason', event.reason, 'via', event.via, 'attempts', event.attempts,
    'user_id', event.user_id, 'occurred_at', event.occurred_at, 'received_at', event.received_at,
    'settled_at', event.settled_at, 'build', event.build, 'settings_hash', event.settings_hash);
end $$;

-- Returns the newest deliveries that are parked or rejected for this user, or that are not applied and are about this
-- payment, invoice, session, refund or dispute, including those that were given up and would still be released. At most
-- this many.
create or replace function waiting_for(given text, is_user boolean, most integer) returns setof webhook_events
language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if is_user then
    return query select * from webhook_events where user_id = given and outcome in ('parked', 'rejected')
      order by received_at desc limit most;
  else
    return query select * from webhook_events where about @> array[given]
      order by received_at desc limit most;
  end if;
end $$;

-- Returns the ledger entries of an event, else of a payment, else of a user: older than an entry, the newest first, at
-- most this many.
create or replace function entries_of(of_user text, of_payment text, of_event text, before_id bigint, most integer)
returns setof credit_ledger language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if of_event is not null then
    return query select * from credit_ledger where user_id = of_user and event_id = of_event and id < before_id
      order by id desc limit most;
  elsif of_payment is not null then
    return query select * from (
        select * from credit_ledger where stripe_payment_id = of_payment and kind = 'purchase'
        union all
        select * from credit_ledger where stripe_payment_id = of_payment and kind <> 'purchase'
      ) entry where id < before_id order by id desc limit most;
  else
    return query select * from credit_ledger where user_id = of_user and id < before_id order by id desc limit most;
  end if;
end $$;

-- Returns the entries with this reference of your backend, which are spends and their give-backs: older than an entry,
-- the newest first, at most this many.
create or replace function entries_for(given text, before_id bigint, most integer) returns setof credit_ledger
language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return query select * from credit_ledger where reference = given and id < before_id order by id desc limit most;
end $$;

-- Returns an entry with the delivery that caused it; a spend also with what came back of it, and a give-back with its
-- spend.
create or replace function explained_entry(entry credit_ledger) returns jsonb language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return jsonb_build_object(
    'id', entry.id, 'user_id', entry.user_id, 'kind', entry.kind, 'amount', entry.amount,
    'balance_after', entry.balance_after, 'payment', entry.stripe_payment_id, 'note', entry.note,
    'key', entry.idempotency_key, 'reference', entry.reference, 'caller', entry.caller, 'campaign', entry.campaign,
    'created_at', entry.created_at,
    'given_back', case entry.kind when 'spend' then returned_of(entry.id) end,
    'reverses', (select jsonb_build_object('id', id, 'key', idempotency_key, 'amount', amount)
      from credit_ledger where id = entry.reverses),
    'delivery', (select explained_delivery(event) from webhook_events event
      where event.provider in ('clerk', 'stripe') and event.event_id = entry.event_id));
end $$;

-- Returns the chain behind a balance: the entries of the user, or only those of the payment, event or reference, oldest
-- first, each with the delivery that caused it; and what is parked or rejected, with what it waits for. Of a long
-- history it returns one page, beginning with the newest.
-- facts: id, before_id (of an entry: returns the page before it), page_size. Returns {"refused": "not_found"} if
-- nothing is known of the id.
create or replace function explain(facts jsonb) returns jsonb language plpgsql stable security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  subject record;
  about text;
  owner text;
  page credit_ledger[];
  waiting jsonb;
begin
  select * into f from jsonb_to_record(facts) as f(id text, before_id bigint, page_size integer);
  select * into subject from subject_of(f.id);
  owner := subject.user_id;
  about := case when subject.event_id is not null then 'event' when owner = f.id then 'user'
    when owner is not null then 'payment' end;
  if about is null then
    select 'reference', user_id into about, owner from entries_for(f.id, 9223372036854775807, 1);
    page := array(select entry from entries_for(f.id, coalesce(f.before_id, 9223372036854775807), f.page_size) entry);
  else
    page := array(select entry from entries_of(owner, subject.payment, subject.event_id,
      coalesce(f.before_id, 9223372036854775807), f.page_size) entry);
  end if;

  select coalesce(jsonb_agg(shown_delivery(event) order by event.received_at), '[]') into waiting
  from waiting_for(f.id, about is not distinct from 'user', f.page_size) event
  where event.event_id is distinct from subject.event_id;

  if about is null and waiting = '[]' then return '{"refused": "not_found"}'; end if;
  return jsonb_build_object(
    'about', coalesce(about, 'payment'), 'id', f.id, 'user_id', owner, 'payment', subject.payment,
    'event', (select shown_delivery(event) from webhook_events event
      where event.provider in ('clerk', 'stripe') and event.event_id = subject.event_id),
    'entries', (select coalesce(jsonb_agg(explained_entry(entry) order by entry.id), '[]') from unnest(page) entry),
    'next', case when cardinality(page) = f.page_size then (page[f.page_size]).id end,
    'sum', case about when 'reference' then sum_for(f.id)
      else sum_of(owner, subject.payment, subject.event_id) end,
    'balance', (select balance from wallets where wallets.user_id = owner), 'waiting', waiting);
end $$;

-- Returns the sum of all entries with this reference of your backend. Null if there are more than 100,000.
create or replace function sum_for(given text) returns bigint language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return (select case when count(*) <= 100000 then coalesce(sum(amount), 0) end
    from entries_for(given, 9223372036854775807, 100001));
end $$;

-- Returns the sum of all entries of an event, else of a payment, else of a user, which is the balance. Null if an event
-- or a payment has more than 100,000.
create or replace function sum_of(of_user text, of_payment text, of_event text) returns bigint language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if of_event is null and of_payment is null then
    return coalesce((select balance from wallets where user_id = of_user), 0);
  end if;
  return (select case when count(*) <= 100000 then coalesce(sum(amount), 0) end
    from entries_of(of_user, of_payment, of_event, 9223372036854775807, 100001));
end $$;

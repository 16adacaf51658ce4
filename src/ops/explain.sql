-- What an id is about: a user, a payment (by its own id, its charge's, its session's, its invoice's, or that of a
-- refund or a dispute of it), or an event. Nulls for what it is not.
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
    -- Not here yet, but something waits for this user.
    (select event.user_id from webhook_events event where event.user_id = given limit 1));
  payment := known.stripe_payment_id;
  select event.event_id, coalesce(subject_of.user_id, event.user_id) into event_id, user_id
  from (select) here left join webhook_events event
    on event.provider in ('clerk', 'stripe') and event.event_id = given;
  return next;
end $$;

-- What an operator sees of a delivery: never its payload.
create or replace function explained_delivery(event webhook_events) returns jsonb language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if event.event_id is null then return null; end if;
  return jsonb_build_object('provider', event.provider, 'event', event.event_id, 'type', event.type,
    'outcome', event.outcome, 'reason', event.reason, 'via', event.via, 'attempts', event.attempts,
    'user_id', event.user_id, 'occurred_at', event.occurred_at, 'received_at', event.received_at,
    'settled_at', event.settled_at);
end $$;

-- The newest deliveries that are parked or rejected for this user, or that are about this payment, invoice, session,
-- refund or dispute; also what was given up as not ours, and would still be released. At most this many.
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

-- The ledger entries of an event, else of a payment, else of a user: newest first, older than an entry. At most this
-- many.
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

-- The chain behind a balance: the entries of the user, or of the payment or event alone, oldest first, each with the
-- delivery that caused it; and what is parked or rejected. Of a long history one page, the newest first.
-- facts: id, before_id (an entry's: the page before), page_size. Returns {"refused": "not_found"} where nothing is
-- known of the id.
create or replace function explain(facts jsonb) returns jsonb language plpgsql stable security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  subject record;
  entries jsonb;
  oldest bigint;
  number integer;
  waiting jsonb;
begin
  select * into f from jsonb_to_record(facts) as f(id text, before_id bigint, page_size integer);
  select * into subject from subject_of(f.id);
  select coalesce(jsonb_agg(jsonb_build_object(
    'id', entry.id, 'user_id', entry.user_id, 'kind', entry.kind, 'amount', entry.amount,
    'balance_after', entry.balance_after, 'payment', entry.stripe_payment_id, 'note', entry.note,
    'key', entry.idempotency_key, 'created_at', entry.created_at, 'delivery', (
      select explained_delivery(event) from webhook_events event
      where event.provider in ('clerk', 'stripe') and event.event_id = entry.event_id)
  ) order by entry.id), '[]'), min(entry.id), count(*) into entries, oldest, number
  from entries_of(subject.user_id, subject.payment, subject.event_id, coalesce(f.before_id, 9223372036854775807),
    f.page_size) entry;

  select coalesce(jsonb_agg(explained_delivery(event) order by event.received_at), '[]') into waiting
  from waiting_for(f.id, coalesce(subject.user_id = f.id, false), f.page_size) event
  where event.event_id is distinct from subject.event_id;

  if subject.user_id is null and subject.event_id is null and waiting = '[]' then
    return '{"refused": "not_found"}';
  end if;
  return jsonb_build_object(
    'about', case when subject.event_id is not null then 'event' when subject.user_id = f.id then 'user' else 'payment' end,
    'id', f.id, 'user_id', subject.user_id, 'payment', subject.payment,
    'event', (select explained_delivery(event) from webhook_events event
      where event.provider in ('clerk', 'stripe') and event.event_id = subject.event_id),
    'entries', entries, 'next', case when number = f.page_size then oldest end,
    'sum', sum_of(subject.user_id, subject.payment, subject.event_id),
    'balance', (select balance from wallets where wallets.user_id = subject.user_id), 'waiting', waiting);
end $$;

-- The sum of all entries of an event, else of a payment, else of a user: the balance, which is that sum.
create or replace function sum_of(of_user text, of_payment text, of_event text) returns bigint language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if of_event is null and of_payment is null then
    return coalesce((select balance from wallets where user_id = of_user), 0);
  end if;
  return (select coalesce(sum(amount), 0)
    from entries_of(of_user, of_payment, of_event, 9223372036854775807, 10000));
end $$;

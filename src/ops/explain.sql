-- What an id is about: a user, a payment (by its own id, its charge's, its session's, its invoice's, or that of a refund or
-- a dispute of it), or an event. Nulls for what it is not.
create or replace function subject_of(given text) returns table (user_id text, payment text, event_id text)
language plpgsql stable as $$
declare
  known payments := payment_of(given, given);
begin
  if known.user_id is null then
    select * into known from payments where checkout_session_id = given or invoice_id = given
      or invoice_id = (select stripe_payment_id from reversals where id = given)
      or stripe_payment_id = (select stripe_payment_id from reversals where id = given);
  end if;
  user_id := coalesce((select wallets.user_id from wallets where wallets.user_id = given), known.user_id);
  payment := coalesce(known.invoice_id, known.stripe_payment_id);
  select event.event_id, coalesce(subject_of.user_id, event.user_id) into event_id, user_id
  from (select) here left join webhook_events event
    on event.provider in ('clerk', 'stripe') and event.event_id = given;
  return next;
end $$;
--> statement-breakpoint
-- What a person is told of a delivery: never its payload.
create or replace function explained_delivery(event webhook_events) returns jsonb language sql stable as $$
  select jsonb_build_object('provider', event.provider, 'event', event.event_id, 'type', event.type,
    'outcome', event.outcome, 'reason', event.reason, 'via', event.via, 'attempts', event.attempts,
    'user_id', event.user_id, 'occurred_at', event.occurred_at, 'received_at', event.received_at,
    'settled_at', event.settled_at)
  where event.event_id is not null
$$;
--> statement-breakpoint
-- What is parked or rejected for this user, or tells of this payment, invoice, session, refund or dispute; also what was
-- given up as not ours, and would still be released.
create or replace function waiting_for(given text, is_user boolean) returns setof webhook_events language sql stable as $$
  select distinct on (received_at, event.provider, event_id) event.* from (
    select * from webhook_events where is_user and user_id = given and outcome in ('parked', 'rejected')
    union all
    select * from webhook_events where is_user is not true and outcome in ('parked', 'rejected') and given in (
      effect->'facts'->>'payment_intent_id', effect->'facts'->>'charge_id', effect->'facts'->>'stripe_payment_id',
      effect->'facts'->>'id', effect->'facts'->>'checkout_session_id', effect->'facts'->>'stripe_invoice_id',
      payload#>>'{data,object,payment_intent}', payload#>>'{data,object,id}')
    union all
    select * from webhook_events where effect->'facts'->>'payment_intent_id' = given and reason = 'not_ours'
    union all
    select * from webhook_events where effect->'facts'->>'charge_id' = given and reason = 'not_ours'
  ) event order by received_at desc, event.provider, event_id limit 500
$$;
--> statement-breakpoint
-- Answers the chain behind a balance: the entries of the user, or of the payment or event alone, oldest first, each with
-- the delivery that caused it; what is parked or rejected; and sums. Of a long history it has the newest 500 of each.
-- facts: id. Answers {"refused": "not_found"} where nothing is known of it.
create or replace function explain(facts jsonb) returns jsonb language plpgsql stable as $$
declare
  given constant text := facts->>'id';
  subject record;
  entries jsonb;
  total bigint;
  waiting jsonb;
begin
  select * into subject from subject_of(given);
  with chosen as (
    select * from credit_ledger
    where subject.event_id is not null and user_id = subject.user_id and event_id = subject.event_id
    union all
    select * from credit_ledger
    where subject.event_id is null and stripe_payment_id = subject.payment and kind = 'purchase'
    union all
    select * from credit_ledger
    where subject.event_id is null and stripe_payment_id = subject.payment and kind <> 'purchase'
    union all
    select * from credit_ledger
    where subject.event_id is null and subject.payment is null and user_id = subject.user_id
  ), newest as (select * from chosen order by id desc limit 500)
  select (select coalesce(sum(amount), 0) from chosen), coalesce(jsonb_agg(jsonb_build_object(
    'id', entry.id, 'user_id', entry.user_id, 'kind', entry.kind, 'amount', entry.amount,
    'balance_after', entry.balance_after, 'payment', entry.stripe_payment_id, 'note', entry.note,
    'key', entry.idempotency_key, 'created_at', entry.created_at, 'delivery', (
      select explained_delivery(event) from webhook_events event
      where event.provider in ('clerk', 'stripe') and event.event_id = entry.event_id)
  ) order by entry.id), '[]') into total, entries from newest entry;

  select coalesce(jsonb_agg(explained_delivery(event) order by event.received_at), '[]') into waiting
  from waiting_for(given, subject.user_id = given) event
  where event.event_id is distinct from subject.event_id;

  if subject.user_id is null and subject.event_id is null and waiting = '[]' then
    return '{"refused": "not_found"}';
  end if;
  return jsonb_build_object(
    'about', case when subject.event_id is not null then 'event' when subject.user_id = given then 'user' else 'payment' end,
    'id', given, 'user_id', subject.user_id, 'payment', subject.payment,
    'event', (select explained_delivery(event) from webhook_events event
      where event.provider in ('clerk', 'stripe') and event.event_id = subject.event_id),
    'entries', entries, 'sum', total,
    'balance', (select balance from wallets where wallets.user_id = subject.user_id), 'waiting', waiting);
end $$;

-- src/credits/explain.sql
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

--> statement-breakpoint
-- src/credits/grant_plan.sql
-- Names an invoice's payment by the PaymentIntent that paid it, as soon as that is known; of several, by the first in
-- order of their ids, so that the order of events does not show. The caller holds the invoice's lock.
create or replace function name_invoice_payment(invoice text) returns void language plpgsql as $$
declare
  paid_by constant text := (select min(stripe_payment_id) from invoice_payments where invoice_id = invoice);
begin
  update payments set stripe_payment_id = paid_by
  where invoice_id = invoice and stripe_payment_id <> paid_by
    and not exists (select from payments where stripe_payment_id = paid_by);
end $$;
--> statement-breakpoint
-- The ids that refunds and disputes of this invoice name, locked: what comes for them meanwhile waits until the
-- invoice's payment is known. The caller holds the invoice's lock.
create or replace function lock_invoice_payments(invoice text, payment text, charge text) returns text[]
language plpgsql as $$
declare
  ids constant text[] := array(
    select id from (
      select unnest(array[payment, charge]) union select stripe_payment_id from invoice_payments where invoice_id = invoice
    ) ids(id) where id is not null order by id);
  subject text;
begin
  foreach subject in array ids loop perform lock_subject('payment', subject); end loop;
  return ids;
end $$;
--> statement-breakpoint
-- Grants a plan's credits, once per subscription and period, for an invoice that was paid. The ledger names the invoice
-- as the payment: what paid it may be several payments, and may be told later (invoice_payments, payments).
-- facts: stripe_invoice_id, stripe_subscription_id, stripe_customer_id, user_id (named by metadata), amount (minor
-- units), currency, stripe_payment_id and charge_id (or null), grants: [{period_start (Unix seconds), credits}], null
-- where the event does not have all of the invoice's lines.
create or replace function grant_plan(delivery jsonb, facts jsonb) returns jsonb language plpgsql
set plan_cache_mode = force_generic_plan as $$
declare
  invoice record;
  owner constant text := lock_owner(facts->>'stripe_customer_id', facts->>'user_id');
  objection text := owner_objection(owner);
  effect constant jsonb := jsonb_build_object('effect', jsonb_build_object('verb', 'grant_plan', 'facts', facts));
  part record;
  granted bigint := 0;
  paid_by text[];
  recorded jsonb;
begin
  select * into invoice from jsonb_to_record(facts) as invoice(
    stripe_invoice_id text, stripe_subscription_id text, stripe_customer_id text, amount bigint, currency text,
    stripe_payment_id text, charge_id text, grants jsonb);
  perform lock_subject('invoice', invoice.stripe_invoice_id);
  paid_by := lock_invoice_payments(invoice.stripe_invoice_id, invoice.stripe_payment_id, invoice.charge_id);
  if is_settled(delivery) then
    return verdict('duplicate', 'already_processed', owner);
  elsif exists (select from payments where invoice_id = invoice.stripe_invoice_id) then
    return record_delivery(delivery, verdict('duplicate', 'period_already_granted', owner));
  end if;
  if objection is null and jsonb_typeof(invoice.grants) is distinct from 'array' then objection := 'incomplete_invoice'; end if;
  if objection is not null then
    return record_delivery(delivery, verdict('parked', objection, owner) || effect);
  elsif user_objection(owner) is not null then
    return refuse_customer(delivery, owner, invoice.stripe_customer_id, 'user_deactivated', null);
  end if;

  for part in select * from jsonb_to_recordset(invoice.grants) as part(period_start bigint, credits bigint) loop
    insert into credit_ledger (user_id, kind, amount, idempotency_key, stripe_payment_id, event_id)
    values (owner, 'plan_grant', part.credits,
      format('plan_grant:%s:%s', invoice.stripe_subscription_id, part.period_start), invoice.stripe_invoice_id,
      delivery->>'event_id')
    on conflict (idempotency_key) do nothing;
    if found then granted := granted + part.credits; end if;
  end loop;
  if granted = 0 then
    return record_delivery(delivery, verdict('duplicate', 'period_already_granted', owner));
  end if;

  insert into payments (stripe_payment_id, user_id, credits, amount, currency, charge_id, invoice_id)
  values (invoice.stripe_invoice_id, owner, granted, invoice.amount, invoice.currency, invoice.charge_id,
    invoice.stripe_invoice_id);
  insert into invoice_payments (invoice_id, stripe_payment_id)
  select invoice.stripe_invoice_id, invoice.stripe_payment_id where invoice.stripe_payment_id is not null
  on conflict do nothing;
  perform name_invoice_payment(invoice.stripe_invoice_id);
  recorded := record_delivery(delivery, verdict('applied', null, owner));
  if remember_customer(owner, invoice.stripe_customer_id) then
    recorded := recorded || release_customer(invoice.stripe_customer_id, delivery);
  end if;
  return with_released(recorded, release_payment(paid_by, delivery));
end $$;
--> statement-breakpoint
-- facts: stripe_invoice_id, stripe_payment_id.
create or replace function link_invoice_payment(delivery jsonb, facts jsonb) returns jsonb language plpgsql
set plan_cache_mode = force_generic_plan as $$
declare
  invoice constant text := facts->>'stripe_invoice_id';
  first constant text := (select user_id from payments where invoice_id = invoice);
  owner text;
  added boolean;
  recorded jsonb;
begin
  -- What is released takes its user's lock: so it is taken first, and who came meanwhile has the whole begin again.
  if first is not null then perform lock_subject('user', first); end if;
  perform lock_subject('invoice', invoice);
  perform lock_subject('payment', facts->>'stripe_payment_id');
  select user_id into owner from payments where invoice_id = invoice;
  if owner is distinct from first then
    raise exception 'the invoice was granted meanwhile' using errcode = 'serialization_failure';
  end if;
  if is_settled(delivery) then
    return verdict('duplicate', 'already_processed', owner);
  end if;
  insert into invoice_payments (invoice_id, stripe_payment_id) values (invoice, facts->>'stripe_payment_id')
  on conflict do nothing;
  added := found;
  perform name_invoice_payment(invoice);
  recorded := record_delivery(delivery, case when added
    then verdict('applied', null, owner) else verdict('duplicate', 'already_processed', owner) end);
  if owner is null then return recorded; end if;
  return with_released(recorded, release_payment(array[facts->>'stripe_payment_id'], delivery));
end $$;

--> statement-breakpoint
-- src/credits/guards.sql
-- The database keeps these promises against every writer, the owner included. The triggers are ENABLE ALWAYS, so
-- that session_replication_role cannot pass them by, and name their tables in full, so that a temporary table of
-- the same name cannot stand in.
create or replace function refuse_ledger_change() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  raise exception 'credit_ledger is append-only: % is refused, a correction is another entry', tg_op
    using errcode = 'restrict_violation';
end $$;
--> statement-breakpoint
-- Each entry carries the balance that it leaves, computed under the wallet's lock; its id is drawn there too, so that
-- ids follow the order of the entries. An entry of the same statement that came before is seen. As their owner, so
-- that a role that may insert an entry needs no right to the wallets or the sequence.
create or replace function carry_balance() returns trigger language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
begin
  perform from public.wallets where user_id = new.user_id for no key update;
  if not found then
    raise exception 'there is no wallet of user %', new.user_id using errcode = 'foreign_key_violation';
  end if;
  new.id := nextval('public.credit_ledger_id_seq');
  new.balance_after := new.amount + coalesce((
    select balance_after from public.credit_ledger where user_id = new.user_id order by id desc limit 1), 0);
  return new;
end $$;
--> statement-breakpoint
create or replace function move_balance() returns trigger language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
begin
  update public.wallets set balance = (
    select balance_after from public.credit_ledger where user_id = new.user_id order by id desc limit 1
  ), updated_at = now() where user_id = new.user_id;
  return null;
end $$;
--> statement-breakpoint
create or replace function guard_wallet() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if tg_op in ('DELETE', 'TRUNCATE') then
    raise exception 'a wallet is never removed: closed, it is the tombstone of its user'
      using errcode = 'restrict_violation';
  elsif tg_op = 'INSERT' and new.balance <> 0 then
    raise exception 'a wallet opens empty: its balance comes from ledger entries' using errcode = 'restrict_violation';
  elsif tg_op = 'UPDATE' and new.user_id <> old.user_id then
    raise exception 'a wallet never changes its user' using errcode = 'restrict_violation';
  elsif tg_op = 'UPDATE' and old.closed_at is not null and new.closed_at is null then
    raise exception 'a closed wallet is never reopened' using errcode = 'restrict_violation';
  -- Whoever writes it, and from wherever: the only balance that is accepted is the one that the ledger carries.
  elsif tg_op = 'UPDATE' and new.balance <> old.balance and new.balance is distinct from (
    select balance_after from public.credit_ledger where user_id = new.user_id order by id desc limit 1
  ) then
    raise exception 'the balance is the sum of the ledger: write a ledger entry' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
--> statement-breakpoint
create or replace trigger credit_ledger_append_only before update or delete or truncate on credit_ledger
  for each statement execute function refuse_ledger_change();
--> statement-breakpoint
create or replace trigger credit_ledger_carries_balance before insert on credit_ledger
  for each row execute function carry_balance();
--> statement-breakpoint
create or replace trigger credit_ledger_moves_balance after insert on credit_ledger
  for each row execute function move_balance();
--> statement-breakpoint
create or replace trigger wallets_guard before insert or update or delete on wallets
  for each row execute function guard_wallet();
--> statement-breakpoint
create or replace trigger wallets_no_truncate before truncate on wallets
  for each statement execute function guard_wallet();
--> statement-breakpoint
alter table credit_ledger enable always trigger credit_ledger_append_only;
--> statement-breakpoint
alter table credit_ledger enable always trigger credit_ledger_carries_balance;
--> statement-breakpoint
alter table credit_ledger enable always trigger credit_ledger_moves_balance;
--> statement-breakpoint
alter table wallets enable always trigger wallets_guard;
--> statement-breakpoint
alter table wallets enable always trigger wallets_no_truncate;

--> statement-breakpoint
-- src/credits/reverse_payment.sql
-- The payment that these ids name. It may be an invoice's: docs/decisions/0013.
create or replace function payment_of(payment_intent text, charge text) returns payments language plpgsql stable as $$
declare
  payment payments;
begin
  select * into payment from payments where stripe_payment_id in (payment_intent, charge) limit 1;
  if not found then
    select payments.* into payment from payments join invoice_payments link using (invoice_id)
    where link.stripe_payment_id in (payment_intent, charge) limit 1;
  end if;
  if not found then
    select * into payment from payments where charge_id = charge limit 1;
  end if;
  return payment;
end $$;
--> statement-breakpoint
-- Tells which of two things that are known of one refund or dispute holds, whatever the order in which they came: a failed or
-- cancelled refund stays so; what a dispute gave back outranks what it took, and lost may become won.
create or replace function reversal_rank(state text) returns integer language sql immutable as $$
  select array_position(array['pending', 'requires_action', 'succeeded', 'canceled', 'failed',
    'withdrawn', 'lost', 'reinstated', 'won', 'refunded'], state)
$$;
--> statement-breakpoint
-- Keeps what is told of a refund, a dispute or a charge. An amount that two events tell differently is the larger one.
create or replace function keep_reversal(told reversals) returns void language plpgsql as $$
begin
  insert into reversals as known values (told.*)
  on conflict (id) do update set
    amount = greatest(known.amount, excluded.amount),
    state = case when reversal_rank(excluded.state) > reversal_rank(known.state) then excluded.state else known.state end,
    payment_intent_id = coalesce(known.payment_intent_id, excluded.payment_intent_id),
    charge_id = coalesce(known.charge_id, excluded.charge_id),
    updated_at = now();
end $$;
--> statement-breakpoint
-- The one rule: how many of a payment's credits are to be gone, for the money that is gone. Money refunded is the larger of
-- the refunds that are known and of the highest total that its charge has told, less what failed; an invoice may have
-- several payments, each with a charge of its own. Money withdrawn by disputes comes on top, never beyond the amount.
create or replace function credits_to_be_gone(payment payments) returns bigint language plpgsql stable as $$
declare
  subject constant text := coalesce(payment.invoice_id, payment.stripe_payment_id);
  gone numeric;
begin
  select coalesce(sum(greatest(refunds, told - failed) + withdrawn), 0) into gone from (
    select
      coalesce(sum(amount) filter (where kind = 'refund' and state not in ('failed', 'canceled')), 0) as refunds,
      coalesce(max(amount) filter (where kind = 'charge'), 0) as told,
      coalesce(sum(amount) filter (where kind = 'refund' and state in ('failed', 'canceled')), 0) as failed,
      coalesce(sum(amount) filter (where kind = 'dispute' and state in ('withdrawn', 'lost')), 0) as withdrawn
    from reversals known where stripe_payment_id = subject
    group by case when payment.invoice_id is not null then coalesce(payment_intent_id,
      (select min(other.payment_intent_id) from reversals other
        where other.stripe_payment_id = subject and other.charge_id = known.charge_id), charge_id) end
  ) money;
  gone := greatest(0, least(gone, payment.amount));
  return case when payment.amount = 0 then 0 else div(payment.credits * gone, payment.amount) end;
end $$;
--> statement-breakpoint
-- Locks the users that may be concerned, in one order, then the ids of the payment; whoever settles it takes them too.
-- An owner who came while waiting for them would be locked against the order, and a deadlock in the midst of a release
-- leaves something parked: the whole begins again instead (SQLSTATE 40001 is tried again at once).
create or replace function lock_payment(facts jsonb, named text) returns payments language plpgsql as $$
declare
  payment_intent constant text := facts->>'payment_intent_id';
  charge constant text := facts->>'charge_id';
  first constant payments := payment_of(payment_intent, charge);
  payment payments;
begin
  perform lock_users(first.user_id, named);
  if payment_intent is not null then perform lock_subject('payment', payment_intent); end if;
  if charge is not null then perform lock_subject('payment', charge); end if;
  payment := payment_of(payment_intent, charge);
  if payment.user_id is distinct from first.user_id and payment.user_id is not null then
    raise exception 'the payment was settled meanwhile' using errcode = 'serialization_failure';
  end if;
  return payment;
end $$;
--> statement-breakpoint
-- Money of a payment came back, or went away again: its credits follow to what they should be, by one entry of the
-- difference. A closed wallet's too, and below zero where they were spent.
-- facts: kind ('refund', 'dispute', 'charge'), id, payment_intent_id, charge_id, amount (minor units; of a charge, the total
-- of its refunds), currency, state (as in reversals; null moves nothing), user_id and customer_id (named by the event).
create or replace function reverse_payment(delivery jsonb, facts jsonb) returns jsonb language plpgsql
set plan_cache_mode = force_generic_plan as $$
declare
  named constant text := coalesce(
    case when facts->>'customer_id' is not null then customer_owner(facts->>'customer_id') end, facts->>'user_id');
  payment constant payments := lock_payment(facts, named);
  subject constant text := coalesce(payment.invoice_id, payment.stripe_payment_id);
  owner constant text := coalesce(payment.user_id, named);
  charge constant text := facts->>'charge_id';
  nothing constant jsonb := verdict('ignored', 'no_effect', owner);
  difference bigint;
  recorded jsonb;
begin
  if is_settled(delivery) then
    return verdict('duplicate', 'already_processed', owner);
  elsif facts->>'state' is null then
    return record_delivery(delivery, nothing);
  elsif payment.user_id is null then
    return record_delivery(delivery, verdict('parked', 'unknown_payment', owner)
      || jsonb_build_object('effect', jsonb_build_object('verb', 'reverse_payment', 'facts', facts)));
  elsif payment.currency <> facts->>'currency' then
    return record_delivery(delivery, verdict('rejected', 'currency_mismatch', owner));
  end if;

  perform keep_reversal(jsonb_populate_record(null::reversals, facts
    || jsonb_build_object('stripe_payment_id', subject, 'created_at', now(), 'updated_at', now())));
  difference := -credits_to_be_gone(payment) - coalesce((
    select sum(amount) from credit_ledger where stripe_payment_id = subject
      and kind in ('refund', 'refund_reversal', 'dispute', 'dispute_reversal')), 0);
  if difference <> 0 then
    insert into credit_ledger (user_id, kind, amount, idempotency_key, stripe_payment_id, event_id)
    values (payment.user_id, case facts->>'kind' when 'dispute' then 'dispute' else 'refund' end
        || case when difference > 0 then '_reversal' else '' end,
      difference, format('reversal:%s:%s', subject, delivery->>'event_id'), subject, delivery->>'event_id');
  end if;
  recorded := record_delivery(delivery,
    case when difference <> 0 then verdict('applied', null, owner) else nothing end);

  -- A charge that was not known may be what something else waits for.
  if charge is null or payment.charge_id is not null then return recorded; end if;
  update payments set charge_id = charge where stripe_payment_id = payment.stripe_payment_id;
  return with_released(recorded, release_payment(array[charge], delivery));
end $$;

--> statement-breakpoint
-- src/credits/settle_payment.sql
-- Credits a payment once: the payment is the fact, whatever the number of events that tell of it.
-- facts: user_id, credits, stripe_payment_id, amount (minor units), currency, checkout_session_id, stripe_customer_id.
create or replace function settle_payment(delivery jsonb, facts jsonb) returns jsonb language plpgsql
set plan_cache_mode = force_generic_plan as $$
declare
  buyer constant text := facts->>'user_id';
  payment constant text := facts->>'stripe_payment_id';
  session constant text := facts->>'checkout_session_id';
  customer constant text := facts->>'stripe_customer_id';
  bought constant bigint := facts->>'credits';
  here record;
  objection text;
  recorded jsonb;
begin
  perform lock_subject('user', buyer);
  perform lock_subject('payment', payment);
  if is_settled(delivery) then
    return verdict('duplicate', 'already_processed', buyer);
  end if;

  select
    -- The payment and the session may be of two that are credited: then another user's counts.
    (select user_id from payments where stripe_payment_id = payment or checkout_session_id = session
      order by user_id = buyer limit 1) as credited_to,
    -- Whose customer is linked and remembered need not claim it: nobody unlinks it without the user's lock.
    customer is null or exists (
      select from users join stripe_customers known on known.id = users.stripe_customer_id
      where users.id = buyer and known.id = customer and known.user_id = buyer and known.deleted_at is null) as holds_customer,
    -- Whatever comes for this payment later waits for the payment's lock, and finds it settled.
    exists (select from webhook_events where effect->'facts'->>'payment_intent_id' = payment) as is_awaited
  into here;
  if here.credited_to = buyer then
    return record_delivery(delivery, verdict('duplicate', 'payment_already_credited', buyer));
  elsif here.credited_to is not null then
    return record_delivery(delivery, verdict('rejected', 'payment_mismatch', buyer));
  end if;

  objection := user_objection(buyer);
  if objection is null and not here.holds_customer and not claim_customer(buyer, customer) then
    objection := 'customer_mismatch';
  end if;
  if objection is not null then
    return refuse_customer(delivery, buyer, customer, objection,
      jsonb_build_object('verb', 'settle_payment', 'facts', facts));
  end if;

  insert into payments (stripe_payment_id, user_id, credits, amount, currency, checkout_session_id)
  values (payment, buyer, bought, (facts->>'amount')::bigint, facts->>'currency', session);
  insert into credit_ledger (user_id, kind, amount, idempotency_key, stripe_payment_id, event_id)
  values (buyer, 'purchase', bought, 'purchase:' || payment, payment, delivery->>'event_id');
  recorded := record_delivery(delivery, verdict('applied', null, buyer));
  if not here.holds_customer then recorded := recorded || release_customer(customer, delivery); end if;
  if here.is_awaited then recorded := with_released(recorded, release_payment(array[payment], delivery)); end if;
  return recorded;
end $$;

--> statement-breakpoint
-- src/subscriptions/sync_subscription.sql
-- What of a subscription matters for the order of events: two tellings that agree in this need no order.
create or replace function subscription_content(told subscriptions) returns jsonb language plpgsql immutable as $$
begin
  return jsonb_build_object(
    'status', told.status, 'price', told.stripe_price_id, 'period_end', extract(epoch from told.current_period_end),
    'cancel_at_period_end', told.cancel_at_period_end, 'cancel_at', extract(epoch from told.cancel_at),
    'canceled_at', extract(epoch from told.canceled_at), 'ended_at', extract(epoch from told.ended_at));
end $$;
--> statement-breakpoint
-- Whether what is told is 'newer' than what is stored, 'older', the 'same', or 'unclear' from the events alone.
-- Stripe counts in whole seconds, and delivers in any order: docs/decisions/0012.
create or replace function subscription_order(stored subscriptions, told subscriptions) returns text
language plpgsql immutable as $$
declare
  ended constant text[] := array['canceled', 'incomplete_expired'];
begin
  return case
    when stored.id is null then 'newer'
    when stored.status = any (ended) and told.status <> all (ended) then 'older'
    when stored.status <> all (ended) and told.status = any (ended) then 'newer'
    when told.last_event_at > stored.last_event_at then 'newer'
    when told.last_event_at < stored.last_event_at then 'older'
    when told.last_source = 'read' then 'newer'
    else order_within_second(stored, told)
  end;
end $$;
--> statement-breakpoint
create or replace function order_within_second(stored subscriptions, told subscriptions) returns text
language plpgsql immutable as $$
declare
  before constant jsonb := subscription_content(stored);
  after constant jsonb := subscription_content(told);
  follows constant boolean := coalesce(told.previous = before, false);
  precedes constant boolean := coalesce(stored.previous = after, false);
begin
  return case
    when before = after then 'same'
    when told.last_source = 'created' and stored.last_source <> 'created' then 'older'
    when told.last_source <> 'created' and stored.last_source = 'created' then 'newer'
    when told.previous is null or stored.previous is null then 'unclear'
    when follows and not precedes then 'newer'
    when precedes and not follows then 'older'
    else 'unclear'
  end;
end $$;
--> statement-breakpoint
-- Stores what is told. Once a tie of two changes has been decided, nothing tells what came before both: `previous` is
-- given up, and the next tie of that second is unclear.
create or replace function store_subscription(stored subscriptions, told subscriptions) returns void language plpgsql as $$
begin
  if stored.last_event_at >= told.last_event_at then
    if stored.last_source <> 'created' then told.previous := null; end if;
    told.last_event_at := stored.last_event_at;
  end if;
  -- One that lives on after Stripe was told to cancel it is cancelled again.
  if stored.cancel_requested_at >= told.last_event_at then told.cancel_requested_at := stored.cancel_requested_at; end if;
  told.updated_at := now();
  if stored.id is null then
    insert into subscriptions values (told.*);
  else
    update subscriptions set (user_id, stripe_customer_id, stripe_price_id, plan_key, status, current_period_end,
      cancel_at_period_end, cancel_at, canceled_at, ended_at, last_event_at, last_source, previous, cancel_requested_at,
      created_at, updated_at) = (told.user_id, told.stripe_customer_id, told.stripe_price_id, told.plan_key, told.status,
      told.current_period_end, told.cancel_at_period_end, told.cancel_at, told.canceled_at, told.ended_at,
      told.last_event_at, told.last_source, told.previous, told.cancel_requested_at, told.created_at, told.updated_at)
    where id = told.id;
  end if;
end $$;
--> statement-breakpoint
-- The state of a subscription follows, for deleted users too: what still runs for one must be seen and cancelled.
-- facts: stripe_subscription_id, stripe_customer_id, user_id (named by metadata), source ('created', 'updated',
-- 'read'), state and previous (columns of subscriptions).
create or replace function sync_subscription(delivery jsonb, facts jsonb) returns jsonb language plpgsql
set plan_cache_mode = force_generic_plan as $$
declare
  owner constant text := lock_owner(facts->>'stripe_customer_id', facts->>'user_id');
  objection constant text := owner_objection(owner);
  effect constant jsonb := jsonb_build_object('effect', jsonb_build_object('verb', 'sync_subscription', 'facts', facts));
  told subscriptions := jsonb_populate_record(null::subscriptions, facts->'state');
  stored subscriptions;
  standing text;
  recorded jsonb;
begin
  if is_settled(delivery) then
    return verdict('duplicate', 'already_processed', owner);
  elsif objection is not null then
    return record_delivery(delivery, verdict('parked', objection, owner) || effect);
  end if;

  told.id := facts->>'stripe_subscription_id';
  told.user_id := owner;
  told.stripe_customer_id := facts->>'stripe_customer_id';
  told.last_event_at := delivery->>'occurred_at';
  told.last_source := facts->>'source';
  if jsonb_typeof(facts->'previous') = 'object' then
    told.previous := subscription_content(jsonb_populate_record(null::subscriptions, facts->'previous'));
  end if;
  select * into stored from subscriptions where id = told.id for update;

  standing := subscription_order(stored, told);
  if standing = 'newer' then
    perform store_subscription(stored, told);
  elsif stored.last_event_at = told.last_event_at and told.last_source <> 'created' then
    update subscriptions set previous = null where id = told.id;
  end if;
  recorded := record_delivery(delivery, case standing
    when 'newer' then verdict('applied', null, owner)
    when 'same' then verdict('duplicate', 'already_processed', owner)
    when 'older' then verdict('stale', 'older_than_stored', owner)
    else verdict('parked', 'ambiguous_order', owner) || effect end);
  if remember_customer(owner, told.stripe_customer_id) then
    return recorded || release_customer(told.stripe_customer_id, delivery);
  end if;
  return recorded;
end $$;

--> statement-breakpoint
-- src/users/close_user.sql
-- Closing the wallet is the tombstone: it stands whether or not the user was ever seen, and nothing reopens it.
-- facts: user_id.
create or replace function close_user(delivery jsonb, facts jsonb) returns jsonb language plpgsql
set plan_cache_mode = force_generic_plan as $$
declare
  closing constant text := facts->>'user_id';
  already boolean;
  recorded jsonb;
begin
  perform lock_subject('user', closing);
  if is_settled(delivery) then
    return verdict('duplicate', 'already_processed', closing);
  end if;

  select closed_at is not null into already from wallets where user_id = closing;
  insert into wallets (user_id, closed_at) values (closing, now())
  on conflict (user_id) do update set closed_at = coalesce(wallets.closed_at, now()), updated_at = now();

  if (delivery->>'erase')::boolean then
    perform remember_customer(closing, stripe_customer_id) from users where id = closing;
    delete from users where id = closing;
    update webhook_events set payload = erase_personal_data(payload) where user_id = closing and payload is not null;
  else
    update users set deactivated_at = coalesce(deactivated_at, now()), updated_at = now() where id = closing;
  end if;

  update webhook_events
  set outcome = 'rejected', reason = 'user_deactivated', settled_at = now()
  where user_id = closing and provider = 'clerk' and outcome = 'parked' and reason = 'unreadable';

  recorded := record_delivery(delivery, case when already
    then verdict('duplicate', 'already_processed', closing) else verdict('applied', null, closing) end);
  -- What waited for this user takes its end: payments are rejected, while the state of subscriptions still follows.
  return recorded || jsonb_build_object('released', release_waiting(closing, (delivery->>'erase')::boolean));
end $$;

--> statement-breakpoint
-- src/users/erase.sql
-- Ids and amounts only: numbers and booleans stay, and under the names listed here strings that look like an id or a
-- term of the provider's. Free-form objects (any …metadata) keep nothing but our own keys, since anything may be
-- written there.
create or replace function reduce_to_ids(value jsonb) returns jsonb language plpgsql immutable as $$
declare
  id_like constant text := '^[A-Za-z0-9_.:-]{1,255}$';
  kept constant text[] := array[
    'id', 'object', 'type', 'instance_id', 'api_version', 'account', 'customer', 'customer_account',
    'payment_intent', 'charge', 'invoice', 'subscription', 'setup_intent', 'balance_transaction',
    'failure_balance_transaction', 'client_reference_id', 'user_id', 'credits', 'currency', 'status',
    'payment_status', 'mode', 'reason', 'billing_reason', 'price', 'plan', 'product', 'lookup_key',
    'subscription_item', 'primary_email_address_id'
  ];
begin
  return case jsonb_typeof(value)
    when 'object' then (
      select coalesce(jsonb_object_agg(key, case
        when key like '%metadata' then (
          select coalesce(jsonb_object_agg(ours.key, ours.value), '{}') from jsonb_each(
            case jsonb_typeof(member) when 'object' then member else '{}' end
          ) ours where ours.key in ('user_id', 'credits') and ours.value #>> '{}' ~ id_like
        )
        when jsonb_typeof(member) = 'string' and key = any (kept) and member #>> '{}' ~ id_like then member
        else reduce_to_ids(member)
      end), '{}') from jsonb_each(value) members(key, member)
    )
    when 'array' then (
      select coalesce(jsonb_agg(reduce_to_ids(element)), '[]') from jsonb_array_elements(value) elements(element)
    )
    when 'string' then 'null'
    else value
  end;
end $$;
--> statement-breakpoint
-- Nothing is kept of a payload too deep to be searched for personal data.
create or replace function erase_personal_data(payload jsonb) returns jsonb language plpgsql immutable as $$
begin
  return reduce_to_ids(payload);
exception when program_limit_exceeded then
  return null;
end $$;
--> statement-breakpoint
-- Where erasing is asked for, a delivery is stored without personal data when its user is deleted already, or when it
-- names no user, by whom it could be found later; unless it is parked, and still has to be read.
create or replace function payload_to_keep(payload jsonb, facts jsonb) returns jsonb language plpgsql as $$
declare
  subject constant text := facts->>'user_id';
begin
  if (subject is null and facts->>'outcome' <> 'parked')
    or exists (select from wallets where user_id = subject and closed_at is not null)
  then
    return erase_personal_data(payload);
  end if;
  return payload;
end $$;

--> statement-breakpoint
-- src/users/link_customer.sql
-- Whose a customer is: the user who holds it, else whoever is remembered for it, after the customer or the user is gone.
create or replace function customer_owner(customer text) returns text language plpgsql stable as $$
begin
  return coalesce(
    (select id from users where stripe_customer_id = customer),
    (select user_id from stripe_customers where id = customer));
end $$;
--> statement-breakpoint
-- The user something of this customer is for: the customer's owner, else the user it names. Locks both users, then the
-- customer. An owner who came while waiting for the customer is locked after it: against the order, so that such a
-- crossing could end as a deadlock, which is tried again.
create or replace function lock_owner(customer text, named text) returns text language plpgsql as $$
declare
  found_first constant text := customer_owner(customer);
  owner text;
begin
  perform lock_users(found_first, named);
  perform lock_subject('customer', customer);
  owner := customer_owner(customer);
  if owner is distinct from found_first and owner is not null then perform lock_subject('user', owner); end if;
  return coalesce(owner, named);
end $$;
--> statement-breakpoint
-- Why this user cannot take anything from Stripe now: null when nothing speaks against it. The caller holds the lock.
create or replace function user_objection(subject text) returns text language plpgsql as $$
declare
  here record;
begin
  select wallets.closed_at, users.id as user_id into here
  from wallets left join users on users.id = wallets.user_id
  where wallets.user_id = subject for no key update of wallets;
  if here.closed_at is not null then return 'user_deactivated'; end if;
  if here.user_id is null then return 'unknown_user'; end if;
  return null;
end $$;
--> statement-breakpoint
-- Why nothing can be stored for this owner yet: null for every user who was ever seen, deleted ones too.
create or replace function owner_objection(owner text) returns text language plpgsql as $$
begin
  return case
    when owner is null then 'unknown_customer'
    when user_objection(owner) = 'unknown_user' then 'unknown_user'
  end;
end $$;
--> statement-breakpoint
-- Remembers whose a customer is, beyond the user's row and the customer's own life. False where it was known already.
-- The caller holds the customer's lock.
create or replace function remember_customer(owner text, customer text) returns boolean language plpgsql as $$
begin
  if customer is null or exists (select from stripe_customers where id = customer and user_id is not null) then
    return false;
  end if;
  insert into stripe_customers (id, user_id) values (customer, owner)
  on conflict (id) do update set user_id = excluded.user_id where stripe_customers.user_id is null;
  return found;
end $$;
--> statement-breakpoint
-- Links a Stripe customer to a user that has none. False where the user has another customer, or another user has
-- this one. A customer that is gone is remembered, never linked. The caller holds the user's lock.
create or replace function claim_customer(claimant text, customer text) returns boolean language plpgsql as $$
declare
  linked text;
begin
  if customer is null then return true; end if;
  perform lock_subject('customer', customer);
  if customer_owner(customer) <> claimant then return false; end if;
  if not exists (select from stripe_customers where id = customer and deleted_at is not null) then
    select stripe_customer_id into linked from users where id = claimant for no key update;
    if linked <> customer then return false; end if;
    if linked is null then
      update users set stripe_customer_id = customer, updated_at = now() where id = claimant;
    end if;
  end if;
  perform remember_customer(claimant, customer);
  return true;
end $$;
--> statement-breakpoint
-- Records that a customer could not be linked to a user, for that objection. What a deleted user's customer still has
-- must be found all the same: the customer is remembered. What may be possible later keeps its effect.
create or replace function refuse_customer(delivery jsonb, subject text, customer text, objection text, effect jsonb)
returns jsonb language plpgsql as $$
declare
  recorded jsonb;
begin
  if objection = 'user_deactivated' and customer is not null then perform lock_subject('customer', customer); end if;
  recorded := record_delivery(delivery, verdict(
    case objection when 'unknown_user' then 'parked' else 'rejected' end, objection, subject)
    || case when objection <> 'user_deactivated' then jsonb_build_object('effect', effect) else '{}' end);
  if objection = 'user_deactivated' and coalesce(customer_owner(customer), subject) = subject
    and remember_customer(subject, customer) then
    return recorded || release_customer(customer, delivery);
  end if;
  return recorded;
end $$;
--> statement-breakpoint
-- facts: user_id, stripe_customer_id.
create or replace function link_customer(delivery jsonb, facts jsonb) returns jsonb language plpgsql
set plan_cache_mode = force_generic_plan as $$
declare
  claimant constant text := facts->>'user_id';
  customer constant text := facts->>'stripe_customer_id';
  objection text;
  recorded jsonb;
begin
  perform lock_subject('user', claimant);
  if is_settled(delivery) then
    return verdict('duplicate', 'already_processed', claimant);
  end if;
  objection := user_objection(claimant);
  if objection is null and not claim_customer(claimant, customer) then objection := 'customer_mismatch'; end if;
  if objection is not null then
    return refuse_customer(delivery, claimant, customer, objection,
      jsonb_build_object('verb', 'link_customer', 'facts', facts));
  end if;
  recorded := record_delivery(delivery, verdict('applied', null, claimant));
  return recorded || release_customer(customer, delivery);
end $$;

--> statement-breakpoint
-- src/users/sync_user.sql
-- The e-mail this user may hold. Active addresses are unique: between verified claims the newer Clerk truth holds
-- the address, whatever order the deliveries come in; an unverified claim displaces nobody. The other user's is
-- null until its own newer event comes.
create or replace function claim_email(claimant text, claimed text, verified boolean, claimed_at timestamptz)
returns text language plpgsql as $$
declare
  holder users;
begin
  if claimed is null then return null; end if;
  perform lock_subject('email', lower(claimed));
  select * into holder from users
  where lower(email) = lower(claimed) and id <> claimant and deactivated_at is null for no key update;
  if not found then return claimed; end if;

  if verified and (not holder.email_verified
    or (coalesce(holder.clerk_updated_at, '-infinity'), holder.id) < (claimed_at, claimant)) then
    update users set email = null, email_verified = false, updated_at = now() where id = holder.id;
    return claimed;
  end if;
  return null;
end $$;
--> statement-breakpoint
-- facts: user_id, email, email_verified, email_required, name, updated_at (Clerk's), signup_bonus (credits).
create or replace function sync_user(delivery jsonb, facts jsonb) returns jsonb language plpgsql
set plan_cache_mode = force_generic_plan as $$
declare
  claimant constant text := facts->>'user_id';
  claimed_at constant timestamptz := facts->>'updated_at';
  address text := facts->>'email';
  verified boolean := facts->>'email_verified';
  bonus constant bigint := facts->>'signup_bonus';
  objection text;
  known users;
  opened boolean := false;
  recorded jsonb;
begin
  perform lock_subject('user', claimant);
  if is_settled(delivery) then
    return verdict('duplicate', 'already_processed', claimant);
  end if;
  objection := user_objection(claimant);
  if objection = 'user_deactivated' then
    return record_delivery(delivery, verdict('stale', 'user_deleted', claimant));
  end if;
  select * into known from users where id = claimant;
  if known.clerk_updated_at > claimed_at then
    return record_delivery(delivery, verdict('stale', 'older_than_stored', claimant));
  elsif address is null and (facts->>'email_required')::boolean then
    return record_delivery(delivery, verdict('rejected', 'missing_email', claimant));
  end if;

  -- Who holds the address already need not claim it.
  if (address, verified) is distinct from (known.email, known.email_verified) then
    address := claim_email(claimant, address, verified, claimed_at);
    verified := address is not null and verified;
  end if;
  if objection = 'unknown_user' then
    insert into wallets (user_id) values (claimant) on conflict do nothing;
    opened := found;
  end if;
  insert into users (id, email, email_verified, name, clerk_updated_at)
  values (claimant, address, verified, facts->>'name', claimed_at)
  on conflict (id) do update set
    email = excluded.email, email_verified = excluded.email_verified, name = excluded.name,
    clerk_updated_at = excluded.clerk_updated_at, updated_at = now();
  if opened and bonus > 0 then
    insert into credit_ledger (user_id, kind, amount, idempotency_key, event_id)
    values (claimant, 'signup_bonus', bonus, 'signup_bonus:' || claimant, delivery->>'event_id');
  end if;

  recorded := record_delivery(delivery, verdict('applied', null, claimant));
  if objection is null then return recorded; end if;
  return recorded || jsonb_build_object('released', release_waiting(claimant, (delivery->>'erase')::boolean));
end $$;

--> statement-breakpoint
-- src/users/unlink_customer.sql
-- The customer is gone: it is unlinked, and nothing links it again. What was refused because its user held this
-- customer, or because this customer was not the user's, may be possible now.
-- facts: stripe_customer_id.
create or replace function unlink_customer(delivery jsonb, facts jsonb) returns jsonb language plpgsql
set plan_cache_mode = force_generic_plan as $$
declare
  customer constant text := facts->>'stripe_customer_id';
  owner constant text := lock_owner(customer, null);
  recorded jsonb;
begin
  if is_settled(delivery) then
    return verdict('duplicate', 'already_processed', owner);
  elsif exists (select from stripe_customers where id = customer and deleted_at is not null) then
    return record_delivery(delivery, verdict('duplicate', 'already_processed', owner));
  end if;

  insert into stripe_customers (id, user_id, deleted_at) values (customer, owner, now())
  on conflict (id) do update set deleted_at = now(), user_id = coalesce(stripe_customers.user_id, excluded.user_id);
  update users set stripe_customer_id = null, updated_at = now() where stripe_customer_id = customer;
  recorded := record_delivery(delivery, verdict('applied', null, owner));
  return recorded || release_refused(owner, customer, delivery);
end $$;
--> statement-breakpoint
-- Records what has no effect under the user whose customer it is about, so that it can be found and erased.
-- facts: outcome, reason, user_id (named by metadata), stripe_customer_id.
create or replace function record_for_customer(delivery jsonb, facts jsonb) returns jsonb language plpgsql
set plan_cache_mode = force_generic_plan as $$
begin
  return record_delivery(delivery, verdict(facts->>'outcome', facts->>'reason',
    coalesce(customer_owner(facts->>'stripe_customer_id'), facts->>'user_id')));
end $$;

--> statement-breakpoint
-- src/webhook/delivery.sql
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

--> statement-breakpoint
-- src/webhook/release_waiting.sql
-- Has one waiting delivery take its effect, and answers what became of it, and of those that it released in turn. One
-- that fails stays as it is, without holding up the others, and the scheduled run tries it again: null, as for one that
-- another release of the same commit has settled.
create or replace function release_delivery(waiting webhook_events, erase boolean) returns jsonb language plpgsql as $$
declare
  verdict jsonb;
begin
  if exists (
    select from webhook_events e where e.provider = waiting.provider and e.event_id = waiting.event_id
      and e.outcome in ('applied', 'duplicate', 'stale')
  ) then
    return null;
  end if;
  execute format('select %I($1, $2)', waiting.effect->>'verb') into verdict
  using jsonb_build_object(
    'provider', waiting.provider, 'event_id', waiting.event_id, 'type', waiting.type,
    'occurred_at', waiting.occurred_at, 'via', 'release', 'erase', erase
  ), waiting.effect->'facts';
  return jsonb_build_array((verdict - 'released') || jsonb_build_object(
    'provider', waiting.provider, 'event_id', waiting.event_id, 'type', waiting.type))
    || coalesce(verdict->'released', '[]');
exception when others then
  raise warning 'release of % % failed: %', waiting.provider, waiting.event_id, sqlstate;
  return null;
end $$;
--> statement-breakpoint
-- Has them take their effect in the order in which they happened. Answers the deliveries that it settled, and those
-- that they in turn released.
create or replace function release_each(deliveries webhook_events[], erase boolean) returns jsonb language plpgsql as $$
declare
  waiting webhook_events;
  settled jsonb := '[]';
begin
  if cardinality(deliveries) = 0 then return settled; end if;
  for waiting in select * from unnest(deliveries) order by occurred_at, event_id loop
    settled := settled || coalesce(release_delivery(waiting, erase), '[]');
  end loop;
  return settled;
end $$;
--> statement-breakpoint
-- What a verb answers when it has released more deliveries.
create or replace function with_released(recorded jsonb, released jsonb) returns jsonb language sql stable as $$
  select recorded || jsonb_build_object('released', coalesce(recorded->'released', '[]') || released)
$$;
--> statement-breakpoint
-- Has every delivery that waits for this user take its effect, in the commit that brings the user. Answers the
-- deliveries that it settled.
create or replace function release_waiting(released_user text, erase boolean) returns jsonb language plpgsql as $$
begin
  return release_each(array(
    select event from webhook_events event
    where user_id = released_user and outcome = 'parked' and effect is not null and reason <> 'unknown_payment'
    order by occurred_at, event_id limit 100
  ), erase);
end $$;
--> statement-breakpoint
-- Has every delivery that waits to know whose this Stripe customer is take its effect, in the commit that says so, also
-- those that were given up as not ours. The caller has recorded its own delivery before.
create or replace function release_customer(customer text, delivery jsonb) returns jsonb language plpgsql as $$
begin
  return jsonb_build_object('released', release_each(array(
    select event from webhook_events event
    where effect->'facts'->>'stripe_customer_id' = customer
      and (outcome = 'parked' or (outcome = 'ignored' and reason = 'not_ours'))
    order by occurred_at, event_id limit 100
  ), (delivery->>'erase')::boolean));
end $$;
--> statement-breakpoint
-- Likewise what waits for a payment that any of these ids names: of a PaymentIntent or a charge.
create or replace function release_payment(ids text[], delivery jsonb) returns jsonb language plpgsql as $$
begin
  return release_each(array(
    select event from webhook_events event
    where (effect->'facts'->>'payment_intent_id' = any (ids) or effect->'facts'->>'charge_id' = any (ids))
      and reason in ('unknown_payment', 'not_ours')
    order by occurred_at, event_id limit 100
  ), (delivery->>'erase')::boolean);
end $$;
--> statement-breakpoint
-- Tries again what was refused because this user held a customer, or because of this customer, which is gone now.
create or replace function release_refused(subject text, customer text, delivery jsonb) returns jsonb language plpgsql as $$
begin
  return jsonb_build_object('released', release_each(array(
    select event from webhook_events event
    where (user_id = subject or effect->'facts'->>'stripe_customer_id' = customer)
      and outcome = 'rejected' and reason = 'customer_mismatch' and effect is not null
    order by occurred_at, event_id limit 100
  ), (delivery->>'erase')::boolean));
end $$;

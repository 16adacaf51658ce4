-- Follows money of a payment that came back, or went away again: one entry moves its credits to what they should be,
-- even in a closed wallet, and below zero if they were spent.
-- facts: kind ('refund', 'dispute', 'charge'), id, stripe_payment_intent_id, stripe_charge_id, amount (minor units; for
-- a charge, the total of its refunds), currency, state (as in reversals; null moves nothing), held and transactions (of
-- a dispute: minor units that it holds now, and how often its money has moved), withdrawn and returned (of a dispute,
-- in minor units of the settlement currency, settled_in: its largest withdrawal, and what of it was reinstated),
-- user_id and stripe_customer_id (named by the event: they give the row its user while the payment is not known). Read
-- from Stripe if the event does not say enough: charge ({amount, currency, settled}), refunds (all of the charge: [{id,
-- amount, state}]; empty if they could not be read).
create or replace function reverse_payment(delivery jsonb, facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  payment payments;
  owner text;
  difference bigint;
  balance_after numeric;
  is_doubtful boolean;
  recorded jsonb;
begin
  select * into f from jsonb_to_record(facts) as f(kind text, id text, stripe_payment_intent_id text,
    stripe_charge_id text, amount bigint, currency text, state text, held bigint, transactions integer, withdrawn bigint,
    returned bigint, settled_in text, user_id text, stripe_customer_id text, charge jsonb, refunds jsonb);
  perform lock_subjects('payment:' || f.stripe_charge_id, 'payment:' || f.stripe_payment_intent_id,
    'reversal:' || f.id);
  payment := payment_of(f.stripe_payment_intent_id, f.stripe_charge_id);
  owner := coalesce(payment.user_id, owner_of(f.stripe_customer_id, f.user_id));
  perform lock_subjects('user:' || owner);
  if is_settled(delivery) then
    return count_again(delivery, owner);
  elsif f.state is null then
    return record_delivery(delivery, verdict('ignored', 'no_effect', owner));
  elsif is_settled_by_hand('reversal:' || f.id, 'payment:' || f.stripe_payment_intent_id,
    'payment:' || f.stripe_charge_id, 'payment:' || coalesce(payment.stripe_payment_id,
      invoice_paid_by(f.stripe_payment_intent_id), invoice_paid_by(f.stripe_charge_id))) then
    return record_delivery(delivery, verdict('ignored', 'settled_by_hand', owner));
  elsif payment.user_id is null then
    return record_delivery(delivery, waits('parked', 'unknown_payment', owner, 'reverse_payment', facts,
      array['payment:' || f.stripe_payment_intent_id, 'payment:' || f.stripe_charge_id]));
  elsif payment.currency <> f.currency and f.kind <> 'dispute' then
    return record_delivery(delivery, verdict('rejected', 'currency_mismatch', owner));
  elsif payment.currency <> f.currency and needs_rate(facts) then
    return record_delivery(delivery, asks('currency_mismatch', owner, 'reverse_payment', facts, 'reversal:' || f.id));
  end if;

  perform keep_reported(payment, facts);
  -- Only a failed refund raises a doubt.
  is_doubtful := f.kind <> 'dispute' and has_failed_refunds(payment.stripe_payment_id);
  if is_doubtful and f.refunds is null and has_doubtful_refunds(payment.stripe_payment_id) then
    return record_delivery(delivery, asks('incomplete_refunds', owner, 'reverse_payment', facts, 'reversal:' || f.id));
  end if;
  difference := -credits_to_be_gone(payment) - credits_taken(payment.stripe_payment_id);
  if difference <> 0 then
    balance_after := difference + (select balance from wallets where user_id = owner);
    if not is_exact(balance_after) then
      return record_delivery(delivery, verdict('rejected', 'limit_exceeded', owner));
    end if;
    perform take_or_return(payment, f.kind, difference, delivery->>'event_id');
  end if;
  recorded := record_delivery(delivery, case
    when is_doubtful and has_unknown_refunds(payment.stripe_payment_id) then
      asks('incomplete_refunds', owner, 'reverse_payment', facts - 'refunds', 'reversal:' || f.id)
    when difference <> 0 then verdict('applied', null, owner)
    else verdict('ignored', 'no_effect', owner) end);
  return with_released(recorded, release((delivery->>'erase')::boolean,
    provide_charge(payment, f.stripe_charge_id)));
end $$;

-- Returns what a dispute holds, in its own currency. What an older Worker sends, or has parked, does not contain
-- transactions.
create or replace function held_in(reported jsonb) returns bigint language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return coalesce((reported->>'held')::bigint, case
    when reported->>'kind' = 'dispute' and reported->>'state' in ('withdrawn', 'lost')
      then (reported->>'amount')::bigint
    else 0 end);
end $$;

-- Whether a dispute in another currency than its payment's holds money whose share of the payment is not known yet.
create or replace function needs_rate(reported jsonb) returns boolean language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return held_in(reported) > 0 and (jsonb_typeof(reported->'charge') is distinct from 'object'
    or coalesce((reported->>'withdrawn')::numeric, 0) = 0);
end $$;

-- Stores what is reported about a payment. reported: facts of reverse_payment.
create or replace function keep_reported(payment payments, reported jsonb) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  row reversals := jsonb_populate_record(null::reversals, reported);
begin
  row.stripe_payment_id := payment.stripe_payment_id;
  row.held := held_in(reported);
  row.transactions := coalesce(row.transactions, 0);
  if payment.currency <> reported->>'currency' then
    row := in_currency_of(payment, row, (reported->>'withdrawn')::numeric, (reported->>'returned')::numeric,
      reported->'charge');
  end if;
  perform keep_reversal(row);
  if jsonb_typeof(reported->'refunds') = 'array' then perform keep_refunds(row, reported->'refunds'); end if;
end $$;

-- Stores all refunds of a charge as they were read from Stripe. one: a refund of the same charge, or the charge.
create or replace function keep_refunds(one reversals, refunds jsonb) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  one.kind := 'refund';
  for one.id, one.amount, one.state in
    select id, amount, state from jsonb_to_recordset(refunds) as refund(id text, amount bigint, state text)
  loop
    perform keep_reversal(one);
  end loop;
end $$;

-- Stores a payment's charge, and returns its subject if it was not known, because something else may wait for it.
create or replace function provide_charge(payment payments, charge text) returns text language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if charge is null or payment.stripe_charge_id is not null then return null; end if;
  update payments set stripe_charge_id = charge where stripe_payment_id = payment.stripe_payment_id;
  return 'payment:' || charge;
end $$;

-- Writes the entry of a payment's reversal. Its key is the payment with a running number, because one event may not
-- contain all that is known, and facts may become known without an event. The caller holds the user's lock.
create or replace function take_or_return(payment payments, kind text, credits bigint, event text) returns void
language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  insert into credit_ledger (user_id, kind, amount, idempotency_key, stripe_payment_id, event_id)
  values (payment.user_id,
    case kind when 'dispute' then 'dispute' else 'refund' end || case when credits > 0 then '_reversal' else '' end,
    credits, format('reversal:%s:%s', payment.stripe_payment_id, 1 + (
      select count(*) from credit_ledger entry where entry.stripe_payment_id = payment.stripe_payment_id
        and entry.kind in ('refund', 'refund_reversal', 'dispute', 'dispute_reversal'))),
    payment.stripe_payment_id, event);
end $$;

-- Returns the sum of what reversals of this payment have moved so far: negative if credits were taken.
create or replace function credits_taken(payment text) returns bigint language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return coalesce((
    select sum(amount) from credit_ledger where stripe_payment_id = payment and kind <> 'purchase'
      and kind in ('refund', 'refund_reversal', 'dispute', 'dispute_reversal')), 0);
end $$;

-- Returns the subjects of reverse_payment: see `subjects_of`.
create or replace function reverse_payment_subjects(facts jsonb) returns text[] language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return array['payment:' || (facts->>'stripe_payment_intent_id'), 'payment:' || (facts->>'stripe_charge_id'),
    'reversal:' || (facts->>'id'), 'user:' || (facts->>'user_id')];
end $$;

-- Money of a payment came back, or went away again: its credits follow to what they should be, by one entry of the
-- difference. A closed wallet's too, and below zero where they were spent.
-- facts: kind ('refund', 'dispute', 'charge'), id, stripe_payment_intent_id, stripe_charge_id, amount (minor units; of
-- a charge, the total of its refunds), currency, state (as in reversals; null moves nothing), held and transactions (of a
-- dispute: minor units that it holds now, and how often its money has moved), user_id and
-- stripe_customer_id (named by the event: whose the row is while the payment is not known).
create or replace function reverse_payment(delivery jsonb, facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  payment payments;
  owner text;
  difference bigint;
  recorded jsonb;
begin
  select * into f from jsonb_to_record(facts) as f(kind text, id text, stripe_payment_intent_id text,
    stripe_charge_id text, amount bigint, currency text, state text, held bigint, transactions integer, user_id text, stripe_customer_id text);
  -- What an older Worker sends, or has parked, says nothing about transactions.
  f.transactions := coalesce(f.transactions, 0);
  f.held := coalesce(f.held, case when f.kind = 'dispute' and f.state in ('withdrawn', 'lost') then f.amount else 0 end);
  perform lock_subjects('payment:' || f.stripe_payment_intent_id, 'payment:' || f.stripe_charge_id,
    'reversal:' || f.id);
  payment := payment_of(f.stripe_payment_intent_id, f.stripe_charge_id);
  owner := coalesce(payment.user_id, owner_of(f.stripe_customer_id, f.user_id));
  perform lock_subjects('user:' || owner);
  if is_settled(delivery) then
    return count_again(delivery, owner);
  elsif f.state is null then
    return record_delivery(delivery, verdict('ignored', 'no_effect', owner));
  elsif is_settled_by_hand('reversal:' || f.id, 'payment:' || f.stripe_payment_intent_id,
    'payment:' || f.stripe_charge_id, 'payment:' || payment.stripe_payment_id) then
    return record_delivery(delivery, verdict('ignored', 'settled_by_hand', owner));
  elsif payment.user_id is null then
    return record_delivery(delivery, waits('parked', 'unknown_payment', owner, 'reverse_payment', facts,
      array['payment:' || f.stripe_payment_intent_id, 'payment:' || f.stripe_charge_id]));
  elsif payment.currency <> f.currency then
    return record_delivery(delivery, verdict('rejected', 'currency_mismatch', owner));
  end if;

  perform keep_reversal(jsonb_populate_record(null::reversals, jsonb_build_object('id', f.id,
    'stripe_payment_id', payment.stripe_payment_id, 'kind', f.kind, 'amount', f.amount, 'state', f.state,
    'held', f.held, 'transactions', f.transactions,
    'stripe_payment_intent_id', f.stripe_payment_intent_id, 'stripe_charge_id', f.stripe_charge_id)));
  difference := -credits_to_be_gone(payment) - credits_taken(payment.stripe_payment_id);
  if not is_exact((select balance from wallets where user_id = owner) + difference::numeric) then
    return record_delivery(delivery, verdict('rejected', 'limit_exceeded', owner));
  end if;
  if difference <> 0 then
    perform take_or_return(payment, f.kind, difference, delivery->>'event_id');
    recorded := record_delivery(delivery, verdict('applied', null, owner));
  else
    recorded := record_delivery(delivery, verdict('ignored', 'no_effect', owner));
  end if;

  -- A charge that was not known may be what something else waits for.
  if f.stripe_charge_id is null or payment.stripe_charge_id is not null then return recorded; end if;
  update payments set stripe_charge_id = f.stripe_charge_id where stripe_payment_id = payment.stripe_payment_id;
  return with_released(recorded, release((delivery->>'erase')::boolean, 'payment:' || f.stripe_charge_id));
end $$;

-- Writes the entry of a payment's reversal. Its key is the payment with a running number, since one event may not be
-- all that is known, and what is known may be found without an event. The caller holds the user's lock.
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

-- The sum of what reversals of this payment have moved so far: negative where credits were taken.
create or replace function credits_taken(payment text) returns bigint language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return coalesce((
    select sum(amount) from credit_ledger where stripe_payment_id = payment and kind <> 'purchase'
      and kind in ('refund', 'refund_reversal', 'dispute', 'dispute_reversal')), 0);
end $$;

-- The subjects of reverse_payment that its facts name: see `subjects_of`.
create or replace function reverse_payment_subjects(facts jsonb) returns text[] language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return array['payment:' || (facts->>'stripe_payment_intent_id'), 'payment:' || (facts->>'stripe_charge_id'),
    'reversal:' || (facts->>'id'), 'user:' || (facts->>'user_id')];
end $$;

-- Credits a payment once: the payment is the fact, whatever the number of events that report it.
-- facts: user_id, credits, stripe_payment_id (what was sold), amount (minor units), currency,
-- stripe_checkout_session_id, stripe_payment_intent_id, stripe_invoice_id, stripe_customer_id.
create or replace function settle_payment(delivery jsonb, facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  paid_by text;
  credited_to text;
  holds boolean;
  objection text;
begin
  select * into f from jsonb_to_record(facts) as f(user_id text, credits bigint, stripe_payment_id text, amount bigint,
    currency text, stripe_checkout_session_id text, stripe_payment_intent_id text, stripe_invoice_id text,
    stripe_customer_id text);
  paid_by := case when f.stripe_invoice_id is not null then f.stripe_payment_intent_id end;
  perform lock_subjects('customer:' || f.stripe_customer_id, 'payment:' || f.stripe_payment_id,
    'payment:' || f.stripe_checkout_session_id, 'payment:' || paid_by, 'user:' || f.user_id);
  if is_settled(delivery) then return count_again(delivery, f.user_id); end if;

  -- The payment and the session may be of two that are credited: then another user's counts.
  select user_id into credited_to from payments
  where stripe_payment_id = f.stripe_payment_id or stripe_checkout_session_id = f.stripe_checkout_session_id
  order by user_id = f.user_id limit 1;
  if credited_to = f.user_id then
    return record_delivery(delivery, verdict('duplicate', 'payment_already_credited', f.user_id));
  elsif credited_to is not null or pays_another_invoice(f.stripe_invoice_id, paid_by) then
    return record_delivery(delivery, verdict('rejected', 'payment_mismatch', f.user_id));
  elsif is_settled_by_hand('payment:' || f.stripe_payment_id, 'payment:' || f.stripe_checkout_session_id) then
    return record_delivery(delivery, verdict('ignored', 'settled_by_hand', f.user_id));
  end if;

  objection := why_refused(f.user_id, f.credits);
  holds := holds_customer(f.user_id, f.stripe_customer_id);
  if objection is null and not holds and not claim_customer(f.user_id, f.stripe_customer_id) then
    objection := 'customer_mismatch';
  end if;
  if objection is not null then
    return refuse_customer(delivery, f.user_id, f.stripe_customer_id, objection, 'settle_payment', facts);
  end if;

  insert into payments (stripe_payment_id, user_id, credits, amount, currency, stripe_checkout_session_id,
    stripe_payment_intent_id)
  values (f.stripe_payment_id, f.user_id, f.credits, f.amount, f.currency, f.stripe_checkout_session_id,
    f.stripe_payment_intent_id);
  insert into credit_ledger (user_id, kind, amount, idempotency_key, stripe_payment_id, event_id)
  values (f.user_id, 'purchase', f.credits, 'purchase:' || f.stripe_payment_id, f.stripe_payment_id,
    delivery->>'event_id');
  if paid_by is not null then
    insert into invoice_payments (stripe_invoice_id, paid_by) values (f.stripe_invoice_id, paid_by)
    on conflict do nothing;
  end if;
  return with_released(record_delivery(delivery, verdict('applied', null, f.user_id)),
    release((delivery->>'erase')::boolean, 'payment:' || f.stripe_payment_id, 'payment:' || paid_by,
      case when not holds then 'customer:' || f.stripe_customer_id end));
end $$;

-- Whether a person has settled one of these by hand. The caller holds the payment's lock.
create or replace function is_settled_by_hand(variadic subjects text[]) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return exists (select from settled_facts where subject = any (subjects));
end $$;

-- The subjects of settle_payment that its facts name: see `subjects_of`.
create or replace function settle_payment_subjects(facts jsonb) returns text[] language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return array['customer:' || (facts->>'stripe_customer_id'), 'payment:' || (facts->>'stripe_payment_id'),
    'payment:' || (facts->>'stripe_checkout_session_id'),
    case when facts->>'stripe_invoice_id' is not null then 'payment:' || (facts->>'stripe_payment_intent_id') end,
    'user:' || (facts->>'user_id')];
end $$;

-- Credits a sale once, however many events of whatever kinds report it: its Checkout Session, its PaymentIntent, its
-- invoice. The sale is named by its invoice if one is known.
-- facts: user_id, reference (another id that the session names), credits, stripe_payment_id (what was sold, as far as
-- the event says it), amount (minor units), currency, stripe_checkout_session_id, stripe_payment_intent_id,
-- stripe_invoice_id, stripe_charge_id, stripe_customer_id, invoice_unknown (whether it may have paid an invoice that
-- the event does not name), session_unknown (whether a session from before CREDIT_SINCE may have made it; null if
-- CREDIT_SINCE was not set), created (Unix seconds: when Stripe created the object that reports it).
create or replace function settle_payment(delivery jsonb, facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  ids text[]; sale text[];
  credited payments;
  holds boolean; objection text;
begin
  select * into f from jsonb_to_record(facts) as f(user_id text, reference text, credits bigint,
    stripe_payment_id text, amount bigint, currency text, stripe_checkout_session_id text, stripe_payment_intent_id text, stripe_invoice_id text,
    stripe_charge_id text, stripe_customer_id text, invoice_unknown boolean, session_unknown boolean, created bigint);
  ids := lock_sale(f.stripe_customer_id, f.stripe_invoice_id, f.stripe_payment_intent_id,
    f.stripe_checkout_session_id, f.stripe_charge_id, f.user_id);
  if is_settled(delivery) then return count_again(delivery, f.user_id); end if;
  objection := why_not_credited(delivery, f.created);
  if objection is not null then return record_delivery(delivery, verdict('ignored', objection, f.user_id)); end if;
  sale := payment_subjects(ids);
  f.stripe_invoice_id := ids[1];
  f.stripe_payment_id := coalesce(f.stripe_invoice_id, f.stripe_payment_id);

  -- The payment and the session may be of two credited sales: then the one of another user is chosen.
  select * into credited from payments
  where stripe_payment_id = any (ids) or stripe_checkout_session_id = f.stripe_checkout_session_id
  order by user_id = f.user_id limit 1;
  if credited.user_id = f.user_id then
    return credit_again(delivery, credited, f.stripe_invoice_id, f.stripe_payment_intent_id,
      f.stripe_checkout_session_id, f.stripe_charge_id);
  elsif credited.user_id is not null or pays_another_invoice(f.stripe_invoice_id, f.stripe_payment_intent_id) then
    return record_delivery(delivery, verdict('rejected', 'payment_mismatch', f.user_id));
  elsif is_settled_by_hand(variadic sale) then
    return record_delivery(delivery, verdict('ignored', 'settled_by_hand', f.user_id));
  end if;

  objection := coalesce(why_contradicted(f.user_id, f.reference), why_refused(f.user_id, f.credits));
  if objection is null and (may_be_of_earlier_session(facts) or (f.invoice_unknown and f.stripe_invoice_id is null)) then
    -- Stripe is asked, unless an event says it first.
    return record_delivery(delivery, waits('parked', 'unlinked_payment', f.user_id, 'settle_payment', facts,
      ('user:' || f.user_id) || sale) || '{"asks": true}');
  end if;
  holds := holds_customer(f.user_id, f.stripe_customer_id);
  if objection is null and not holds and not claim_customer(f.user_id, f.stripe_customer_id) then
    objection := 'customer_mismatch';
  end if;
  if objection is not null then
    perform name_invoice_payment(f.stripe_invoice_id, f.stripe_payment_intent_id);
    return refuse_customer(delivery, f.user_id, f.stripe_customer_id, objection, 'settle_payment', facts);
  end if;

  insert into payments (stripe_payment_id, user_id, credits, amount, currency, stripe_checkout_session_id,
    stripe_payment_intent_id, stripe_charge_id)
  values (f.stripe_payment_id, f.user_id, f.credits, f.amount, f.currency, f.stripe_checkout_session_id,
    f.stripe_payment_intent_id, f.stripe_charge_id);
  insert into credit_ledger (user_id, kind, amount, idempotency_key, stripe_payment_id, event_id)
  values (f.user_id, 'purchase', f.credits, 'purchase:' || f.stripe_payment_id, f.stripe_payment_id,
    delivery->>'event_id');
  if f.stripe_invoice_id is not null then
    perform name_invoice_payment(f.stripe_invoice_id, f.stripe_payment_intent_id);
  end if;
  return with_released(record_delivery(delivery, verdict('applied', null, f.user_id)),
    release((delivery->>'erase')::boolean,
      variadic sale || case when not holds then 'customer:' || f.stripe_customer_id end));
end $$;

-- Whether a person has settled one of these by hand. The caller holds the payment's lock.
create or replace function is_settled_by_hand(variadic subjects text[]) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return exists (select from settled_facts where subject = any (subjects));
end $$;

-- Returns the subjects of settle_payment: see `subjects_of`.
create or replace function settle_payment_subjects(facts jsonb) returns text[] language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return array['customer:' || (facts->>'stripe_customer_id'), 'invoice:' || (facts->>'stripe_invoice_id'),
    'payment:' || (facts->>'stripe_invoice_id'), 'payment:' || (facts->>'stripe_payment_intent_id'),
    'payment:' || (facts->>'stripe_checkout_session_id'), 'payment:' || (facts->>'stripe_charge_id'),
    'user:' || (facts->>'user_id')];
end $$;

-- Credits a payment once: the payment is the fact, whatever the number of events that tell of it.
-- facts: user_id, credits, stripe_payment_id, amount (minor units), currency, checkout_session_id, stripe_customer_id.
create or replace function settle_payment(delivery jsonb, facts jsonb) returns jsonb language plpgsql as $$
declare
  payment record;
  credited_to text;
  objection text;
  recorded jsonb;
begin
  select * into payment from jsonb_to_record(facts) as payment(
    user_id text, credits bigint, stripe_payment_id text, amount bigint, currency text,
    checkout_session_id text, stripe_customer_id text);
  perform lock_subject('user', payment.user_id);
  perform lock_subject('payment', payment.stripe_payment_id);
  if is_settled(delivery) then
    return verdict('duplicate', 'already_processed', payment.user_id);
  end if;

  select user_id into credited_to from payments
  where stripe_payment_id = payment.stripe_payment_id or checkout_session_id = payment.checkout_session_id;
  if credited_to = payment.user_id then
    return record_delivery(delivery, verdict('duplicate', 'payment_already_credited', payment.user_id));
  elsif credited_to is not null then
    return record_delivery(delivery, verdict('rejected', 'payment_mismatch', payment.user_id));
  end if;

  objection := user_objection(payment.user_id);
  if objection is null and not claim_customer(payment.user_id, payment.stripe_customer_id) then
    objection := 'customer_mismatch';
  end if;
  if objection is not null then
    return refuse_customer(delivery, payment.user_id, payment.stripe_customer_id, objection,
      jsonb_build_object('verb', 'settle_payment', 'facts', facts));
  end if;

  insert into payments (stripe_payment_id, user_id, credits, amount, currency, checkout_session_id)
  values (payment.stripe_payment_id, payment.user_id, payment.credits, payment.amount, payment.currency,
    payment.checkout_session_id);
  insert into credit_ledger (user_id, kind, amount, idempotency_key, stripe_payment_id, event_id)
  values (payment.user_id, 'purchase', payment.credits, 'purchase:' || payment.stripe_payment_id,
    payment.stripe_payment_id, delivery->>'event_id');
  recorded := record_delivery(delivery, verdict('applied', null, payment.user_id));
  recorded := recorded || release_customer(payment.stripe_customer_id, delivery);
  return with_released(recorded, release_payment(array[payment.stripe_payment_id], delivery));
end $$;

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

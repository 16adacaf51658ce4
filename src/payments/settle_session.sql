-- Settles a paid Checkout Session whose metadata does not say how many credits were bought: its lines say that, and are
-- read from Stripe. If only a reference names the user, the user gets the credits, but the session's customer is not
-- linked to the user: it is remembered only for that customer's own invoices and refunds.
-- facts: user_id (whom the metadata or else the reference names, or null), reference (another id that the session
-- names), by_reference (whether a reference names the user), unread (what decides together with the lines of the
-- session; null once they are read), credits (null until then), unsold (the verdict if no setting knows what was sold, so
-- that only a sale that is credited already is one), stripe_payment_id (what was sold), amount (minor
-- units), currency, stripe_checkout_session_id, stripe_payment_intent_id, stripe_invoice_id, stripe_charge_id,
-- stripe_customer_id, invoice_unknown (whether it may have paid an invoice that it does not name), created (Unix
-- seconds).
create or replace function settle_session(delivery jsonb, facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  owner text;
  ids text[];
  credited payments;
  customer text;
  objection text;
begin
  select * into f from jsonb_to_record(facts) as f(user_id text, reference text, by_reference boolean, unread jsonb, credits bigint, unsold jsonb,
    stripe_payment_id text, amount bigint, currency text, stripe_checkout_session_id text,
    stripe_payment_intent_id text, stripe_invoice_id text, stripe_charge_id text, stripe_customer_id text,
    invoice_unknown boolean, created bigint);
  owner := case when f.by_reference then lock_referred(f.stripe_customer_id, f.user_id) else f.user_id end;
  ids := lock_sale(f.stripe_customer_id, f.stripe_invoice_id, f.stripe_payment_intent_id,
    f.stripe_checkout_session_id, f.stripe_charge_id, owner);
  if is_settled(delivery) then return count_again(delivery, owner); end if;
  objection := why_not_credited(delivery, f.created);
  if objection is not null then return record_delivery(delivery, verdict('ignored', objection, owner)); end if;
  if f.credits is null and jsonb_typeof(waiting_facts(delivery)->'credits') = 'number' then
    -- A setting that has lost a price since then takes nothing from a waiting delivery.
    f.credits := waiting_facts(delivery)->'credits';
    f.unsold := null;
    facts := facts || jsonb_build_object('credits', f.credits, 'unread', null, 'unsold', null);
  end if;
  select * into credited from payments
  where stripe_payment_id = any (ids) or stripe_checkout_session_id = f.stripe_checkout_session_id
  order by user_id = owner limit 1;
  if f.by_reference and credited.user_id is not null then
    -- Whichever user it was credited to: a reference contradicts nobody.
    return credit_again(delivery, credited, f.stripe_invoice_id, f.stripe_payment_intent_id,
      f.stripe_checkout_session_id, f.stripe_charge_id);
  elsif credited.user_id is not null then
    -- Whatever its lines sell by the settings of today.
    return settle_payment(delivery, facts);
  elsif jsonb_typeof(f.unsold) = 'object' then
    return record_delivery(delivery, f.unsold || jsonb_build_object('user_id', owner));
  elsif f.credits is null then
    return record_delivery(delivery, asks('incomplete_session', owner, 'settle_session', facts,
      'payment:' || f.stripe_payment_id));
  elsif not f.by_reference then
    return settle_payment(delivery, facts);
  elsif owner is null then
    -- It sold credits, and nothing says to whom.
    return record_delivery(delivery, verdict('rejected', 'invalid_metadata', null));
  elsif why_refused(owner, 0) = 'unknown_user' then
    return record_delivery(delivery, waits('parked', 'unknown_user', owner, 'settle_session', facts,
      array['user:' || owner]));
  end if;
  customer := refer_to(owner, f.stripe_customer_id);
  -- Like a guest's sale: the customer is not claimed.
  return with_released(
    settle_payment(delivery, facts || jsonb_build_object('user_id', owner, 'stripe_customer_id', null)),
    release((delivery->>'erase')::boolean, customer));
end $$;

-- Returns the subjects of settle_session: see `subjects_of`.
create or replace function settle_session_subjects(facts jsonb) returns text[] language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return settle_payment_subjects(facts);
end $$;

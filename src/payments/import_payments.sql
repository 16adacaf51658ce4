-- Stores payments that another system credited before CREDIT_SINCE, so that money that comes back from then on takes
-- credits as for any other payment. Nothing is credited, and credits that were gone by then stay gone. All rows are
-- stored or, if one is refused, none. The same row again changes nothing. Only the owner of the database may call it.
-- facts: rows ([{line, and the facts of import_payment}]), erase, only_checks (whether nothing is written). Returns for
-- each row {"line", "is_new", "gone_before"}, or {"line", "refused": why}.
create or replace function import_payments(facts jsonb) returns jsonb language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  f record;
  given jsonb;
  said jsonb := '[]';
begin
  select * into f from jsonb_to_record(facts) as f(rows jsonb, erase boolean, only_checks boolean);
  begin
    perform lock_subjects(variadic array(
      select unnest(settle_payment_subjects(one)) from jsonb_array_elements(f.rows) one));
    for given in select value from jsonb_array_elements(f.rows) loop
      said := said || jsonb_build_array(jsonb_build_object('line', given->'line') || import_payment(given, f.erase));
    end loop;
    if f.only_checks or said @? '$[*].refused' then raise exception 'only looked' using errcode = 'LH001'; end if;
  exception when sqlstate 'LH001' then null;
  end;
  return said;
end $$;

-- Stores one of these payments, and releases what waited for it.
-- facts: stripe_payment_id (what was sold), user_id, credits (that it bought), amount (minor units), currency,
-- stripe_payment_intent_id, stripe_invoice_id, stripe_charge_id, stripe_customer_id (each null if there is none), gone
-- (what had come back by CREDIT_SINCE: facts of reverse_payment).
create or replace function import_payment(facts jsonb, erase boolean) returns jsonb language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  f record;
  ids text[];
  payment payments;
  reported jsonb;
begin
  select * into f from jsonb_to_record(facts) as f(stripe_payment_id text, user_id text, credits bigint, amount bigint,
    currency text, stripe_payment_intent_id text, stripe_invoice_id text, stripe_charge_id text,
    stripe_customer_id text, gone jsonb);
  ids := lock_sale(f.stripe_customer_id, f.stripe_invoice_id, f.stripe_payment_intent_id, null, f.stripe_charge_id,
    f.user_id);
  payment := payment_of(coalesce(f.stripe_invoice_id, f.stripe_payment_intent_id), f.stripe_charge_id);
  if payment.stripe_payment_id is null then payment := payment_of(f.stripe_payment_intent_id, null); end if;
  if payment.gone_before is not null and payment.user_id = f.user_id and payment.credits = f.credits then
    return jsonb_build_object('is_new', false, 'gone_before', payment.gone_before);
  elsif payment.stripe_payment_id is not null then
    return jsonb_build_object('refused', case when payment.gone_before is null then 'credited_here' else 'known_otherwise' end);
  elsif not exists (select from wallets where wallets.user_id = f.user_id) then
    return '{"refused": "unknown_user"}';
  elsif customer_owner(f.stripe_customer_id) <> f.user_id then
    return '{"refused": "customer_mismatch"}';
  end if;

  insert into payments (stripe_payment_id, user_id, credits, amount, currency, stripe_payment_intent_id, stripe_charge_id,
    gone_before)
  values (f.stripe_payment_id, f.user_id, f.credits, f.amount, f.currency, f.stripe_payment_intent_id,
    f.stripe_charge_id, 0) returning * into payment;
  perform name_invoice_payment(f.stripe_invoice_id, f.stripe_payment_intent_id);
  for reported in select value from jsonb_array_elements(f.gone) loop perform keep_reported(payment, reported); end loop;
  payment.gone_before := credits_to_be_gone(payment);
  update payments set gone_before = payment.gone_before where payments.stripe_payment_id = payment.stripe_payment_id;
  perform release(erase, variadic array(select 'payment:' || id from unnest(ids) id));
  return jsonb_build_object('is_new', true, 'gone_before', payment.gone_before);
end $$;

-- Returns the deliveries that were rejected because nobody knew what these payments had bought, as take_due returns
-- them, so that they can be processed again. Only the owner of the database may call it. facts: payments (ids of
-- PaymentIntents).
create or replace function refused_before_start(facts jsonb) returns jsonb language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  f record;
begin
  select * into f from jsonb_to_record(facts) as f(payments text[]);
  return (select coalesce(jsonb_agg(stored_delivery(event, readable_payload(event)::text) order by occurred_at), '[]')
    from webhook_events event
    where about && f.payments and outcome = 'rejected' and reason = 'before_start'
      and readable_payload(event) is not null);
end $$;

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

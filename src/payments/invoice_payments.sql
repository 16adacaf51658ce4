-- Locks the payments by which refunds and disputes name this invoice, and returns their subjects. So a refund or
-- dispute that comes meanwhile waits until the invoice's payment is known. The caller holds the invoice's lock.
create or replace function lock_invoice_payments(invoice text, payment text, charge text) returns text[]
language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  subjects constant text[] := array(
    select distinct 'payment:' || id from unnest(array[payment, charge] || array(
      select paid_by from invoice_payments where stripe_invoice_id = invoice)) id where id is not null);
begin
  perform lock_subjects(variadic subjects || ('payment:' || invoice));
  return subjects;
end $$;

-- Whether this payment is known to have paid another invoice: a payment pays only one. The caller holds the payment's
-- lock.
create or replace function pays_another_invoice(invoice text, payment text) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if invoice is null or payment is null then return false; end if;
  return exists (select from invoice_payments where paid_by = payment and stripe_invoice_id <> invoice);
end $$;

-- Stores which payment paid an invoice, if one is given. Returns whether that is new. If several paid it, the invoice's
-- own row shows the first in order of their ids, so that the row does not depend on the order of events. The caller
-- holds the locks.
create or replace function name_invoice_payment(invoice text, payment text) returns boolean language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  first text;
  added boolean := false;
begin
  if invoice is null then return false; end if;
  if payment is not null then
    insert into invoice_payments (stripe_invoice_id, paid_by) values (invoice, payment) on conflict do nothing;
    added := found;
  end if;
  -- Collects its payments first: for `min`, the planner might walk an index of the whole table from its smallest id on.
  first := (select min(id) from unnest(array(
    select paid_by from invoice_payments where stripe_invoice_id = invoice)) id where id like 'pi\_%');
  update payments set stripe_payment_intent_id = first
  where stripe_payment_id = invoice and stripe_payment_intent_id is distinct from first;
  return added;
end $$;

-- Stores which payment paid an invoice, as Stripe reports it.
-- facts: stripe_invoice_id, paid_by (pi_… or ch_…).
create or replace function link_invoice_payment(delivery jsonb, facts jsonb) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  owner text;
  is_twice boolean;
  added boolean;
  recorded jsonb;
begin
  select * into f from jsonb_to_record(facts) as f(stripe_invoice_id text, paid_by text);
  perform lock_subjects('invoice:' || f.stripe_invoice_id, 'payment:' || f.paid_by);
  select min(user_id), count(*) > 1 into owner, is_twice from payments
  where stripe_payment_id in (f.stripe_invoice_id, f.paid_by);
  perform lock_subjects('user:' || owner);
  if is_settled(delivery) then
    return count_again(delivery, owner);
  elsif pays_another_invoice(f.stripe_invoice_id, f.paid_by) or is_twice then
    -- Credited both as a payment and as an invoice, because no event had said that they are one sale: a person decides.
    return record_delivery(delivery, verdict('rejected', 'payment_mismatch', owner));
  end if;
  added := name_invoice_payment(f.stripe_invoice_id, f.paid_by);
  recorded := record_delivery(delivery, case when added
    then verdict('applied', null, owner) else verdict('duplicate', 'already_processed', owner) end);
  if not added then return recorded; end if;
  -- A refund may have waited for it, or the payment itself, whose event did not say whether it paid an invoice.
  return with_released(recorded, release((delivery->>'erase')::boolean, 'payment:' || f.paid_by));
end $$;

-- Returns the subjects of link_invoice_payment: see `subjects_of`.
create or replace function link_invoice_payment_subjects(facts jsonb) returns text[] language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return array['invoice:' || (facts->>'stripe_invoice_id'), 'payment:' || (facts->>'paid_by')];
end $$;

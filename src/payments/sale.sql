-- Returns the invoice that this payment is known to have paid, or null. The caller holds the payment's lock, or calls
-- it again once it does.
create or replace function invoice_paid_by(payment text) returns text language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return (select stripe_invoice_id from invoice_payments where paid_by = payment);
end $$;

-- Returns the subjects of these payments, and ignores nulls.
create or replace function payment_subjects(ids text[]) returns text[] language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  id text;
  subjects text[] := '{}';
begin
  foreach id in array ids loop
    if id is not null then subjects := subjects || ('payment:' || id); end if;
  end loop;
  return subjects;
end $$;

-- Locks everything by which one sale may be named, whichever of its events comes: its invoice, all that is known to
-- have paid it, its Checkout Session and its charge. Returns these ids: the invoice first, null if none is known.
create or replace function lock_sale(customer text, invoice text, payment_intent text, session text, charge text,
  owner text) returns text[] language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  sold text := coalesce(invoice, invoice_paid_by(payment_intent));
  ids text[];
  others text[] := '{}';
begin
  loop
    if sold is not null then
      perform lock_subjects('customer:' || customer, 'invoice:' || sold);
      -- Nothing can add another payment to the invoice without the invoice's lock.
      others := array(select paid_by from invoice_payments where stripe_invoice_id = sold
        and paid_by is distinct from payment_intent and paid_by is distinct from charge);
    end if;
    ids := sold || (array_remove(array[charge, session, payment_intent], null) || others);
    perform lock_subjects(variadic (('customer:' || customer) || payment_subjects(ids)) || ('user:' || owner));
    -- The invoice that it paid may have become known while this waited for the payment's lock.
    exit when invoice is not null or sold is not distinct from invoice_paid_by(payment_intent);
    sold := invoice_paid_by(payment_intent);
  end loop;
  return ids;
end $$;

-- Records that a credited sale was reported again. It stores ids that were not known, because a refund may name any of
-- them, and may wait for it. The caller holds the locks of the sale.
create or replace function credit_again(delivery jsonb, credited payments, invoice text, payment_intent text,
  session text, charge text) returns jsonb language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  added boolean := false;
  recorded jsonb;
begin
  recorded := record_delivery(delivery, verdict('duplicate', 'payment_already_credited', credited.user_id));
  if invoice is not null and not pays_another_invoice(invoice, payment_intent) then
    added := name_invoice_payment(invoice, payment_intent);
  end if;
  if session is not null and credited.stripe_checkout_session_id is null
    and not exists (select from payments where stripe_checkout_session_id = session) then
    update payments set stripe_checkout_session_id = session where stripe_payment_id = credited.stripe_payment_id;
  end if;
  if charge is not null and credited.stripe_charge_id is null then
    update payments set stripe_charge_id = charge where stripe_payment_id = credited.stripe_payment_id;
    added := true;
  end if;
  if not added then return recorded; end if;
  return with_released(recorded,
    release((delivery->>'erase')::boolean, 'payment:' || payment_intent, 'payment:' || charge));
end $$;

-- Whether another living user has the customer, so that this user could not claim it. The caller holds both locks.
create or replace function is_of_another(claimant text, customer text) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  owner constant text := bound_owner(customer);
begin
  return coalesce(owner <> claimant, false) and why_refused(owner, 0) is distinct from 'user_deactivated'
    and not exists (select from stripe_customers where id = customer and deleted_at is not null);
end $$;

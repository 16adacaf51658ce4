-- Returns the payment that these ids of a refund or a dispute name. An invoice is found by what paid it.
create or replace function payment_of(payment_intent text, charge text) returns payments language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  payment payments;
begin
  select * into payment from payments where stripe_payment_id in (payment_intent, charge) limit 1;
  if found then return payment; end if;
  select * into payment from payments where stripe_payment_id = any (array(
    select stripe_invoice_id from invoice_payments where paid_by in (payment_intent, charge))) limit 1;
  if found then return payment; end if;
  select * into payment from payments where stripe_charge_id = charge limit 1;
  return payment;
end $$;

-- Returns the key of what a line for a whole period grants. A subscription's period grants once for each price, however
-- many invoices report it. A second line for the same period grants too, under a key that names its own invoice, if it
-- has another price, or if one of the two lines has replaced the other in the second in which the period began.
create or replace function key_of_period(invoice text, line jsonb, lines jsonb) returns text language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  period constant text := period_key(line->>'stripe_subscription_id', (line->>'starts_at')::bigint);
  own constant text := concat_ws(':', period, invoice);
  first credit_ledger;
  other plan_lines;
begin
  select * into first from credit_ledger where idempotency_key = period;
  if not found or first.stripe_payment_id = invoice then return period; end if;
  if replaces_another(line, lines) or is_credited_at_once(invoice, line->>'id', (line->>'starts_at')::bigint) then
    return own;
  elsif first.stripe_payment_id is not null
    and not exists (select from plan_lines where stripe_invoice_id = first.stripe_payment_id) then
    -- An older version has granted it, and stored no lines.
    return period;
  end if;
  for other in select * from plan_lines
    where stripe_subscription_id = line->>'stripe_subscription_id' and starts_at = (line->>'starts_at')::bigint
  loop
    continue when other.stripe_invoice_id = invoice or other.credits <= 0
      or other.stripe_price_id is distinct from line->>'stripe_price_id';
    if has_granted_period(period, first.stripe_payment_id, other.stripe_invoice_id)
      and not is_credited_at_once(other.stripe_invoice_id, other.stripe_line_id, other.starts_at) then
      return period;
    end if;
  end loop;
  return own;
end $$;

-- Whether an invoice has granted a whole period, rather than a part of it. first: the invoice that the period's own
-- entry names, null if that invoice had no money.
create or replace function has_granted_period(period text, first text, invoice text) returns boolean language plpgsql
stable set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return coalesce(first, invoice) = invoice
    or exists (select from credit_ledger where idempotency_key = concat_ws(':', period, invoice));
end $$;

-- Whether a stored line credits this one from the moment at which it starts, even if its invoice has not come yet.
create or replace function is_credited_at_once(invoice text, line text, start bigint) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return exists (
    select from plan_lines where credited_invoice_id = invoice and starts_at = start
      and line = any (coalesce(credited_line_ids, array[line])));
end $$;

-- Whether a line's own invoice credits something of the subscription from the moment at which the line starts: then the
-- line replaces what was sold before, even if that was never paid.
create or replace function replaces_another(line jsonb, lines jsonb) returns boolean language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return exists (
    select from jsonb_array_elements(lines) other
    where ((other->>'amount')::bigint < 0 or other->>'credits_invoice' is not null)
      and other->'stripe_subscription_id' = line->'stripe_subscription_id' and other->'starts_at' = line->'starts_at');
end $$;

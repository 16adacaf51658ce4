-- Invoices whose lines other invoices credit: a change of plan credits the money for the unused time.

-- Returns the subjects of the invoices that these lines credit.
create or replace function credited_subjects(lines jsonb) returns text[] language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if jsonb_typeof(lines) is distinct from 'array' then return '{}'; end if;
  return array(
    select distinct 'invoice:' || line.credits_invoice from jsonb_to_recordset(lines) as line(credits_invoice text)
    where line.credits_invoice is not null);
end $$;

-- Whether an invoice has had its effect: line by line, or as a whole by an older version.
create or replace function is_invoice_credited(invoice text) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return exists (select from payments where stripe_payment_id = invoice)
    or exists (select from plan_lines where stripe_invoice_id = invoice and is_paid);
end $$;

-- Returns the subjects of the invoices that these lines credit and of which no line is stored. Such an invoice was not
-- paid, was not reported yet, or was granted as a whole by an older version, which stored only what a card paid of it.
-- A line whose price sells no credits waits for no invoice. If the price sells credits later, what the line credited is
-- subtracted then: see `owed_for`.
create or replace function missing_invoices(invoice text, lines jsonb) returns text[] language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  credited text;
  missing text[] := '{}';
begin
  for credited in select distinct line.credits_invoice
    from jsonb_to_recordset(lines) as line(amount bigint, credits bigint, credits_invoice text)
    where line.amount < 0 and line.credits > 0 and line.credits_invoice <> invoice
  loop
    continue when exists (select from plan_lines where stripe_invoice_id = credited);
    missing := missing || ('invoice:' || credited);
  end loop;
  return missing;
end $$;

-- Stores the lines of invoices that Stripe says are paid, with what PLANS says they sell. If their own event still
-- comes, it grants all of it, because the credits that other invoices took are already booked. An invoice that an older
-- version granted as a whole is stored as one line.
-- credited: [{stripe_invoice_id, amount, noted, charged, returned, lines}].
create or replace function keep_credited(credited jsonb, in_currency text) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  read record;
  grants jsonb;
begin
  if jsonb_typeof(credited) is distinct from 'array' then return; end if;
  for read in select invoice.*, facts from jsonb_array_elements(credited) facts,
    jsonb_to_record(facts) as invoice(stripe_invoice_id text, lines jsonb) loop
    perform keep_older_invoice(read.stripe_invoice_id, read.lines);
    continue when is_invoice_credited(read.stripe_invoice_id) or is_invoice_waiting(read.stripe_invoice_id);
    select jsonb_object_agg(line->>'id', jsonb_build_object('credits', floor(
      paid_of(bought_credits(line, in_currency), read.facts))))
    into grants from jsonb_array_elements(read.lines) line
    where (line->>'amount')::bigint > 0;
    continue when exists (select from jsonb_each(grants) one where one.value->>'credits' is null);
    perform keep_lines(read.stripe_invoice_id, read.lines, coalesce(grants, '{}'), false);
  end loop;
end $$;

-- Whether the event of this invoice has come and is waiting: what is read of the invoice would then have its effect too
-- early. The caller holds the invoice's lock.
create or replace function is_invoice_waiting(invoice text) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return exists (
    select from webhook_events
    where provider = 'stripe' and effect->'facts'->>'stripe_invoice_id' = invoice and event_id = any (array(
      select event_id from waiting where subject = 'invoice:' || invoice and provider = 'stripe')));
end $$;

-- Stores an invoice that an older version granted as one line: its credits, and the money of its lines, whether a card
-- or the customer's balance paid it.
create or replace function keep_older_invoice(invoice text, lines jsonb) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if exists (select from plan_lines where stripe_invoice_id = invoice) then return; end if;
  insert into plan_lines (stripe_invoice_id, stripe_line_id, stripe_subscription_id, stripe_price_id, starts_at, ends_at,
    amount, credits, is_paid)
  select stripe_payment_id, stripe_payment_id, granted.stripe_subscription_id, granted.stripe_price_id, 0, 0, granted.net,
    payments.credits, true
  from payments, (
    select coalesce(sum(line.net) filter (where line.credits > 0), sum(line.net)) as net, min(line.stripe_subscription_id) as stripe_subscription_id,
      min(line.stripe_price_id) as stripe_price_id
    from jsonb_to_recordset(lines) as line(stripe_subscription_id text, stripe_price_id text, amount bigint, net bigint,
      is_proration boolean, credits bigint)
    -- An older version granted nothing for prorations.
    where line.amount > 0 and not line.is_proration) granted
  where stripe_payment_id = invoice and granted.net > 0;
end $$;

-- Stores the credited invoices that an older version granted and whose lines were not read, because no setting knows
-- the price that is credited. Each is stored as one line, with the money that was paid.
create or replace function keep_older_invoices(lines jsonb) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  line record;
begin
  for line in select * from jsonb_to_recordset(lines) as named(stripe_subscription_id text, stripe_price_id text,
    amount bigint, credits_invoice text) where named.amount < 0 and named.credits_invoice is not null
  loop
    continue when exists (select from plan_lines where stripe_invoice_id = line.credits_invoice);
    insert into plan_lines (stripe_invoice_id, stripe_line_id, stripe_subscription_id, stripe_price_id, starts_at,
      ends_at, amount, credits, is_paid)
    select stripe_payment_id, stripe_payment_id, line.stripe_subscription_id, line.stripe_price_id, 0, 0, payments.amount,
      payments.credits, true
    from payments where stripe_payment_id = line.credits_invoice;
  end loop;
end $$;

-- Takes what the negative lines of an invoice reverse, and returns {"<line>": {"key", "credits"}}. If the invoice's
-- total is negative, what its lines credit beyond what they charge went to the customer's balance. Both are without tax
-- that comes on top, which the total contains.
create or replace function invoice_takes(facts jsonb) returns jsonb language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  total constant bigint := facts->>'amount';
  returned constant numeric := returned_by(facts);
  line jsonb;
  takes jsonb := '{}';
  balance_share numeric := 0;
begin
  if total < 0 and returned > 0 then
    balance_share := least(1, greatest(0, least(-total, returned - charged_by(facts))) / returned);
  end if;
  for line in select value from jsonb_array_elements(facts->'lines') where (value->>'amount')::bigint < 0 loop
    takes := takes || jsonb_build_object(line->>'id', jsonb_build_object(
      'key', concat_ws(':', 'plan_change', facts->>'stripe_invoice_id', line->>'id'),
      'credits', take_for(facts->>'stripe_invoice_id', facts->>'currency', line, balance_share)));
  end loop;
  return takes;
end $$;

-- Returns the credits that were taken from an invoice's lines for money that went to the customer's balance.
create or replace function credits_to_balance(invoice text) returns bigint language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return (select coalesce(sum(to_balance), 0) from plan_lines where credited_invoice_id = invoice);
end $$;

-- Gives back credits that refunds had taken from invoices whose money this invoice moves to the customer's balance,
-- because what they refunded is that balance. The caller holds the user's lock.
create or replace function return_reversed(owner text, by_invoice text, event text) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  payment payments;
  difference bigint;
begin
  for payment in select * from payments where user_id = owner and stripe_payment_id = any (array(
    select credited_invoice_id from plan_lines where stripe_invoice_id = by_invoice and to_balance > 0))
    order by stripe_payment_id
  loop
    difference := -credits_to_be_gone(payment) - credits_taken(payment.stripe_payment_id);
    if difference <> 0 then perform take_or_return(payment, 'refund', difference, event); end if;
  end loop;
end $$;

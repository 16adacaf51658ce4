-- Stores what Stripe says about prices. A price never changes (Stripe: Prices), so each is read once per currency. Its
-- lookup key may move to another price: the first key that was seen is kept, empty if it had none. A price is locked only
-- if something about it is new: many invoices have the same one, and none of them waits for another.
-- prices: [{id, currency, unit_amount (minor units), interval, interval_count, usage_type, lookup_key}].
create or replace function keep_prices(prices jsonb) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  unknown text[];
begin
  if jsonb_typeof(prices) is distinct from 'array' or prices = '[]' then return; end if;
  unknown := array(
    select distinct 'price:' || price.id from jsonb_to_recordset(prices) as price(id text, currency text, lookup_key text)
    where not exists (
      select from stripe_prices known where known.id = price.id and known.currency = price.currency
        and (known.lookup_key is not null or price.lookup_key is null)));
  if unknown = '{}' then return; end if;
  perform lock_subjects(variadic unknown);
  insert into stripe_prices as known (id, currency, unit_amount, interval, interval_count, usage_type, lookup_key)
  -- Several lines may have one price.
  select distinct on (price.id, price.currency) price.id, price.currency, price.unit_amount, price.interval,
    price.interval_count, price.usage_type, coalesce(lookup_key_of(price.id), price.lookup_key)
  from jsonb_to_recordset(prices) as price(id text, currency text, unit_amount numeric, interval text,
    interval_count integer, usage_type text, lookup_key text)
  -- "On conflict" locks a row even if it changes nothing.
  where 'price:' || price.id = any (unknown)
  order by price.id, price.currency
  on conflict (id, currency) do update set lookup_key = excluded.lookup_key
  where known.lookup_key is null and excluded.lookup_key is not null;
end $$;

-- Returns the lookup key that was first seen for a price: empty if it had none, null if it was never read.
create or replace function lookup_key_of(price text) returns text language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return (
    select lookup_key from stripe_prices where id = price and lookup_key is not null order by created_at, currency limit 1);
end $$;

-- Returns the stored price of a line in this currency. All its members are null if none is stored.
create or replace function price_of(line jsonb, in_currency text) returns stripe_prices language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  price stripe_prices;
begin
  select * into price from stripe_prices where id = line->>'stripe_price_id' and currency = in_currency;
  return price;
end $$;

-- Returns the length in seconds of the calendar interval of a price that ends at this moment. Null if the price has
-- none.
create or replace function interval_before(ends_at bigint, price stripe_prices) returns numeric language plpgsql
immutable set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  ending constant timestamp := to_timestamp(ends_at) at time zone 'UTC';
begin
  return extract(epoch from ending - (ending - case price.interval
    when 'year' then make_interval(years => price.interval_count)
    when 'month' then make_interval(months => price.interval_count)
    when 'week' then make_interval(weeks => price.interval_count)
    when 'day' then make_interval(days => price.interval_count) end));
end $$;

-- Returns the calendar interval in which a period of a free price starts, as its first day. An interval has as many
-- months, weeks, days or years as the price's does; intervals are counted from the beginning of the calendar.
create or replace function calendar_interval(starts_at bigint, price stripe_prices) returns text language plpgsql
immutable set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  starts constant date := (to_timestamp(starts_at) at time zone 'UTC')::date;
  -- A Monday.
  first constant date := '0001-01-01';
  size constant integer := coalesce(price.interval_count, 1)
    * case price.interval when 'week' then 7 when 'year' then 12 else 1 end;
  month integer;
begin
  if price.interval in ('day', 'week') then return first + (starts - first) / size * size; end if;
  month := (extract(year from starts) * 12 + extract(month from starts) - 1)::integer / size * size;
  return make_date(month / 12, month % 12 + 1, 1);
end $$;

-- Returns the credits that the money of a line buys at the list price, unrounded: its amount, without its sign, divided
-- by the unit price. Stripe rounds an amount to a whole minor unit: where only that differs, the line is for a whole
-- period, and buys the credits of its quantity. A price without a unit amount, such as one with tiers, sells time: the
-- line's part of an interval. Returns null if the price has to be read first. Metered prices sell no credits, because
-- they bill what was used.
create or replace function bought_credits(line jsonb, in_currency text) returns numeric language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  l record;
  price constant stripe_prices := price_of(line, in_currency);
  unit numeric;
  whole numeric;
begin
  select * into l from jsonb_to_record(line) as l(credits bigint, quantity numeric, amount bigint, unit_amount numeric,
    starts_at bigint, ends_at bigint, needs_price boolean);
  if coalesce(l.credits, 0) = 0 or price.usage_type = 'metered' then return 0; end if;
  if l.needs_price and price.id is null then return null; end if;
  unit := case when l.unit_amount > 0 then l.unit_amount when price.unit_amount > 0 then price.unit_amount end;
  if abs(abs(l.amount) - unit * l.quantity) <= 0.5 then return l.credits * l.quantity; end if;
  if unit is not null then return l.credits * abs(l.amount) / unit; end if;
  whole := coalesce(interval_before(l.ends_at, price), l.ends_at - l.starts_at);
  return l.credits * floor(l.quantity)
    * case when whole > 0 then least(1, greatest(0, l.ends_at - l.starts_at) / whole) else 1 end;
end $$;

-- Returns the part of these credits that was paid for. A credit note before payment lowers what is charged, by its
-- share of the total. Negative lines have paid their part. invoice: {amount, noted, charged, returned, lines}. In
-- TypeScript: `paidPart`.
create or replace function paid_of(bought numeric, invoice jsonb) returns numeric language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  noted constant numeric := coalesce((invoice->>'noted')::numeric, 0);
  total constant numeric := (invoice->>'amount')::numeric + noted;
  charged constant numeric := charged_by(invoice);
begin
  if noted = 0 or charged <= 0 then return bought; end if;
  return bought * (charged * total - noted * greatest(0, charged - returned_by(invoice))) / (charged * total);
end $$;

-- Returns what the lines of an invoice charge, after discounts and without tax that comes on top. What an older build
-- has stored has no sum of all lines: then the total and the negative lines of plans count.
create or replace function charged_by(invoice jsonb) returns numeric language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return coalesce((invoice->>'charged')::numeric,
    (invoice->>'amount')::numeric + coalesce((invoice->>'noted')::numeric, 0) + returned_by(invoice));
end $$;

-- Returns the same for the money that its negative lines credit.
create or replace function returned_by(invoice jsonb) returns numeric language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return coalesce((invoice->>'returned')::numeric, (
    select coalesce(-sum(amount), 0) from jsonb_to_recordset(invoice->'lines') as line(amount bigint) where amount < 0));
end $$;

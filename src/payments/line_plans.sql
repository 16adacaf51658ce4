-- What the lines of an invoice sell, before they are credited: the plan of each line, and what has to be read to know
-- it.

-- Returns the lines as they are now, with no fewer credits than when the event was parked: a setting that has lost a
-- price since then takes nothing from a waiting delivery.
create or replace function with_waiting_lines(delivery jsonb, lines jsonb) returns jsonb language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  waiting constant jsonb := waiting_facts(delivery)->'lines';
begin
  if jsonb_typeof(waiting) is distinct from 'array' then return lines; end if;
  if jsonb_typeof(lines) is distinct from 'array' then return waiting; end if;
  return (
    select coalesce(jsonb_agg(case when (older->>'credits')::bigint > coalesce((line->>'credits')::bigint, 0)
      then line || jsonb_build_object('credits', older->'credits', 'key', older->'key',
        'trial_credits', older->'trial_credits', 'plan_names', older->'plan_names', 'needs_price', older->'needs_price')
      else line || jsonb_build_object('by_lookup_key', coalesce((line->>'by_lookup_key')::boolean, false)
        or (line->>'credits' is null and coalesce((older->>'by_lookup_key')::boolean, false))) end), '[]')
    from jsonb_array_elements(lines) line
    left join jsonb_array_elements(waiting) older on older->>'id' = line->>'id');
end $$;

-- Returns what PLANS says by lookup keys, and what it said when the event was parked.
create or replace function with_waiting_plans(delivery jsonb, plans jsonb) returns jsonb language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return coalesce(nullif(waiting_facts(delivery)->'plans', 'null'), '{}') || coalesce(nullif(plans, 'null'), '{}');
end $$;

-- Returns the facts of credit_invoice with what is known only since this event waits: what was read from Stripe, and
-- what settings said then.
create or replace function with_waiting_facts(delivery jsonb, given jsonb) returns jsonb language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  waiting constant jsonb := waiting_facts(delivery);
begin
  if waiting is null then return given; end if;
  return given || jsonb_build_object('lines', with_waiting_lines(delivery, given->'lines'),
    'plans', with_waiting_plans(delivery, given->'plans'),
    'sold', greatest((given->>'sold')::bigint, (waiting->>'sold')::bigint),
    'charged', coalesce(given->>'charged', waiting->>'charged')::bigint,
    'returned', coalesce(given->>'returned', waiting->>'returned')::bigint);
end $$;

-- Returns the facts with which this event waits.
create or replace function waiting_facts(delivery jsonb) returns jsonb language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return (
    select effect->'facts' from webhook_events
    where provider = delivery->>'provider' and event_id = delivery->>'event_id');
end $$;

-- Whether a line may be of a plan that PLANS names by a lookup key, while the lookup key of its price was never read.
create or replace function lacks_lookup_keys(lines jsonb) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return exists (
    select from jsonb_array_elements(lines) line
    where (line->>'by_lookup_key')::boolean and lookup_key_of(line->>'stripe_price_id') is null);
end $$;

-- Returns the lines with what PLANS says by the lookup keys of their prices. Since 2025-03-31 Stripe's lines do not
-- contain the key, and a key may move to another price: the key that was first seen for a price counts.
create or replace function with_plans(lines jsonb, plans jsonb) returns jsonb language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if coalesce(plans, '{}') = '{}' then return lines; end if;
  return (
    select coalesce(jsonb_agg(case when (line->>'by_lookup_key')::boolean
      then line || coalesce(plans->lookup_key_of(line->>'stripe_price_id'), '{}') else line end), '[]')
    from jsonb_array_elements(lines) line);
end $$;

-- Does the same for the lines of invoices that were read: [{stripe_invoice_id, lines}].
create or replace function with_plans_of(invoices jsonb, plans jsonb) returns jsonb language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if jsonb_typeof(invoices) is distinct from 'array' then return null; end if;
  return (
    select jsonb_agg(invoice || jsonb_build_object('lines', with_plans(invoice->'lines', plans)))
    from jsonb_array_elements(invoices) invoice);
end $$;

-- Whether a plan was paid that no setting knows. If lines are charged, the Worker decides that from the event alone,
-- unless a lookup key may name one of their prices. If no line is charged, a line that credits something sold here is
-- known too: it takes what was brought then, whatever PLANS says now.
create or replace function is_of_unknown_plan(lines jsonb) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if lines @? '$[*].amount ? (@ > 0)' then
    return exists (
        select from jsonb_array_elements(lines) line
        where (line->>'by_lookup_key')::boolean and (line->>'amount')::bigint <> 0)
      and not exists (
        select from jsonb_array_elements(lines) line
        where line->>'credits' is not null and (line->>'amount')::bigint >= 0);
  end if;
  return lines @? '$[*].amount ? (@ < 0)' and not exists (
    select from jsonb_array_elements(lines) line
    where line->>'credits' is not null or ((line->>'amount')::bigint < 0
      and (is_invoice_credited(line->>'credits_invoice') or exists (select from credited_by(line)))));
end $$;

-- Whether a one-off sale has to wait for PLANS: it charges only plans that no setting knows, and one of its lines is of a
-- plan that PLANS knows, or credits what was granted here. Else its lines are of other products. A sale that charges no
-- plan does not wait: what its lines credit is owed once PLANS knows their price.
create or replace function charges_unknown_plan(lines jsonb) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return lines @? '$[*].amount ? (@ > 0)' and not exists (
      select from jsonb_array_elements(lines) line
      where line->>'credits' is not null and (line->>'amount')::bigint >= 0)
    and exists (
      select from jsonb_array_elements(lines) line
      where line->>'credits' is not null or ((line->>'amount')::bigint < 0
        and exists (select from credited_by(line) granted where granted.credits > 0)));
end $$;

-- Returns the member that makes a verdict provisional, if no setting knows a price of the invoice; else none. If an
-- invoice already waits with its lines, a provisional verdict does not replace them. If it waited for its lines, they
-- have just been read.
create or replace function of_setting(delivery jsonb, unknown text) returns jsonb language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if unknown is distinct from 'unknown_price' or delivery->>'via' is distinct from 'webhook'
    or waiting_facts(delivery) @> '{"lines": null, "unknown": "incomplete_invoice"}' then return '{}'; end if;
  return '{"provisional": true}';
end $$;

-- Whether all lines are of plans that bring nothing. Such lines are stored all the same: if PLANS gives such a plan
-- credits later, a change of plan takes none for what was paid before.
create or replace function sells_nothing(lines jsonb) returns boolean language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return jsonb_typeof(lines) = 'array' and not exists (
    select from jsonb_array_elements(lines) line
    where (line->>'amount')::bigint < 0 or (line->>'credits')::bigint > 0
      or ((line->>'by_lookup_key')::boolean and line->>'credits' is null));
end $$;

-- Records an invoice whose plans bring nothing. Its lines are stored as if they had been read from Stripe, because PLANS
-- may say otherwise when the event comes again.
create or replace function record_nothing(delivery jsonb, invoice text, lines jsonb, owner text) returns jsonb
language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  perform keep_lines(invoice, lines, '{}', false);
  return record_delivery(delivery, verdict('ignored', 'no_effect', owner));
end $$;

-- Whether a price has to be read to know how many credits a negative line takes. That is so only if the line credits no
-- known line.
create or replace function lacks_prices(in_currency text, lines jsonb) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return exists (
    select from jsonb_array_elements(lines) line
    where (line->>'amount')::bigint < 0 and bought_credits(line, in_currency) is null and credits_unknown_line(line, lines));
end $$;

-- Marks the negative lines that name what they credit, if that is not stored: then their price has to be known. Without
-- the price, a part of the money could take all the credits.
create or replace function with_needed_prices(lines jsonb) returns jsonb language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return (
    select coalesce(jsonb_agg(case when (line->>'amount')::bigint < 0 and coalesce((line->>'unit_amount')::numeric, 0) <= 0
        and credits_unknown_line(line, lines)
      then line || '{"needs_price": true}' else line end), '[]')
    from jsonb_array_elements(lines) line);
end $$;

-- Whether a negative line credits something that is neither stored nor on the same invoice.
create or replace function credits_unknown_line(line jsonb, lines jsonb) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return not exists (select from credited_by(line))
    and not exists (select from jsonb_array_elements(lines) other where line->'credits_lines' ? (other->>'id'));
end $$;

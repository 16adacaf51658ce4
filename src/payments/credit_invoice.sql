-- Moves credits with the money of a paid invoice's lines: a paid line grants, a credited line takes back. Once per
-- invoice, and once per period, proration and trial.
-- facts: stripe_invoice_id, stripe_subscription_id (its own, or null), stripe_customer_id, user_id (named by metadata),
-- created (Unix seconds), amount (minor units of its total, negative if the customer's balance grew), noted (minor units
-- that credit notes took off before it was paid), charged and returned (minor units that all its lines charge and
-- credit, without tax on top; null if not known), currency, paid_by (pi_… or ch_…, or null), stripe_charge_id, lines (of
-- subscriptions; null if they are not known), unknown (why: 'incomplete_invoice', 'unknown_price'), plans (what PLANS
-- says by lookup keys: {"<lookup key>": {key, credits, trial_credits}}; null if no line depends on a lookup key), sold
-- (credits that it sells beside plans, or null), prices (those that were read from Stripe), credited (paid invoices
-- that were read from Stripe, because lines of this one credit lines of theirs).
create or replace function credit_invoice(delivery jsonb, facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  owner text;
  objection text;
  ids text[];
  is_sale boolean;
begin
  select * into f from jsonb_to_record(facts) as f(stripe_invoice_id text, stripe_subscription_id text,
    stripe_customer_id text, user_id text, created bigint, amount bigint, noted bigint, charged bigint, returned bigint,
    currency text, paid_by text, stripe_charge_id text, lines jsonb, unknown text, plans jsonb, sold bigint,
    prices jsonb, credited jsonb);
  -- The invoices that its lines credit are locked too, also if only the waiting row has the lines.
  perform lock_subjects(variadic credited_subjects(with_waiting_lines(delivery, f.lines))
    || array['customer:' || f.stripe_customer_id, 'invoice:' || f.stripe_invoice_id]);
  ids := lock_invoice_payments(f.stripe_invoice_id, f.paid_by, f.stripe_charge_id);
  owner := lock_owner(f.stripe_customer_id, f.user_id, '{}');
  if is_settled(delivery) then return count_again(delivery, owner); end if;
  objection := why_not_credited(delivery, f.created);
  if objection is not null then return record_delivery(delivery, verdict('ignored', objection, owner)); end if;
  facts := with_waiting_facts(delivery, facts);
  if facts->'lines' is distinct from f.lines then
    -- They may have been stored since they were looked at above.
    perform lock_subjects(variadic credited_subjects(facts->'lines'));
  end if;
  f.sold := (facts->>'sold')::bigint;
  is_sale := f.sold is not null and f.stripe_subscription_id is null;
  -- As in settle_payment: a sale is for the user whom its metadata names, whatever else is on its invoice.
  if is_sale then owner := coalesce(f.user_id, owner); end if;
  if is_invoice_credited(f.stripe_invoice_id) then
    return record_delivery(delivery, verdict('duplicate', 'period_already_granted', owner));
  elsif pays_another_invoice(f.stripe_invoice_id, f.paid_by) then
    return record_delivery(delivery, verdict('rejected', 'payment_mismatch', owner));
  elsif is_settled_by_hand(variadic 'payment:' || f.stripe_invoice_id || ids) then
    return record_delivery(delivery, verdict('ignored', 'settled_by_hand', owner));
  elsif f.sold is null and sells_nothing(facts->'lines') then
    return record_nothing(delivery, f.stripe_invoice_id, facts->'lines', owner);
  end if;

  -- A one-off invoice whose event lacks lines is first read once: it may be about no subscription, and its customer no
  -- user's.
  if f.stripe_subscription_id is not null or f.unknown is distinct from 'incomplete_invoice'
    or jsonb_typeof(facts->'lines') = 'array' or waiting_facts(delivery) is not null then
    objection := owner_unknown(owner);
  end if;
  if objection is not null then
    return record_delivery(delivery, waits('parked', objection, owner, 'credit_invoice', facts,
      array['customer:' || f.stripe_customer_id, 'user:' || owner]) || of_setting(delivery, f.unknown));
  elsif jsonb_typeof(facts->'lines') is distinct from 'array' then
    return record_delivery(delivery, asks(coalesce(f.unknown, 'incomplete_invoice'), owner, 'credit_invoice', facts,
      'invoice:' || f.stripe_invoice_id) || of_setting(delivery, f.unknown));
  end if;
  objection := coalesce(why_refused(owner, 0),
    case when is_sale and is_of_another(owner, f.stripe_customer_id) then 'customer_mismatch' end);
  if objection is not null then return refuse_invoice(delivery, owner, objection, facts); end if;
  return credit_lines(delivery, facts, owner, ids);
end $$;

-- Records that an invoice could not be credited. Invoices that credit its lines and wait for it are refused as well.
create or replace function refuse_invoice(delivery jsonb, owner text, objection text, facts jsonb) returns jsonb
language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return with_released(
    refuse_customer(delivery, owner, facts->>'stripe_customer_id', objection, 'credit_invoice', facts),
    release((delivery->>'erase')::boolean, 'invoice:' || (facts->>'stripe_invoice_id')));
end $$;

-- Credits an invoice whose lines and owner are known, once everything is known that its lines depend on. The caller
-- holds the locks, and has made the checks before.
create or replace function credit_lines(delivery jsonb, facts jsonb, owner text, ids text[]) returns jsonb
language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  f record;
  objection text;
  missing text[];
  grants jsonb;
begin
  select * into f from jsonb_to_record(facts) as f(stripe_invoice_id text, stripe_subscription_id text, currency text,
    lines jsonb, plans jsonb, sold bigint, prices jsonb, credited jsonb);
  perform keep_prices(f.prices);
  if lacks_lookup_keys(f.lines) then
    return record_delivery(delivery, asks('incomplete_invoice', owner, 'credit_invoice', facts,
      'invoice:' || f.stripe_invoice_id));
  end if;
  f.lines := with_plans(f.lines, f.plans);
  if (case when f.sold is not null and f.stripe_subscription_id is null then charges_unknown_plan(f.lines)
    else is_of_unknown_plan(f.lines) end) then
    return record_delivery(delivery, asks('unknown_price', owner, 'credit_invoice',
      facts || '{"lines": null, "unknown": "unknown_price"}', 'invoice:' || f.stripe_invoice_id) || of_setting(delivery, 'unknown_price'));
  end if;
  if f.sold is null and sells_nothing(f.lines) then
    return record_nothing(delivery, f.stripe_invoice_id, f.lines, owner);
  end if;
  perform keep_credited(with_plans_of(f.credited, f.plans), f.currency);
  f.lines := with_needed_prices(f.lines);
  facts := facts || jsonb_build_object('lines', f.lines);
  missing := missing_invoices(f.stripe_invoice_id, f.lines);
  if missing <> '{}' then
    return record_delivery(delivery, waits('parked', 'unknown_invoice', owner, 'credit_invoice', facts,
      array['invoice:' || f.stripe_invoice_id] || missing || ('user:' || owner)) || '{"asks": true}');
  end if;
  grants := invoice_grants(owner, facts);
  if grants is null or lacks_prices(f.currency, f.lines) then
    return record_delivery(delivery, asks('incomplete_invoice', owner, 'credit_invoice', facts,
      'invoice:' || f.stripe_invoice_id));
  end if;
  grants := with_sale(grants, f.stripe_invoice_id, f.sold, ids);
  objection := why_refused(owner, credits_in(grants));
  if objection is not null then return refuse_invoice(delivery, owner, objection, facts); end if;
  return write_credits(delivery, facts, owner, grants, ids);
end $$;

-- Adds to the grants the credits that an invoice sells beside plans, unless a payment that paid the invoice was
-- credited already.
create or replace function with_sale(grants jsonb, invoice text, sold bigint, paid_by text[]) returns jsonb
language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if sold is null or exists (select from payments where stripe_payment_id = any (array(
    select substr(subject, length('payment:') + 1) from unnest(paid_by) subject))) then return grants; end if;
  return grants || jsonb_build_object('sale',
    jsonb_build_object('kind', 'purchase', 'key', 'purchase:' || invoice, 'credits', sold));
end $$;

-- Writes what an invoice grants and takes, and records its delivery. The caller holds the locks, and has made the
-- checks.
create or replace function write_credits(delivery jsonb, facts jsonb, owner text, grants jsonb, ids text[]) returns jsonb
language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  f record;
  takes jsonb;
  payment text;
  customer text;
  recorded jsonb;
begin
  select * into f from jsonb_to_record(facts) as f(stripe_invoice_id text, stripe_customer_id text, user_id text,
    amount bigint, currency text, paid_by text, stripe_charge_id text, lines jsonb, sold bigint);
  perform keep_older_invoices(f.lines), keep_lines(f.stripe_invoice_id, f.lines, grants, true);
  takes := invoice_takes(facts);
  -- An invoice without money of its own has nothing that could come back, but what it sells needs a payment. One with
  -- money but without credits is stored too: so a refund of it is known to take no credits.
  if f.amount > 0 or f.sold > 0 then
    payment := f.stripe_invoice_id;
    insert into payments (stripe_payment_id, user_id, credits, amount, currency, stripe_charge_id)
    values (payment, owner, greatest(0, credits_in(grants) - credits_in(takes)), greatest(0, f.amount), f.currency,
      f.stripe_charge_id);
  end if;
  perform set_config('ledgerhook.more_entries', (credits_in(grants) > 0)::text, true);
  perform write_entries(owner, 'plan_change', -1, takes, payment, delivery->>'event_id');
  perform set_config('ledgerhook.more_entries', 'false', true);
  perform write_entries(owner, 'plan_grant', 1, grants, payment, delivery->>'event_id');
  if f.amount < 0 then perform return_reversed(owner, f.stripe_invoice_id, delivery->>'event_id'); end if;
  perform name_invoice_payment(f.stripe_invoice_id, f.paid_by);
  customer := provide_named_customer(owner, f.stripe_customer_id, f.user_id);
  recorded := record_delivery(delivery, case
    when credits_in(grants) + credits_in(takes) > 0 then verdict('applied', null, owner)
    when grants @? '$.*.known ? (@ == true)' then verdict('duplicate', 'period_already_granted', owner)
    else verdict('ignored', 'no_effect', owner) end);
  return with_released(recorded, release((delivery->>'erase')::boolean, variadic ids
    || customer || ('payment:' || payment) || ('invoice:' || f.stripe_invoice_id)));
end $$;

-- Writes a ledger entry for each key of {"<line>": {"key", "credits", "kind" (if it differs)}}.
create or replace function write_entries(owner text, kind text, sign integer, moved jsonb, payment text, event text)
returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  insert into credit_ledger (user_id, kind, amount, idempotency_key, stripe_payment_id, event_id)
  select owner, coalesce(entry.value->>'kind', write_entries.kind), sign * sum((entry.value->>'credits')::bigint), entry.value->>'key', payment, event
  from jsonb_each(moved) entry where (entry.value->>'credits')::bigint > 0
  group by entry.value->>'kind', entry.value->>'key' order by entry.value->>'key';
end $$;

-- Returns the subjects of credit_invoice: see `subjects_of`.
create or replace function credit_invoice_subjects(facts jsonb) returns text[] language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return credited_subjects(facts->'lines') || array['customer:' || (facts->>'stripe_customer_id'),
    'invoice:' || (facts->>'stripe_invoice_id'), 'payment:' || (facts->>'stripe_invoice_id'),
    'payment:' || (facts->>'paid_by'), 'payment:' || (facts->>'stripe_charge_id'), 'user:' || (facts->>'user_id')];
end $$;

-- Grants a plan's credits for a paid invoice, once per subscription and period. The sale is the invoice: several
-- payments may pay it, and Stripe may report them later.
-- facts: stripe_invoice_id, stripe_subscription_id, stripe_customer_id, user_id (named by metadata), amount (minor
-- units), currency, paid_by (pi_… or ch_…, or null), stripe_charge_id, grants: [{period_start (Unix seconds),
-- credits}], null if they are not known: unknown says why ('incomplete_invoice', 'unknown_price').
create or replace function grant_plan(delivery jsonb, facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  owner text;
  objection text;
  granted bigint;
  ids text[];
  customer text;
  setting jsonb := '{}';
begin
  select * into f from jsonb_to_record(facts) as f(stripe_invoice_id text, stripe_subscription_id text,
    stripe_customer_id text, user_id text, amount bigint, currency text, paid_by text, stripe_charge_id text,
    grants jsonb, unknown text);
  -- A delivery that already waits with its grants keeps them, even if no setting knows the price now.
  if f.unknown = 'unknown_price' and delivery->>'via' = 'webhook' then setting := '{"provisional": true}'; end if;
  -- Upwards: the customer, the invoice, what paid it, its owner.
  perform lock_subjects('customer:' || f.stripe_customer_id, 'invoice:' || f.stripe_invoice_id);
  ids := lock_invoice_payments(f.stripe_invoice_id, f.paid_by, f.stripe_charge_id);
  owner := lock_owner(f.stripe_customer_id, f.user_id, '{}');
  if is_settled(delivery) then return count_again(delivery, owner); end if;
  objection := why_not_credited(delivery, null);
  if objection is not null then return record_delivery(delivery, verdict('ignored', objection, owner)); end if;
  f.grants := with_waiting_grants(delivery, f.grants);
  facts := facts || jsonb_build_object('grants', f.grants);
  if exists (select from payments where stripe_payment_id = f.stripe_invoice_id) then
    return record_delivery(delivery, verdict('duplicate', 'period_already_granted', owner));
  elsif pays_another_invoice(f.stripe_invoice_id, f.paid_by) then
    return record_delivery(delivery, verdict('rejected', 'payment_mismatch', owner));
  elsif is_settled_by_hand(variadic 'payment:' || f.stripe_invoice_id || ids) then
    return record_delivery(delivery, verdict('ignored', 'settled_by_hand', owner));
  end if;

  objection := owner_unknown(owner);
  if objection is not null then
    return record_delivery(delivery, waits('parked', objection, owner, 'grant_plan', facts,
      array['customer:' || f.stripe_customer_id, 'user:' || owner]) || setting);
  elsif jsonb_typeof(f.grants) is distinct from 'array' then
    return record_delivery(delivery, asks(coalesce(f.unknown, 'incomplete_invoice'), owner, 'grant_plan', facts,
      'invoice:' || f.stripe_invoice_id) || setting);
  end if;
  objection := why_refused(owner, total_of(f.grants));
  if objection is not null then
    return refuse_customer(delivery, owner, f.stripe_customer_id, objection, 'grant_plan', facts);
  end if;

  granted := ungranted_of(f.stripe_subscription_id, f.grants);
  if granted = 0 then
    return record_delivery(delivery, verdict('duplicate', 'period_already_granted', owner));
  end if;
  insert into payments (stripe_payment_id, user_id, credits, amount, currency, stripe_charge_id)
  values (f.stripe_invoice_id, owner, granted, f.amount, f.currency, f.stripe_charge_id);
  perform grant_periods(owner, f.stripe_subscription_id, f.stripe_invoice_id, f.grants, delivery->>'event_id');
  perform name_invoice_payment(f.stripe_invoice_id, f.paid_by);
  customer := provide_named_customer(owner, f.stripe_customer_id, f.user_id);
  return with_released(record_delivery(delivery, verdict('applied', null, owner)),
    release((delivery->>'erase')::boolean, variadic ids || customer || ('payment:' || f.stripe_invoice_id)
      || ('invoice:' || f.stripe_invoice_id)));
end $$;

-- Returns what the event grants now, but no less than when it was parked: a setting that has lost a price since then
-- takes nothing from a waiting delivery.
create or replace function with_waiting_grants(delivery jsonb, grants jsonb) returns jsonb language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  waiting constant jsonb := (
    select effect->'facts'->'grants' from webhook_events
    where provider = delivery->>'provider' and event_id = delivery->>'event_id');
begin
  if jsonb_typeof(waiting) is distinct from 'array' then return grants; end if;
  if jsonb_typeof(grants) is distinct from 'array' then return waiting; end if;
  return (
    select jsonb_agg(jsonb_build_object('period_start', period_start, 'credits', credits)) from (
      select period_start, max(credits) as credits
      from jsonb_to_recordset(waiting || grants) as period(period_start bigint, credits bigint) group by period_start
    ) larger);
end $$;

-- Returns the sum of credits of these grants.
create or replace function total_of(grants jsonb) returns bigint language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return (select coalesce(sum(credits), 0) from jsonb_to_recordset(grants) as granted(credits bigint));
end $$;

-- Returns the key that names the credits of a subscription's period forever.
create or replace function period_key(subscription text, period_start bigint) returns text language sql immutable as $$
  select pg_catalog.concat('plan_grant:', subscription, ':', period_start)
$$;

-- Whether this period of the subscription was granted before. It looks each period up by key, because a join could read
-- the whole ledger.
create or replace function is_granted(subscription text, period_start bigint) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return exists (select from credit_ledger where idempotency_key = period_key(subscription, period_start));
end $$;

-- Returns the credits of those periods that were not granted yet.
create or replace function ungranted_of(subscription text, grants jsonb) returns bigint language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return (
    select coalesce(sum(credits), 0) from jsonb_to_recordset(grants) as period(period_start bigint, credits bigint)
    where not is_granted(subscription, period_start));
end $$;

-- Writes a ledger entry for each period that was not granted yet.
create or replace function grant_periods(owner text, subscription text, invoice text, grants jsonb, event text)
returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  insert into credit_ledger (user_id, kind, amount, idempotency_key, stripe_payment_id, event_id)
  select owner, 'plan_grant', credits, period_key(subscription, period_start), invoice, event
  from jsonb_to_recordset(grants) as period(period_start bigint, credits bigint)
  where not is_granted(subscription, period_start);
end $$;

-- Returns the subjects of grant_plan: see `subjects_of`.
create or replace function grant_plan_subjects(facts jsonb) returns text[] language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return array['customer:' || (facts->>'stripe_customer_id'), 'invoice:' || (facts->>'stripe_invoice_id'),
    'payment:' || (facts->>'stripe_invoice_id'), 'payment:' || (facts->>'paid_by'),
    'payment:' || (facts->>'stripe_charge_id'), 'user:' || (facts->>'user_id')];
end $$;

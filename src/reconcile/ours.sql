-- Returns a page of the users here whom Clerk should have.
-- facts: after (the last id of the page before), most. Returns {"ids": in order, "after": null at the end}.
create or replace function our_users(facts jsonb) returns jsonb language plpgsql stable security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  page users[];
begin
  select * into f from jsonb_to_record(facts) as f(after text, most integer);
  page := array(select here from users here where id > f.after order by id limit f.most);
  return jsonb_build_object('after', case when cardinality(page) = f.most then page[f.most].id end,
    'ids', (select coalesce(jsonb_agg(id order by id) filter (where deactivated_at is null), '[]') from unnest(page)));
end $$;

-- Returns a page of the payments that were credited here since a moment, the oldest first. Imported payments were not
-- credited here. Payments from test mode, before live mode was served, are left out because a live key cannot read
-- them.
-- facts: since, after ([created_at, stripe_payment_id] of the last row of the page before, or null), most. Returns
-- {"payments": [{stripe_payment_id, stripe_checkout_session_id, user_id, credits, amount, currency}], "after": null at
-- the end}.
create or replace function our_payments(facts jsonb) returns jsonb language plpgsql stable security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  page payments[];
  went_live constant timestamptz := (select account.since from stripe_account account where one and livemode <> first_livemode);
begin
  select * into f from jsonb_to_record(facts) as f(since timestamptz, after text[], most integer);
  f.since := greatest(f.since, went_live);
  page := array(select payment from payments payment
    where created_at >= coalesce(f.after[1]::timestamptz, f.since, '-infinity') and gone_before is null
      and (f.after is null or (created_at, stripe_payment_id) > (f.after[1]::timestamptz, f.after[2]))
    order by created_at, stripe_payment_id limit f.most);
  return jsonb_build_object('after', case when cardinality(page) = f.most
      then jsonb_build_array(page[f.most].created_at, page[f.most].stripe_payment_id) end,
    'payments', (select coalesce(jsonb_agg(jsonb_build_object('stripe_payment_id', stripe_payment_id,
        'stripe_checkout_session_id', stripe_checkout_session_id, 'user_id', user_id, 'credits', credits,
        'amount', amount, 'currency', currency)), '[]') from unnest(page)));
end $$;

-- Returns a slice of the objects of Stripe that may still change: those whose delivery waits, refunds that may still
-- fail, disputes that are not closed.
-- facts: after ([kind, key, …] of the last row of the slice before, or null), most (rows looked at). Returns
-- {"objects": ids, "after": null at the end}.
create or replace function our_unsettled(facts jsonb) returns jsonb language plpgsql stable security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  rows waiting[];
  known reversals[];
begin
  select * into f from jsonb_to_record(facts) as f(after text[], most integer);
  if f.after is null or f.after[1] = 'waiting' then
    rows := array(select here from waiting here
      where provider = 'stripe' and (event_id, subject) > (coalesce(f.after[2], ''), coalesce(f.after[3], ''))
      order by event_id, subject limit f.most);
    return jsonb_build_object('objects', (
      select coalesce(jsonb_agg(distinct event.about[1]), '[]') from unnest(rows) here
      join webhook_events event on event.provider = here.provider and event.event_id = here.event_id
      where event.about[1] is not null and event.outcome = 'parked'), 'after', case when cardinality(rows) = f.most
        then jsonb_build_array('waiting', rows[f.most].event_id, rows[f.most].subject)
        else '["reversals", ""]' end);
  end if;
  known := array(select reversal from reversals reversal where id > f.after[2] order by id limit f.most);
  return jsonb_build_object('objects', (
    select coalesce(jsonb_agg(id), '[]') from unnest(known)
    where state in ('pending', 'requires_action', 'withdrawn', 'reinstated')),
    'after', case when cardinality(known) = f.most then jsonb_build_array('reversals', known[f.most].id) end);
end $$;

-- Returns which of these events of Stripe never came. facts: ids.
create or replace function unknown_events(facts jsonb) returns jsonb language plpgsql stable security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
begin
  select * into f from jsonb_to_record(facts) as f(ids text[]);
  return (select coalesce(jsonb_agg(id), '[]') from unnest(f.ids) id
    where not exists (select from webhook_events where provider = 'stripe' and event_id = id));
end $$;

-- Returns the ids by which Stripe knows a user. Payments are those that a ledger entry of the user names, and imported
-- ones, which no entry names before some of their money comes back.
-- facts: user_id. Returns {"known": whether the user is or was here, "open": is here and not deleted, "customers",
-- "invoices", "payments": PaymentIntents}.
create or replace function ours_of(facts jsonb) returns jsonb language plpgsql stable security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  sold text[];
begin
  select * into f from jsonb_to_record(facts) as f(user_id text);
  sold := array(select stripe_payment_id from credit_ledger where user_id = f.user_id and stripe_payment_id is not null
    union select stripe_payment_id from payments where user_id = f.user_id and gone_before is not null);
  return jsonb_build_object(
    'known', exists (select from wallets where user_id = f.user_id) or exists (select from users where id = f.user_id),
    'open', coalesce((select deactivated_at is null from users where id = f.user_id), false),
    'customers', (select coalesce(jsonb_agg(id order by id), '[]') from stripe_customers
      where user_id = f.user_id and deleted_at is null),
    'payments', (select coalesce(jsonb_agg(distinct stripe_payment_intent_id), '[]') from payments
      where stripe_payment_id = any (sold) and stripe_payment_intent_id is not null),
    'invoices', (select coalesce(jsonb_agg(id), '[]') from unnest(sold) id where id like 'in\_%'));
end $$;

-- Returns what Stripe learns about a user who buys.
-- facts: user_id, bring, erase. Returns {"email", "name", "stripe_customer_id", "barred": why the user may not buy now,
-- or null}, or {"refused": why}.
create or replace function read_buyer(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  refusal text;
begin
  select * into f from jsonb_to_record(facts) as f(user_id text, bring boolean, erase boolean);
  refusal := ensure_user(f.user_id, f.bring, f.erase);
  if refusal is not null then return jsonb_build_object('refused', refusal); end if;
  return jsonb_build_object('barred', why_barred(f.user_id)) || coalesce((
    select jsonb_build_object('email', email, 'name', name, 'stripe_customer_id', stripe_customer_id)
    from users where id = f.user_id
  ), '{"email": null, "name": null, "stripe_customer_id": null}');
end $$;

-- Stores the customer that was just created at Stripe, before anything is bought with it. Returns the user's customer
-- from now on: another one if another request was faster, or null if this one is deleted.
-- facts: user_id, stripe_customer_id, gone (the customer it replaces: Stripe says that it is deleted), unknown (the
-- customer it replaces: Stripe does not know it), account (of the key; null: not known) and livemode, erase. With a key
-- that this database does not serve nothing changes: {"refused": "wrong_key"}.
create or replace function adopt_customer(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
begin
  select * into f from jsonb_to_record(facts) as f(user_id text, stripe_customer_id text, gone text, unknown text,
    account text, livemode boolean, erase boolean);
  perform lock_subjects('customer:' || f.stripe_customer_id, 'customer:' || f.gone, 'customer:' || f.unknown,
    'user:' || f.user_id);
  if why_barred(f.user_id) is not null then return jsonb_build_object('refused', why_barred(f.user_id)); end if;
  -- An older Worker does not send the mode of its key.
  if f.livemode is not null and not serves(f.account, f.livemode) or (f.unknown is not null and f.account is null) then
    return '{"refused": "wrong_key"}';
  elsif f.unknown is not null then
    perform unlink_unknown(f.user_id, f.unknown);
  elsif f.gone is not null then
    perform unlink_customer(jsonb_build_object('erase', f.erase), jsonb_build_object('stripe_customer_id', f.gone));
  end if;
  insert into users (id, provisioned_by) values (f.user_id, 'session') on conflict do nothing;
  perform claim_customer(f.user_id, f.stripe_customer_id);
  perform release(f.erase, 'customer:' || f.stripe_customer_id);
  return (select jsonb_build_object('stripe_customer_id', stripe_customer_id) from users where id = f.user_id);
end $$;

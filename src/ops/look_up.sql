-- Returns what the page shows about a user, a payment, an event or a reference: what explain returns, and with it the
-- user, the payments of these entries with what came back of them, the user's subscriptions, and what operators have
-- done.
-- facts: id, before_id and page_size (as in explain). Returns {"refused": "not_found"} if nothing is known of the id.
create or replace function look_up(facts jsonb) returns jsonb language plpgsql stable security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  explained jsonb;
  owner text;
begin
  select * into f from jsonb_to_record(facts) as f(id text, before_id bigint, page_size integer);
  explained := explain(facts);
  if explained ? 'refused' then return explained; end if;
  owner := explained->>'user_id';
  return explained || jsonb_build_object(
    'user', shown_user(owner),
    'payments', shown_payments(array(
      select distinct entry->>'payment' from jsonb_array_elements(explained->'entries') entry
      where entry->>'payment' is not null) || (explained->>'payment')),
    'subscriptions', (select coalesce(jsonb_agg(to_jsonb(here)), '[]') from (
      select id, plan_key, stripe_price_id, status, current_period_end, cancel_at_period_end, collection_paused,
        double_since, cancel_due_at
      from subscriptions where user_id = owner order by created_at desc limit 50) here),
    'actions', actions_about(null, owner, 20));
end $$;

-- Returns a user, as far as known: a deleted one still has the wallet. Null if there is none.
create or replace function shown_user(given text) returns jsonb language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return (select jsonb_build_object('id', wallet.user_id, 'closed_at', wallet.closed_at, 'banned_at', wallet.banned_at,
      'created_at', wallet.created_at, 'email', here.email, 'stripe_customer_id', here.stripe_customer_id,
      'erasure_asked_at', (select asked_at from erasures where user_id = given))
    from wallets wallet left join users here on here.id = given where wallet.user_id = given);
end $$;

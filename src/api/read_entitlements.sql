-- Returns what a backend asks before it does something for a user.
-- facts: user_id. Returns {"plan", "status", "cancel_at", "collection_paused", "banned", "balance"}, the first three
-- null without a subscription, or {"refused": why}.
create or replace function read_entitlements(facts jsonb) returns jsonb language plpgsql stable security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  refusal text;
  subscription jsonb;
begin
  select * into f from jsonb_to_record(facts) as f(user_id text);
  refusal := why_refused(f.user_id, 0);
  if refusal is not null then return jsonb_build_object('refused', refusal); end if;
  subscription := current_subscription(f.user_id);
  return (
    select jsonb_build_object('plan', subscription->'plan', 'status', subscription->'status',
      'cancel_at', subscription->'cancel_at', 'collection_paused', coalesce(subscription->'collection_paused', 'false'),
      'banned', banned_at is not null, 'balance', balance)
    from wallets where user_id = f.user_id);
end $$;

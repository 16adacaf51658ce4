-- Returns the signed-in user.
-- facts: user_id, bring, erase. Returns {"id", "email", "name", "balance", "banned", "subscription"}, or {"refused":
-- why}.
create or replace function read_me(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  refusal text;
begin
  select * into f from jsonb_to_record(facts) as f(user_id text, bring boolean, erase boolean);
  refusal := ensure_user(f.user_id, f.bring, f.erase);
  if refusal is not null then return jsonb_build_object('refused', refusal); end if;
  return (
    select jsonb_build_object(
      'id', wallet.user_id, 'email', users.email, 'name', users.name, 'balance', wallet.balance,
      'banned', wallet.banned_at is not null,
      'subscription', current_subscription(wallet.user_id))
    from wallets wallet left join users on users.id = wallet.user_id where wallet.user_id = f.user_id);
end $$;

-- Returns one page of the signed-in user's wallet.
-- facts: user_id, bring, erase, page_size, before_id (of a cursor, or null). Returns what wallet_page returns, or
-- {"refused": why}.
create or replace function read_wallet(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  refusal text;
begin
  select * into f from jsonb_to_record(facts) as f(user_id text, bring boolean, erase boolean, page_size integer, before_id bigint);
  refusal := ensure_user(f.user_id, f.bring, f.erase);
  if refusal is not null then return jsonb_build_object('refused', refusal); end if;
  return coalesce(wallet_page(f.user_id, f.page_size, f.before_id), '{"refused": "invalid_cursor"}');
end $$;

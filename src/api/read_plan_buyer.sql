-- Returns what read_buyer returns, and the user's live plans, without those that only a reference assigns to the user:
-- anybody could have bought them.
-- facts: user_id, bring, erase. Returns that with "plans": [{"price", "plan"}], or {"refused": why}.
create or replace function read_plan_buyer(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  buyer jsonb;
begin
  select * into f from jsonb_to_record(facts) as f(user_id text, bring boolean, erase boolean);
  buyer := read_buyer(facts);
  if buyer ? 'refused' then return buyer; end if;
  return buyer || jsonb_build_object('plans', (
    select coalesce(jsonb_agg(jsonb_build_object('price', stripe_price_id, 'plan', plan_key)), '[]')
    from (select * from subscriptions where user_id = f.user_id order by created_at desc, id limit 1000) few
    where is_live_plan(status, plan_key) and is_served(livemode)
      and (named_user_id is not distinct from f.user_id or not is_by_reference(stripe_customer_id))));
end $$;

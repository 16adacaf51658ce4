-- Corrects a balance for an operator, as `npm run adjust` does. The same key again changes nothing, and is not recorded
-- again.
-- facts: operator, user_id, amount (credits, signed), idempotency_key, note (why). Returns what adjust returns.
create or replace function adjust_for_operator(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  adjusted jsonb;
begin
  select * into f from jsonb_to_record(facts) as f(operator text, user_id text, amount bigint, idempotency_key text,
    note text);
  adjusted := adjust(facts - 'operator');
  if adjusted @> '{"is_new": true}' then
    perform record_action(f.operator, 'adjust', null, null, f.user_id, f.amount, f.note);
  end if;
  return adjusted;
end $$;

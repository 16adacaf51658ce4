-- Counts what is parked or rejected for one reason, which an action on all of it would take. It counts up to 10,001.
-- facts: outcome, reason. Returns {"count", "oldest", "newest" (moments; null if there is none)}.
create or replace function count_unsettled(facts jsonb) returns jsonb language plpgsql stable security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
begin
  select * into f from jsonb_to_record(facts) as f(outcome text, reason text);
  return jsonb_build_object(
    'count', (select count(*) from (select from webhook_events where outcome = f.outcome
      and outcome in ('parked', 'rejected') and reason = f.reason limit 10001) slice),
    'oldest', (select received_at from webhook_events where outcome = f.outcome
      and outcome in ('parked', 'rejected') and reason = f.reason order by received_at limit 1),
    'newest', (select received_at from webhook_events where outcome = f.outcome
      and outcome in ('parked', 'rejected') and reason = f.reason order by received_at desc limit 1));
end $$;

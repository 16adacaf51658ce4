-- Returns what needs a look: alerts; the last 24 hours and 30 days; the secrets that match; what waits, by reason; what
-- else needs attention; the background work; the largest tables; the differences from the providers.
-- facts: reasons (as in attention), migrations, functions and entry_points (as in readiness), task_names (as in
-- attention_besides).
create or replace function overview(facts jsonb) returns jsonb language plpgsql stable security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
begin
  select * into f from jsonb_to_record(facts) as f(reasons jsonb, migrations jsonb, functions text,
    entry_points text[], task_names text[]);
  return jsonb_build_object(
    'alerts', list_alerts('{}'), 'hours', shown_series('hour', 24), 'days', shown_series('day', 30),
    'secrets', secrets_in_use(),
    'waiting', attention(jsonb_build_object('reasons', f.reasons)),
    'besides', attention_besides(jsonb_build_object('task_names', f.task_names)), 'behind', behind_besides(),
    'status', readiness(facts - 'reasons' - 'task_names')->'status',
    'migration', (select tag from migrations order by tag desc limit 1),
    'tasks', (select coalesce(jsonb_agg(jsonb_build_object('name', name, 'last_good_at', last_good_at,
        'next_at', next_at, 'failures', failures) order by name), '[]') from tasks),
    'reconciled', (select cursor->'complete' from tasks where name = 'reconcile'),
    'differences', (select coalesce(jsonb_agg(to_jsonb(differing)), '[]') from (
      select provider, object, kind, user_id, credits, reason, reported_at from differences
      where reported_at <= now() and settled_at is null order by reported_at desc limit 50) differing),
    'stored', (select jsonb_agg(to_jsonb(stored)) from (
      select relname::text as name, greatest(reltuples, 0)::bigint as rows, pg_total_relation_size(oid) as bytes
      from pg_class where relnamespace = 'ledgerhook'::regnamespace and relkind = 'r'
      order by bytes desc limit 5) stored));
end $$;

-- Runs a verb by the name that a stored effect gives, and returns its verdict. Only a function named in `verbs` is
-- executed.
create or replace function run_verb(given_verb text, delivery jsonb, given jsonb) returns jsonb language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  verb text;
  verdict jsonb;
begin
  select name into strict verb from verbs where name = given_verb;
  execute format('select ledgerhook.%I($1, $2)', verb) into verdict using delivery, given;
  return verdict;
end $$;

-- Runs the verbs of several deliveries in one statement, in order of occurrence: a statement built from names is
-- planned each time that it runs. If one verb fails, all fail. The caller has locked their subjects, and has found
-- their verbs in `verbs`.
-- deliveries: [{place, occurred_at, verb, facts, delivery (as text)}]. Returns [{"place", "verdict"}].
create or replace function run_verbs(deliveries jsonb) returns jsonb language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  cases text;
  verdicts jsonb;
begin
  select string_agg(format('when %L then ledgerhook.%I(delivery::jsonb, facts)', name, name), ' ') into cases
  from verbs where name = any (array(select verb from jsonb_to_recordset(deliveries) as d(verb text)));
  -- Each verb begins with an empty list of held locks, and takes its own again, which this transaction holds already:
  -- searching a long list for each lock would cost more. `case` guarantees the order of evaluation.
  execute format('select jsonb_agg(jsonb_build_object(''place'', place, ''verdict'',
      case when set_config(''ledgerhook.held'', '''', true) is not null then case verb %s end end))
    from (select * from jsonb_to_recordset($1) as d(place integer, occurred_at timestamptz, verb text, facts jsonb,
      delivery text) order by occurred_at nulls first, place) queued', cases) into verdicts using deliveries;
  return verdicts;
end $$;

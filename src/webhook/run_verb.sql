-- Runs a verb by its name, as effects name it, and returns its verdict. Only what stands in `verbs` is executed.
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

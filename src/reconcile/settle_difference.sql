-- Settles a difference that a person has dealt with: nothing reports or counts it any more, until the object differs in
-- another way. Only the owner of the database may call it.
-- facts: object, kinds (which can be settled), note (why). Returns {"settled": true, "kind"}, or {"refused": why}.
create or replace function settle_difference(facts jsonb) returns jsonb language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  f record;
begin
  select * into f from jsonb_to_record(facts) as f(object text, kinds text[], note text);
  return close_difference(f.object, f.kinds, f.note, session_user) - 'provider' - 'user_id';
end $$;

-- Closes a difference for a person. Returns {"settled", "kind", "provider", "user_id"}, or {"refused"}.
create or replace function close_difference(of_object text, kinds text[], note text, person text) returns jsonb
language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  known differences;
begin
  if coalesce(trim(note), '') = '' then return '{"refused": "missing_note"}'; end if;
  select * into known from differences where provider in ('clerk', 'stripe') and object = of_object for update;
  if not found then return '{"refused": "not_found"}'; end if;
  if known.settled_at is not null then return '{"refused": "already_final"}'; end if;
  if known.kind <> all (kinds) then return '{"refused": "is_fixable"}'; end if;
  update differences set settled_at = now(), settled_by = person, note = trim(close_difference.note)
  where provider = known.provider and object = known.object;
  return jsonb_build_object('settled', true, 'kind', known.kind, 'provider', known.provider, 'user_id', known.user_id);
end $$;

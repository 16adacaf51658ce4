-- Creates a signed-in user for whom no webhook of Clerk has come yet. That webhook later completes the user, and grants
-- the bonus. For a known user this is only a lookup: nothing is locked or written. bring: whether to create the user;
-- if not, an unknown user is `unknown_user`. Returns why the user may not act, or null if nothing prevents it.
create or replace function ensure_user(given text, bring boolean, erase boolean) returns text language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  refusal text := why_refused(given, 0);
begin
  if refusal is distinct from 'unknown_user' or not bring then return refusal; end if;
  perform lock_subjects('user:' || given);
  if open_wallet(given) then
    insert into users (id, provisioned_by) values (given, 'session') on conflict do nothing;
    perform release(erase, 'user:' || given);
  end if;
  return why_refused(given, 0);
end $$;

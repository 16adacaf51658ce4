-- Brings a signed-in user whom Clerk's webhook has not brought yet; the webhook completes the user when it comes, and
-- grants the bonus. One who is there already costs a look: nothing is locked or written. bring: whether that is asked
-- for; else such a user is `unknown_user`. Returns why the user may not act: null when nothing speaks against it.
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

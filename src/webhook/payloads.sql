-- The body as jsonb. Null where jsonb cannot hold it: it has no \u0000, no lone surrogates and no boundless numbers.
create or replace function storable_payload(body text) returns jsonb language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return body::jsonb;
exception when data_exception or program_limit_exceeded then
  return null;
end $$;

-- Whether nothing of this user's payloads may be kept or read: the user is being erased, or is erased already.
create or replace function is_erased(given text) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return given is not null and exists (select from erasures where user_id = given);
end $$;

-- This payload, if it may be kept with this outcome. Null for users who are erased, and, where payloads are erased, for
-- what names no user, by whom it could be found later; unless it is parked, and still has to be read.
create or replace function kept_payload(given jsonb, erase boolean, outcome text, of_user text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if (of_user is null and outcome <> 'parked' and erase) or exists (select from erasures where user_id = of_user) then
    return null;
  end if;
  return given;
end $$;

-- Returns the body as jsonb, or null if jsonb cannot hold it: jsonb has no \u0000, no lone surrogates and no boundless
-- numbers.
create or replace function storable_payload(body text) returns jsonb language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return body::jsonb;
exception when data_exception or program_limit_exceeded then
  return null;
end $$;

-- Whether none of this user's payloads may be kept or read: the user is being erased, or is erased already.
create or replace function is_erased(given text) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return given is not null and exists (select from erasures where user_id = given);
end $$;

-- Returns this payload if it may be kept with this outcome, else null. The payload of an erased user may not. If
-- payloads are erased, neither may one that names no user, because an erasure could not find it later, unless it is
-- parked and still has to be read.
create or replace function kept_payload(given jsonb, erase boolean, outcome text, of_user text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if (of_user is null and outcome <> 'parked' and erase) or exists (select from erasures where user_id = of_user) then
    return null;
  end if;
  return given;
end $$;

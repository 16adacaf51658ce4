-- Opens the user's wallet. Returns whether there was none before, open or closed. The caller holds the user's lock.
create or replace function open_wallet(given text) returns boolean language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  opened boolean;
begin
  insert into wallets (user_id) values (given) on conflict do nothing;
  opened := found;
  if opened then perform tell(given, 'user.created', 'created:' || given, '{}'); end if;
  return opened;
end $$;

-- Returns why this user cannot take this many credits, or null if nothing prevents it: `unknown_user`,
-- `user_deactivated`, or `limit_exceeded` if the balance would exceed what JSON counts exactly. A user is known while
-- the wallet is open.
create or replace function why_refused(given text, credits bigint) returns text language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  wallet wallets;
begin
  select * into wallet from wallets where user_id = given;
  return case
    when wallet.user_id is null then 'unknown_user'
    when wallet.closed_at is not null then 'user_deactivated'
    when not is_exact(wallet.balance + credits::numeric) then 'limit_exceeded' end;
end $$;

-- Returns why this user may not act now: the reasons of why_refused, and `user_banned` while Clerk has banned the user.
-- What a banned user has paid is credited all the same.
create or replace function why_barred(given text) returns text language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return coalesce(why_refused(given, 0),
    (select 'user_banned' from wallets where user_id = given and banned_at is not null));
end $$;

-- Whether JSON and JavaScript hold this number of credits exactly: up to 2^53 - 1.
create or replace function is_exact(credits numeric) returns boolean language sql immutable as $$
  select credits between -9007199254740991 and 9007199254740991
$$;

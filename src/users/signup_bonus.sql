-- The signup bonus is given once per user or, if the setting says so, once per address as well.

-- Decides on the bonus by what Clerk says about a user, even in an event that is older than what is stored. If the
-- bonus is given once per user, Clerk's first event decides. If it is given once per address, the bonus waits for a
-- verified address, and every verified address of a user who has had it is used up. The caller holds the locks of the
-- addresses and of the user.
-- claim: facts of sync_user. is_first: whether no event of Clerk's was applied to this user before.
create or replace function decide_bonus(claim jsonb, is_first boolean, event text) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  given constant text := claim->>'user_id';
  addresses text[];
begin
  if claim->>'signup_bonus_once_per' is distinct from 'email' then
    if is_first then
      if has_signed_up_since(claim) then
        perform grant_signup_bonus(given, (claim->>'signup_bonus')::bigint, event);
      end if;
    end if;
    return;
  end if;
  addresses := array(
    select distinct address_key(email) from jsonb_array_elements_text(claim->'verified_addresses') email);
  if not has_bonus(given) and has_signed_up_since(claim)
    and (is_first or exists (select from users where id = given and bonus_withheld)) then
    -- Without a verified address nothing can be counted: a later event decides.
    update users set bonus_withheld = addresses = '{}'
    where id = given and bonus_withheld is distinct from (addresses = '{}');
    if addresses <> '{}' and not exists (select from bonus_addresses where address = any (addresses)) then
      perform grant_signup_bonus(given, (claim->>'signup_bonus')::bigint, event);
    end if;
  end if;
  if has_bonus(given) then perform use_addresses(addresses); end if;
end $$;

-- Whether the person signed up at or after signup_bonus_since (null: when Ledgerhook was installed). claim: facts of
-- sync_user.
create or replace function has_signed_up_since(claim jsonb) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return coalesce((claim->>'created_at')::timestamptz
    >= coalesce((claim->>'signup_bonus_since')::timestamptz, installed_at()), false);
end $$;

-- Grants the signup bonus, once per user. The caller holds the user's lock.
create or replace function grant_signup_bonus(given text, credits bigint, event text) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if credits = 0 or why_refused(given, credits) is not null or has_bonus(given) then return; end if;
  insert into credit_ledger (user_id, kind, amount, idempotency_key, event_id)
  values (given, 'signup_bonus', credits, 'signup_bonus:' || given, event);
end $$;

-- Whether this user has had the signup bonus.
create or replace function has_bonus(given text) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return exists (select from credit_ledger where idempotency_key = 'signup_bonus:' || given);
end $$;

-- Uses up these addresses, given by their keys: none of them brings the bonus again.
create or replace function use_addresses(addresses text[]) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  -- Most are there already: a lookup by key costs less than an insert that conflicts.
  if addresses <@ array(select address from bonus_addresses where address = any (addresses)) then return; end if;
  insert into bonus_addresses (address) select unnest(addresses) on conflict do nothing;
end $$;

-- Locks these addresses, each in the form in which it counts, and the address that a user is to hold.
create or replace function lock_addresses(email text, verified text[]) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if verified is null then
    perform lock_subjects('email:' || lower(email));
  else
    perform lock_subjects(variadic array(select 'email:' || plain_address(one) from unnest(verified) one)
      || ('email:' || lower(email)));
  end if;
end $$;

-- Returns one form for all spellings of an address that reach the same mailbox: in lower case, without what follows a
-- plus and, at Gmail, without dots.
create or replace function plain_address(email text) returns text language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  address constant text := lower(email);
  domain text := substring(address from '@([^@]*)$');
  name text := substring(address from '^(.*)@[^@]*$');
begin
  if coalesce(name, '') = '' or domain = '' then return address; end if;
  name := coalesce(nullif(split_part(name, '+', 1), ''), name);
  if domain in ('gmail.com', 'googlemail.com') then
    domain := 'gmail.com';
    name := coalesce(nullif(replace(name, '.', ''), ''), name);
  end if;
  return name || '@' || domain;
end $$;

-- Returns what is stored of an address: its HMAC-SHA-256 (RFC 2104) with this database's own key, in hexadecimal. The
-- table without the key does not reveal which addresses are in it.
create or replace function address_key(email text) returns text language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  secret bytea := (select decode(key, 'hex') from bonus_key where one);
  inner_key bytea;
  outer_key bytea;
begin
  secret := secret || decode(repeat('00', 64 - length(secret)), 'hex');
  inner_key := secret;
  outer_key := secret;
  for i in 0..63 loop
    inner_key := set_byte(inner_key, i, get_byte(secret, i) # 54);
    outer_key := set_byte(outer_key, i, get_byte(secret, i) # 92);
  end loop;
  return encode(sha256(outer_key || sha256(inner_key || convert_to(plain_address(email), 'UTF8'))), 'hex');
end $$;

-- Uses up the address of a user who has had the bonus and is about to be emptied. The caller holds the user's lock.
create or replace function use_address_of(given text) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  verified constant text := (select email from users where id = given and email_verified);
begin
  if verified is null or not has_bonus(given) then return; end if;
  perform lock_addresses(null, array[verified]);
  perform use_addresses(array[address_key(verified)]);
end $$;

-- A bite of the scheduled run, if the bonus is given once per address: uses up the stored address of each user who had
-- the bonus before that.
-- facts: after (a user's id, or null: from the beginning), most (users). Returns {"after": where the next bite begins,
-- null at the end}.
create or replace function use_known_addresses(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp set lock_timeout = '200ms'
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  here record;
  known text[] := '{}';
  last text;
  looked integer := 0;
begin
  select * into f from jsonb_to_record(facts) as f(after text, most integer);
  for here in
    select id, email, email_verified from users where id > coalesce(f.after, '') order by id limit f.most
  loop
    looked := looked + 1;
    last := here.id;
    if here.email_verified and has_bonus(here.id) then known := known || here.email; end if;
  end loop;
  perform lock_addresses(null, known);
  perform use_addresses(array(select distinct address_key(email) from unnest(known) email));
  return jsonb_build_object('after', case when looked = f.most then last end);
end $$;

-- Stores a user as Clerk has it. The first event creates the user, and grants the signup bonus if the person signed up
-- at or after signup_bonus_since (null: when Ledgerhook was installed).
-- facts: user_id, email, email_verified, email_required, name, updated_at and created_at (Clerk's), banned,
-- signup_bonus (credits), signup_bonus_since, signup_bonus_once_per ('user' or 'email'), verified_addresses (null if
-- they do not count).
create or replace function sync_user(delivery jsonb, facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  known users;
  holder text;
  objection text;
  opened boolean;
  recorded jsonb;
begin
  select * into f from jsonb_to_record(facts) as f(user_id text, email text, email_verified boolean,
    email_required boolean, name text, updated_at timestamptz, created_at timestamptz, banned boolean,
    signup_bonus bigint, signup_bonus_since timestamptz, signup_bonus_once_per text, verified_addresses text[]);
  perform lock_addresses(f.email, f.verified_addresses);
  holder := lock_address(f.user_id, f.email);
  if is_settled(delivery) then return count_again(delivery, f.user_id); end if;
  objection := why_refused(f.user_id, 0);
  if objection = 'user_deactivated' then
    perform decide_bonus(facts, false, delivery->>'event_id');
    return record_delivery(delivery, verdict('stale', 'user_deleted', f.user_id));
  end if;
  select * into known from users where id = f.user_id;
  if known.clerk_updated_at > f.updated_at then
    perform decide_bonus(facts, false, delivery->>'event_id');
    return record_delivery(delivery, verdict('stale', 'older_than_stored', f.user_id));
  elsif f.email is null and f.email_required then
    -- A ban still counts: the user may have credits to spend. If the user is not here yet, it waits. A signed-in user is
    -- here from now on.
    if objection = 'unknown_user' and delivery->>'via' = 'session' then
      objection := ensure_user(f.user_id, true, (delivery->>'erase')::boolean);
    end if;
    if objection = 'unknown_user' then
      return record_delivery(delivery, waits('rejected', 'missing_email', f.user_id, 'sync_user', facts - 'name',
        array['user:' || f.user_id]));
    end if;
    perform follow_ban(f.user_id, f.banned, f.updated_at);
    return record_delivery(delivery, verdict('rejected', 'missing_email', f.user_id));
  end if;

  if holder is not null and not displace(holder, f.user_id, f.email_verified, f.updated_at) then f.email := null; end if;
  opened := objection = 'unknown_user' and open_wallet(f.user_id);
  insert into users (id, email, email_verified, name, clerk_updated_at, provisioned_by)
  values (f.user_id, f.email, f.email is not null and f.email_verified, f.name, f.updated_at,
    case delivery->>'via' when 'reconcile' then 'reconcile' else 'webhook' end)
  on conflict (id) do update set
    email = excluded.email, email_verified = excluded.email_verified, name = excluded.name,
    clerk_updated_at = excluded.clerk_updated_at, updated_at = now();
  if f.banned <> exists (select from wallets where user_id = f.user_id and banned_at is not null) then
    perform follow_ban(f.user_id, f.banned, f.updated_at);
  end if;
  perform decide_bonus(facts, known.clerk_updated_at is null, delivery->>'event_id');

  recorded := record_delivery(delivery, verdict('applied', null, f.user_id));
  if not coalesce(opened, false) then return recorded; end if;
  return with_released(recorded, release((delivery->>'erase')::boolean, 'user:' || f.user_id));
end $$;

-- Bans a user, or lifts the ban, as Clerk has it as of this moment, unless a newer event has said it.
create or replace function follow_ban(given text, is_banned boolean, as_of timestamptz) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  update wallets set banned_at = case when is_banned then coalesce(banned_at, now()) end, ban_as_of = as_of,
    updated_at = now()
  where user_id = given and as_of >= coalesce(ban_as_of, '-infinity');
end $$;

-- Locks the address, the user, and the other active user who holds the address, and returns that other user.
create or replace function lock_address(claimant text, address text) returns text language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  holder text;
begin
  if not is_locked('email:' || lower(address)) then perform lock_subjects('email:' || lower(address)); end if;
  -- Nobody can take the address without its lock, but its holder may still leave it.
  select id into holder from users
  where lower(email) = lower(address) and id <> claimant and deactivated_at is null;
  perform lock_subjects('user:' || claimant, 'user:' || holder);
  if holder is null then return null; end if;
  return (select id from users where id = holder and lower(email) = lower(address) and deactivated_at is null);
end $$;

-- Takes the address from its holder for this user, and returns whether it did. The holder then has none until a newer
-- event of their own. Active addresses are unique: of two verified claims the newer one at Clerk holds the address, in
-- whatever order the deliveries come; an unverified claim displaces nobody. The caller holds all three locks.
create or replace function displace(holder text, claimant text, verified boolean, claimed_at timestamptz)
returns boolean language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  update users set email = null, email_verified = false, updated_at = now()
  where id = holder and verified and (not email_verified
    or (coalesce(clerk_updated_at, '-infinity'), id) < (claimed_at, claimant));
  return found;
end $$;

-- Returns when Ledgerhook's first migration was applied to this database. No upgrade moves it.
create or replace function installed_at() returns timestamptz language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return (select min(applied_at) from migrations);
end $$;

-- Returns the subjects of sync_user: see `subjects_of`.
create or replace function sync_user_subjects(facts jsonb) returns text[] language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return array['email:' || lower(facts->>'email'), 'user:' || (facts->>'user_id')] || array(
    select 'email:' || plain_address(one) from jsonb_array_elements_text(
      case jsonb_typeof(facts->'verified_addresses') when 'array' then facts->'verified_addresses' else '[]' end) one);
end $$;

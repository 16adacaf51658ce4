-- The e-mail this user may hold. Active addresses are unique: between verified claims the newer Clerk truth holds
-- the address, whatever order the deliveries come in; an unverified claim displaces nobody. The other user's is
-- null until its own newer event comes.
create or replace function claim_email(claimant text, claimed text, verified boolean, claimed_at timestamptz)
returns text language plpgsql as $$
declare
  holder users;
begin
  if claimed is null then return null; end if;
  perform lock_subject('email', lower(claimed));
  select * into holder from users
  where lower(email) = lower(claimed) and id <> claimant and deactivated_at is null for no key update;
  if not found then return claimed; end if;

  if verified and (not holder.email_verified
    or (coalesce(holder.clerk_updated_at, '-infinity'), holder.id) < (claimed_at, claimant)) then
    update users set email = null, email_verified = false, updated_at = now() where id = holder.id;
    return claimed;
  end if;
  return null;
end $$;
--> statement-breakpoint
-- facts: user_id, email, email_verified, email_required, name, updated_at (Clerk's), signup_bonus (credits).
create or replace function sync_user(delivery jsonb, facts jsonb) returns jsonb language plpgsql
set plan_cache_mode = force_generic_plan as $$
declare
  claimant constant text := facts->>'user_id';
  claimed_at constant timestamptz := facts->>'updated_at';
  address text := facts->>'email';
  verified boolean := facts->>'email_verified';
  bonus constant bigint := facts->>'signup_bonus';
  objection text;
  known users;
  opened boolean := false;
  recorded jsonb;
begin
  perform lock_subject('user', claimant);
  if is_settled(delivery) then
    return verdict('duplicate', 'already_processed', claimant);
  end if;
  objection := user_objection(claimant);
  if objection = 'user_deactivated' then
    return record_delivery(delivery, verdict('stale', 'user_deleted', claimant));
  end if;
  select * into known from users where id = claimant;
  if known.clerk_updated_at > claimed_at then
    return record_delivery(delivery, verdict('stale', 'older_than_stored', claimant));
  elsif address is null and (facts->>'email_required')::boolean then
    return record_delivery(delivery, verdict('rejected', 'missing_email', claimant));
  end if;

  -- Who holds the address already need not claim it.
  if (address, verified) is distinct from (known.email, known.email_verified) then
    address := claim_email(claimant, address, verified, claimed_at);
    verified := address is not null and verified;
  end if;
  if objection = 'unknown_user' then
    insert into wallets (user_id) values (claimant) on conflict do nothing;
    opened := found;
  end if;
  insert into users (id, email, email_verified, name, clerk_updated_at)
  values (claimant, address, verified, facts->>'name', claimed_at)
  on conflict (id) do update set
    email = excluded.email, email_verified = excluded.email_verified, name = excluded.name,
    clerk_updated_at = excluded.clerk_updated_at, updated_at = now();
  if opened and bonus > 0 then
    insert into credit_ledger (user_id, kind, amount, idempotency_key, event_id)
    values (claimant, 'signup_bonus', bonus, 'signup_bonus:' || claimant, delivery->>'event_id');
  end if;

  recorded := record_delivery(delivery, verdict('applied', null, claimant));
  if objection is null then return recorded; end if;
  return recorded || jsonb_build_object('released', release_waiting(claimant, (delivery->>'erase')::boolean));
end $$;

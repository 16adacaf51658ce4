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
create or replace function sync_user(delivery jsonb, facts jsonb) returns jsonb language plpgsql as $$
declare
  claim record;
  opened boolean;
begin
  select * into claim from jsonb_to_record(facts) as claim(
    user_id text, email text, email_verified boolean, email_required boolean, name text, updated_at timestamptz,
    signup_bonus bigint);
  perform lock_subject('user', claim.user_id);
  if is_settled(delivery) then
    return verdict('duplicate', 'already_processed', claim.user_id);
  elsif user_objection(claim.user_id) = 'user_deactivated' then
    return record_delivery(delivery, verdict('stale', 'user_deleted', claim.user_id));
  elsif exists (select from users where id = claim.user_id and clerk_updated_at > claim.updated_at) then
    return record_delivery(delivery, verdict('stale', 'older_than_stored', claim.user_id));
  elsif claim.email is null and claim.email_required then
    return record_delivery(delivery, verdict('rejected', 'missing_email', claim.user_id));
  end if;

  insert into wallets (user_id) values (claim.user_id) on conflict do nothing;
  opened := found;
  claim.email := claim_email(claim.user_id, claim.email, claim.email_verified, claim.updated_at);
  insert into users (id, email, email_verified, name, clerk_updated_at)
  values (claim.user_id, claim.email, claim.email is not null and claim.email_verified, claim.name, claim.updated_at)
  on conflict (id) do update set
    email = excluded.email, email_verified = excluded.email_verified, name = excluded.name,
    clerk_updated_at = excluded.clerk_updated_at, updated_at = now();

  if opened and claim.signup_bonus > 0 then
    insert into credit_ledger (user_id, kind, amount, idempotency_key, event_id)
    values (claim.user_id, 'signup_bonus', claim.signup_bonus, 'signup_bonus:' || claim.user_id, delivery->>'event_id');
  end if;

  return record_delivery(delivery, verdict('applied', null, claim.user_id))
    || jsonb_build_object('released', release_waiting(claim.user_id, (delivery->>'erase')::boolean));
end $$;

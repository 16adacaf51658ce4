-- Links a Stripe customer to a user that has none. False where the user has another customer, or another user has
-- this one. The caller holds the user's lock.
create or replace function claim_customer(claimant text, customer text) returns boolean language plpgsql as $$
declare
  linked text;
begin
  if customer is null then return true; end if;
  perform lock_subject('customer', customer);
  select stripe_customer_id into linked from users where id = claimant for no key update;
  if linked is not null then return linked = customer; end if;
  if exists (select from users where stripe_customer_id = customer) then return false; end if;
  update users set stripe_customer_id = customer, updated_at = now() where id = claimant;
  return true;
end $$;
--> statement-breakpoint
-- Why this user cannot take anything from Stripe now: null when nothing speaks against it. The caller holds the lock.
create or replace function user_objection(subject text) returns text language plpgsql as $$
declare
  wallet wallets;
begin
  select * into wallet from wallets where user_id = subject for no key update;
  if wallet.closed_at is not null then return 'user_deactivated'; end if;
  if not exists (select from users where id = subject) or wallet.user_id is null then return 'unknown_user'; end if;
  return null;
end $$;
--> statement-breakpoint
-- facts: user_id, stripe_customer_id.
create or replace function link_customer(delivery jsonb, facts jsonb) returns jsonb language plpgsql as $$
declare
  claimant constant text := facts->>'user_id';
  objection text;
begin
  perform lock_subject('user', claimant);
  if is_settled(delivery) then
    return verdict('duplicate', 'already_processed', claimant);
  end if;
  objection := user_objection(claimant);
  if objection = 'unknown_user' then
    return record_delivery(delivery, verdict('parked', objection, claimant)
      || jsonb_build_object('effect', jsonb_build_object('verb', 'link_customer', 'facts', facts)));
  elsif objection is not null then
    return record_delivery(delivery, verdict('rejected', objection, claimant));
  elsif not claim_customer(claimant, facts->>'stripe_customer_id') then
    return record_delivery(delivery, verdict('rejected', 'customer_mismatch', claimant));
  end if;
  return record_delivery(delivery, verdict('applied', null, claimant));
end $$;

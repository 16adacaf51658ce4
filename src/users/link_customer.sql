-- Whose a customer is: the user who holds it, else whoever is remembered for it, after the customer or the user is gone.
create or replace function customer_owner(customer text) returns text language plpgsql stable as $$
begin
  return coalesce(
    (select id from users where stripe_customer_id = customer),
    (select user_id from stripe_customers where id = customer));
end $$;
--> statement-breakpoint
-- The user something of this customer is for: the customer's owner, else the user it names. Locks both users, then the
-- customer. An owner who came while waiting for the customer is locked after it: against the order, so that such a
-- crossing could end as a deadlock, which is tried again.
create or replace function lock_owner(customer text, named text) returns text language plpgsql as $$
declare
  found_first constant text := customer_owner(customer);
  owner text;
begin
  perform lock_users(found_first, named);
  perform lock_subject('customer', customer);
  owner := customer_owner(customer);
  if owner is distinct from found_first and owner is not null then perform lock_subject('user', owner); end if;
  return coalesce(owner, named);
end $$;
--> statement-breakpoint
-- Why this user cannot take anything from Stripe now: null when nothing speaks against it. The caller holds the lock.
create or replace function user_objection(subject text) returns text language plpgsql as $$
declare
  here record;
begin
  select wallets.closed_at, users.id as user_id into here
  from wallets left join users on users.id = wallets.user_id
  where wallets.user_id = subject for no key update of wallets;
  if here.closed_at is not null then return 'user_deactivated'; end if;
  if here.user_id is null then return 'unknown_user'; end if;
  return null;
end $$;
--> statement-breakpoint
-- Why nothing can be stored for this owner yet: null for every user who was ever seen, deleted ones too.
create or replace function owner_objection(owner text) returns text language plpgsql as $$
begin
  return case
    when owner is null then 'unknown_customer'
    when user_objection(owner) = 'unknown_user' then 'unknown_user'
  end;
end $$;
--> statement-breakpoint
-- Remembers whose a customer is, beyond the user's row and the customer's own life. False where it was known already.
-- The caller holds the customer's lock.
create or replace function remember_customer(owner text, customer text) returns boolean language plpgsql as $$
begin
  if customer is null or exists (select from stripe_customers where id = customer and user_id is not null) then
    return false;
  end if;
  insert into stripe_customers (id, user_id) values (customer, owner)
  on conflict (id) do update set user_id = excluded.user_id where stripe_customers.user_id is null;
  return found;
end $$;
--> statement-breakpoint
-- Links a Stripe customer to a user that has none. False where the user has another customer, or another user has
-- this one. A customer that is gone is remembered, never linked. The caller holds the user's lock.
create or replace function claim_customer(claimant text, customer text) returns boolean language plpgsql as $$
declare
  linked text;
begin
  if customer is null then return true; end if;
  perform lock_subject('customer', customer);
  if customer_owner(customer) <> claimant then return false; end if;
  if not exists (select from stripe_customers where id = customer and deleted_at is not null) then
    select stripe_customer_id into linked from users where id = claimant for no key update;
    if linked <> customer then return false; end if;
    if linked is null then
      update users set stripe_customer_id = customer, updated_at = now() where id = claimant;
    end if;
  end if;
  perform remember_customer(claimant, customer);
  return true;
end $$;
--> statement-breakpoint
-- Records that a customer could not be linked to a user, for that objection. What a deleted user's customer still has
-- must be found all the same: the customer is remembered. What may be possible later keeps its effect.
create or replace function refuse_customer(delivery jsonb, subject text, customer text, objection text, effect jsonb)
returns jsonb language plpgsql as $$
declare
  recorded jsonb;
begin
  if objection = 'user_deactivated' and customer is not null then perform lock_subject('customer', customer); end if;
  recorded := record_delivery(delivery, verdict(
    case objection when 'unknown_user' then 'parked' else 'rejected' end, objection, subject)
    || case when objection <> 'user_deactivated' then jsonb_build_object('effect', effect) else '{}' end);
  if objection = 'user_deactivated' and coalesce(customer_owner(customer), subject) = subject
    and remember_customer(subject, customer) then
    return recorded || release_customer(customer, delivery);
  end if;
  return recorded;
end $$;
--> statement-breakpoint
-- facts: user_id, stripe_customer_id.
create or replace function link_customer(delivery jsonb, facts jsonb) returns jsonb language plpgsql
set plan_cache_mode = force_generic_plan as $$
declare
  claimant constant text := facts->>'user_id';
  customer constant text := facts->>'stripe_customer_id';
  objection text;
  recorded jsonb;
begin
  perform lock_subject('user', claimant);
  if is_settled(delivery) then
    return verdict('duplicate', 'already_processed', claimant);
  end if;
  objection := user_objection(claimant);
  if objection is null and not claim_customer(claimant, customer) then objection := 'customer_mismatch'; end if;
  if objection is not null then
    return refuse_customer(delivery, claimant, customer, objection,
      jsonb_build_object('verb', 'link_customer', 'facts', facts));
  end if;
  recorded := record_delivery(delivery, verdict('applied', null, claimant));
  return recorded || release_customer(customer, delivery);
end $$;

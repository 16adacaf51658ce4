-- Returns the owner of a customer: the user who holds it, else the user who is remembered for it, after the customer or
-- the user is gone.
create or replace function customer_owner(customer text) returns text language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return coalesce(
    (select id from users where stripe_customer_id = customer),
    (select user_id from stripe_customers where id = customer));
end $$;

-- Returns the owner of an object of this customer. A living user whom our metadata names comes first, then the
-- customer's owner. If the metadata names a user who is not here yet, the object waits for that user: a living person
-- may be paying for it, and the order of events must not decide. An id that does not have Clerk's form is an app's own:
-- it then counts only if the customer's owner is deleted.
create or replace function owner_of(customer text, named text) returns text language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  owner text;
  refusal constant text := why_refused(named, 0);
begin
  if named is not null and refusal is null then return named; end if;
  owner := customer_owner(customer);
  if owner is null then return named; end if;
  if named <> owner and refusal = 'unknown_user'
    and (names_clerk_user(named) or why_refused(owner, 0) = 'user_deactivated') then
    return named;
  end if;
  return owner;
end $$;

-- Locks the customer, the others, then the users concerned, and returns the owner of an object of this customer.
create or replace function lock_owner(customer text, named text, others text[]) returns text language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  perform lock_subjects('customer:' || customer);
  -- The customer's owner changes only under the customer's lock. owner_of checks again whether the named user is alive.
  perform lock_subjects(variadic others || array['user:' || customer_owner(customer), 'user:' || named]);
  return owner_of(customer, named);
end $$;

-- Returns why nothing can be stored for this owner yet, or null for every user who was ever seen, even a deleted one.
create or replace function owner_unknown(owner text) returns text language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return case
    when owner is null then 'unknown_customer'
    when why_refused(owner, 0) = 'unknown_user' then 'unknown_user' end;
end $$;

-- Remembers the owner of a customer, even after the user's row and the customer are gone. Returns whether no owner was
-- known. The caller holds the customer's lock.
create or replace function remember_customer(owner text, customer text) returns boolean language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if customer is null or exists (select from stripe_customers where id = customer and user_id is not null) then
    return false;
  end if;
  insert into stripe_customers (id, user_id, livemode) values (customer, owner, served_livemode())
  on conflict (id) do update set user_id = excluded.user_id where stripe_customers.user_id is null;
  return found;
end $$;

-- Returns the user to whom a customer is bound: who holds it, or is remembered for it. A reference alone does not bind.
create or replace function bound_owner(customer text) returns text language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return coalesce(
    (select id from users where stripe_customer_id = customer),
    (select user_id from stripe_customers where id = customer and not by_reference));
end $$;

-- Remembers the owner of a customer who has none yet, by a mere reference, which the buyer's browser can change. So the
-- user gets what this customer pays for, but never holds the customer, and nothing is sold to the user through it.
-- Returns the customer's subject if no owner was known. The caller holds both locks.
create or replace function refer_to(owner text, customer text) returns text language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if customer is null or customer_owner(customer) is not null then return null; end if;
  insert into stripe_customers (id, user_id, by_reference, livemode)
  values (customer, owner, true, served_livemode())
  on conflict (id) do update set user_id = excluded.user_id, by_reference = true;
  return 'customer:' || customer;
end $$;

-- Binds a customer to the owner whom our metadata names: that counts for more than the reference by which it may have
-- been known. The caller holds both locks.
create or replace function bind_customer(owner text, customer text) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  update stripe_customers set user_id = owner, by_reference = false where id = customer and by_reference;
end $$;

-- Does what provide_customer does, and binds the customer if the owner is the user whom our metadata names (named).
create or replace function provide_named_customer(owner text, customer text, named text) returns text language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  -- Mostly there is nothing to provide.
  if holds_customer(owner, customer) then return null; end if;
  if named = owner then perform bind_customer(owner, customer); end if;
  return provide_customer(owner, customer);
end $$;

-- Returns the owner of a session that our metadata does not name. That is the user to whom its customer is bound,
-- unless that user is deleted; else the user whom its reference names; else the one whom an earlier reference named.
-- Locks the customer.
create or replace function lock_referred(customer text, referred text) returns text language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  owner text;
begin
  perform lock_subjects('customer:' || customer);
  owner := bound_owner(customer);
  -- A referral tool's own id names no user.
  if not names_clerk_user(referred) and why_refused(referred, 0) = 'unknown_user' then referred := null; end if;
  if referred is not null and why_refused(owner, 0) = 'user_deactivated' then return referred; end if;
  return coalesce(owner, referred, customer_owner(customer));
end $$;

-- Gives a customer without an owner to this one. Returns its subject if it had no owner, so that the caller releases
-- what waits for it. The caller holds both locks.
create or replace function provide_customer(owner text, customer text) returns text language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if coalesce(customer_owner(customer), owner) <> owner then return null; end if;
  perform link_first_customer(owner, customer);
  return case when remember_customer(owner, customer) then 'customer:' || customer end;
end $$;

-- Links a customer to a living user who has none. It never links a customer that is gone, that is of another account or
-- mode, or that is known only by a reference.
create or replace function link_first_customer(owner text, customer text) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  here users;
begin
  -- By key only: with the condition of another index, Postgres might scan that index from end to end.
  select * into here from users where id = owner for no key update;
  if here.id is not null and here.stripe_customer_id is null and here.deactivated_at is null
    and not exists (select from stripe_customers
      where id = customer and (by_reference or not may_be_linked(stripe_customers))) then
    update users set stripe_customer_id = customer, updated_at = now() where id = owner;
  end if;
end $$;

-- Whether the user holds this customer, and is remembered for it: then there is nothing to claim.
create or replace function holds_customer(claimant text, customer text) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return customer is null or exists (
    select from users where id = claimant and stripe_customer_id = customer and exists (
      select from stripe_customers where id = customer and user_id = claimant and deleted_at is null));
end $$;

-- Gives a Stripe customer to the user whom our metadata names: it is linked if the user has none, else remembered as
-- another one of the user. Returns false if another living user has it. A customer that is gone, or whose owner is
-- deleted, may have been paid with too: it stays remembered for that owner, so that its subscriptions are found. The
-- caller holds both locks.
create or replace function claim_customer(claimant text, customer text) returns boolean language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  owner text;
  known stripe_customers;
begin
  if customer is null then return true; end if;
  select * into known from stripe_customers where id = customer;
  if known.by_reference then
    perform bind_customer(claimant, customer);
    known.user_id := claimant;
  end if;
  owner := coalesce((select id from users where stripe_customer_id = customer), known.user_id);
  if owner <> claimant then
    return why_refused(owner, 0) is not distinct from 'user_deactivated' or known.deleted_at is not null;
  end if;
  perform link_first_customer(claimant, customer);
  if known.user_id is null then perform remember_customer(claimant, customer); end if;
  return true;
end $$;

-- Records that a user could not take something, and returns the verdict. If it may become possible later, the delivery
-- waits: for a user who has not come yet, or until the customer or the other living user who has it is gone. A deleted
-- user's customer is remembered, so that its objects are found. The caller holds both locks.
create or replace function refuse_customer(delivery jsonb, refused text, customer text, objection text, verb text,
  facts jsonb) returns jsonb language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  recorded jsonb;
begin
  if objection = 'customer_mismatch' then
    return record_delivery(delivery,
      waits('rejected', objection, refused, verb, facts, array['customer:' || customer]));
  elsif objection = 'unknown_user' then
    return record_delivery(delivery, waits('parked', objection, refused, verb, facts, array['user:' || refused]));
  end if;
  recorded := record_delivery(delivery, verdict('rejected', objection, refused));
  if objection <> 'user_deactivated' then return recorded; end if;
  return with_released(recorded,
    release((delivery->>'erase')::boolean, provide_customer(refused, customer)));
end $$;

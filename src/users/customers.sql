-- Whose a customer is: the user who holds it, else whoever is remembered for it, after the customer or the user is gone.
create or replace function customer_owner(customer text) returns text language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return coalesce(
    (select id from users where stripe_customer_id = customer),
    (select user_id from stripe_customers where id = customer));
end $$;

-- Whose something of this customer is. A living user whom our metadata names comes first, then the customer's owner. If
-- the metadata names somebody who is not here, it waits for that somebody: a living person may be paying for it, and
-- the order of events must not decide. An id that has not the form of Clerk's is an app's own, and names somebody only
-- against an owner who is deleted.
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

-- Locks the customer, then the users that may be concerned, and returns whose something of this customer is.
-- others: subjects to lock between the two.
create or replace function lock_owner(customer text, named text, others text[]) returns text language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  perform lock_subjects('customer:' || customer);
  -- Nobody changes whose the customer is without the customer's lock. Whether the named one is alive is looked at again.
  perform lock_subjects(variadic others || array['user:' || customer_owner(customer), 'user:' || named]);
  return owner_of(customer, named);
end $$;

-- Why nothing of this owner can be stored yet: null for every user who was ever seen, deleted ones too.
create or replace function owner_unknown(owner text) returns text language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return case
    when owner is null then 'unknown_customer'
    when why_refused(owner, 0) = 'unknown_user' then 'unknown_user' end;
end $$;

-- Remembers whose a customer is, beyond the user's row and the customer's own life. Returns whether nobody was known.
-- The caller holds the customer's lock.
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

-- Returns the user to whom a customer is bound: who holds it, or for whom it is remembered. A reference binds nobody.
create or replace function bound_owner(customer text) returns text language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return coalesce(
    (select id from users where stripe_customer_id = customer),
    (select user_id from stripe_customers where id = customer and not by_reference));
end $$;

-- Remembers whose a customer is that nobody is known to have, by a reference alone, which the buyer's browser can
-- change. So what this customer pays for is the user's, and nothing is sold to the user by it: the user never holds it.
-- Returns its subject where nobody was known. The caller holds both locks.
create or replace function refer_to(owner text, customer text) returns text language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if customer is null or customer_owner(customer) is not null then return null; end if;
  insert into stripe_customers (id, user_id, by_reference, livemode)
  values (customer, owner, true, served_livemode())
  on conflict (id) do update set user_id = excluded.user_id, by_reference = true;
  return 'customer:' || customer;
end $$;

-- Our metadata names the owner of something of this customer: that counts for more than the reference by which the
-- customer may be known so far. The caller holds both locks.
create or replace function bind_customer(owner text, customer text) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  update stripe_customers set user_id = owner, by_reference = false where id = customer and by_reference;
end $$;

-- As provide_customer. named: the user whom our metadata names: where that is the owner, the customer becomes bound.
create or replace function provide_named_customer(owner text, customer text, named text) returns text language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  -- Mostly there is nothing to provide.
  if holds_customer(owner, customer) then return null; end if;
  if named = owner then perform bind_customer(owner, customer); end if;
  return provide_customer(owner, customer);
end $$;

-- Whose a session is that our metadata does not name: whoever is known to have its customer, unless that user is
-- deleted, else whom its reference names, else whom an earlier reference named. Locks the customer.
create or replace function lock_referred(customer text, referred text) returns text language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  owner text;
begin
  perform lock_subjects('customer:' || customer);
  owner := bound_owner(customer);
  -- A referral tool's own id names nobody.
  if not names_clerk_user(referred) and why_refused(referred, 0) = 'unknown_user' then referred := null; end if;
  if referred is not null and why_refused(owner, 0) = 'user_deactivated' then return referred; end if;
  return coalesce(owner, referred, customer_owner(customer));
end $$;

-- Makes a customer that nobody is known to have its owner's. Returns the customer's subject where it was not known, for
-- the caller to release what waits for it. The caller holds both locks.
create or replace function provide_customer(owner text, customer text) returns text language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if coalesce(customer_owner(customer), owner) <> owner then return null; end if;
  perform link_first_customer(owner, customer);
  return case when remember_customer(owner, customer) then 'customer:' || customer end;
end $$;

-- Links a customer to a living user who has none. One that is gone or of another account or mode is never linked,
-- and neither is one that is known by a reference alone.
create or replace function link_first_customer(owner text, customer text) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  here users;
begin
  -- By key alone: with a condition of another index Postgres could read that one from end to end.
  select * into here from users where id = owner for no key update;
  if here.id is not null and here.stripe_customer_id is null and here.deactivated_at is null
    and not exists (select from stripe_customers
      where id = customer and (by_reference or not may_be_linked(stripe_customers))) then
    update users set stripe_customer_id = customer, updated_at = now() where id = owner;
  end if;
end $$;

-- Whether the user holds this customer, and it is remembered: then there is nothing to claim.
create or replace function holds_customer(claimant text, customer text) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return customer is null or exists (
    select from users where id = claimant and stripe_customer_id = customer and exists (
      select from stripe_customers where id = customer and user_id = claimant and deleted_at is null));
end $$;

-- Makes a Stripe customer the user's, whom our metadata names: linked where the user has none, else remembered as
-- another one of the user. Returns false where another living user has it. What a deleted user had stays remembered for
-- that user, so that its subscriptions are found, and so does what is gone; both may have been paid by.
-- The caller holds both locks.
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

-- Records that a user could not take something, and returns the verdict. What may be possible later waits for it: a
-- user who has not come, or a customer that another living user has, until either is gone. A deleted user's customer is
-- remembered, so that what it still has is found. The caller holds the locks of the customer and the user.
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

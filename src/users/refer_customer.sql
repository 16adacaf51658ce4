-- Remembers the user whom a subscription's Checkout Session names only by a reference as the owner of its customer.
-- facts: user_id (whom the reference names), stripe_customer_id.
create or replace function refer_customer(delivery jsonb, facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  owner text;
  objection text;
begin
  select * into f from jsonb_to_record(facts) as f(user_id text, stripe_customer_id text);
  owner := lock_referred(f.stripe_customer_id, f.user_id);
  perform lock_subjects('user:' || owner);
  if is_settled(delivery) then return count_again(delivery, owner); end if;

  objection := why_refused(owner, 0);
  if owner is null then
    return record_delivery(delivery, verdict('ignored', 'not_ours', null));
  elsif objection = 'unknown_user' then
    return record_delivery(delivery,
      waits('parked', objection, owner, 'refer_customer', facts, array['user:' || owner]));
  end if;
  return with_released(
    -- The customer is remembered even for a deleted user, so that what the user still pays for is found.
    record_delivery(delivery, case when objection is null
      then verdict('applied', null, owner) else verdict('rejected', objection, owner) end),
    release((delivery->>'erase')::boolean, refer_to(owner, f.stripe_customer_id)));
end $$;

-- Whether an id has Clerk's form. Others are an app's own, or a referral tool's.
create or replace function names_clerk_user(id text) returns boolean language sql immutable as $$
  select id ~ '^user_\w+$'
$$;

-- Returns the subjects of refer_customer: see `subjects_of`.
create or replace function refer_customer_subjects(facts jsonb) returns text[] language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return array['customer:' || (facts->>'stripe_customer_id'), 'user:' || (facts->>'user_id')];
end $$;

-- Returns why a session's reference contradicts the user whom our metadata names, or null if it does not: it
-- contradicts if it is another user's id. A referral tool's own id is no user's.
create or replace function why_contradicted(named text, reference text) returns text language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if reference is null or reference = named then return null; end if;
  if not names_clerk_user(reference) and why_refused(reference, 0) = 'unknown_user' then return null; end if;
  return 'reference_mismatch';
end $$;

-- Unlinks a customer that is gone at Stripe, and nothing links it again. Another customer of its user takes its place.
-- What was refused because another user had this customer waits for it, and may be possible now.
-- facts: stripe_customer_id.
create or replace function unlink_customer(delivery jsonb, facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  owner text;
begin
  select * into f from jsonb_to_record(facts) as f(stripe_customer_id text);
  owner := lock_owner(f.stripe_customer_id, null, '{}');
  if is_settled(delivery) then return count_again(delivery, owner); end if;
  if exists (select from stripe_customers where id = f.stripe_customer_id and deleted_at is not null) then
    return record_delivery(delivery, verdict('duplicate', 'already_processed', owner));
  end if;

  insert into stripe_customers (id, user_id, deleted_at) values (f.stripe_customer_id, owner, now())
  on conflict (id) do update set deleted_at = now(), user_id = coalesce(stripe_customers.user_id, excluded.user_id);
  update users set stripe_customer_id = null, updated_at = now() where stripe_customer_id = f.stripe_customer_id;
  perform link_first_customer(owner, next_customer(owner));
  return with_released(record_delivery(delivery, verdict('applied', null, owner)),
    release((delivery->>'erase')::boolean, 'customer:' || f.stripe_customer_id));
end $$;

-- Records what has no effect under the owner of the customer it is about, so that it can be found and erased.
-- facts: outcome, reason, user_id (named by metadata), stripe_customer_id.
create or replace function record_for_customer(delivery jsonb, facts jsonb) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  owner text;
begin
  select * into f from jsonb_to_record(facts) as f(outcome text, reason text, user_id text, stripe_customer_id text);
  owner := owner_of(f.stripe_customer_id, f.user_id);
  -- Other products of the account have refunds as well: without a known owner, nothing is recorded.
  if f.outcome = 'rejected' and owner_unknown(owner) is not null then return count_again(delivery, null); end if;
  -- When something was created is a fact of the event itself, so this verdict ends the waiting of an effect.
  return record_delivery(delivery, verdict(f.outcome, f.reason, owner)
    || jsonb_build_object('provisional', f.reason <> 'before_start'));
end $$;

-- Returns the subjects of unlink_customer: see `subjects_of`.
create or replace function unlink_customer_subjects(facts jsonb) returns text[] language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return array['customer:' || (facts->>'stripe_customer_id')];
end $$;

-- Returns the subjects of record_for_customer: see `subjects_of`.
create or replace function record_for_customer_subjects(facts jsonb) returns text[] language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return array['user:' || (facts->>'user_id')];
end $$;

-- Links the customer that a subscription's Checkout Session names to its user.
-- facts: user_id, reference (another id that the session names), stripe_customer_id.
create or replace function link_customer(delivery jsonb, facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  objection text;
begin
  select * into f from jsonb_to_record(facts) as f(user_id text, reference text, stripe_customer_id text);
  perform lock_subjects('customer:' || f.stripe_customer_id, 'user:' || f.user_id);
  if is_settled(delivery) then return count_again(delivery, f.user_id); end if;

  objection := coalesce(why_contradicted(f.user_id, f.reference), why_refused(f.user_id, 0));
  if objection is null and not claim_customer(f.user_id, f.stripe_customer_id) then
    objection := 'customer_mismatch';
  end if;
  if objection is not null then
    return refuse_customer(delivery, f.user_id, f.stripe_customer_id, objection, 'link_customer', facts);
  end if;
  return with_released(record_delivery(delivery, verdict('applied', null, f.user_id)),
    release((delivery->>'erase')::boolean, 'customer:' || f.stripe_customer_id));
end $$;

-- Returns the subjects of link_customer: see `subjects_of`.
create or replace function link_customer_subjects(facts jsonb) returns text[] language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return array['customer:' || (facts->>'stripe_customer_id'), 'user:' || (facts->>'user_id')];
end $$;

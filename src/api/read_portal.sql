-- Returns the customers that the portal may show to a signed-in user: that of the subscription which the user sees,
-- then the user's own, then at most three that are known only by a reference, the newest first. The caller shows one of
-- the latter only if it has the user's verified address. Another user's customer is never among them.
-- facts: user_id, bring, erase. Returns {"verified": the user's address if Clerk has verified it, else null,
-- "customers": [{"id", "by_reference"}]}, or {"refused": why}.
create or replace function read_portal(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  refusal text;
  here users;
  ids text[];
begin
  select * into f from jsonb_to_record(facts) as f(user_id text, bring boolean, erase boolean);
  refusal := ensure_user(f.user_id, f.bring, f.erase);
  if refusal is not null then return jsonb_build_object('refused', refusal); end if;
  select * into here from users where id = f.user_id;
  ids := array(select stripe_customer_id from subscriptions
      where id = current_subscription(f.user_id)->>'id')
    || here.stripe_customer_id
    || array(select id from stripe_customers where user_id = f.user_id and by_reference and deleted_at is null
      order by created_at desc, id limit 3);
  return jsonb_build_object('verified', case when here.email_verified then here.email end, 'customers', (
    select coalesce(jsonb_agg(jsonb_build_object('id', id, 'by_reference', is_by_reference(id)) order by place), '[]')
    from (select id, min(place) as place from unnest(ids) with ordinality as named(id, place)
      where id is not null group by id) candidates
    where customer_owner(id) = f.user_id and not is_gone(id)));
end $$;

-- Whether this customer's owner is known only by a reference.
create or replace function is_by_reference(customer text) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return exists (select from stripe_customers where id = customer and by_reference);
end $$;

-- Whether this customer is known to be gone at Stripe.
create or replace function is_gone(customer text) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return exists (select from stripe_customers where id = customer and deleted_at is not null);
end $$;

-- The customer is gone: it is unlinked, and nothing links it again. What was refused because its user held this
-- customer, or because this customer was not the user's, may be possible now.
-- facts: stripe_customer_id.
create or replace function unlink_customer(delivery jsonb, facts jsonb) returns jsonb language plpgsql
set plan_cache_mode = force_generic_plan as $$
declare
  customer constant text := facts->>'stripe_customer_id';
  owner constant text := lock_owner(customer, null);
  recorded jsonb;
begin
  if is_settled(delivery) then
    return verdict('duplicate', 'already_processed', owner);
  elsif exists (select from stripe_customers where id = customer and deleted_at is not null) then
    return record_delivery(delivery, verdict('duplicate', 'already_processed', owner));
  end if;

  insert into stripe_customers (id, user_id, deleted_at) values (customer, owner, now())
  on conflict (id) do update set deleted_at = now(), user_id = coalesce(stripe_customers.user_id, excluded.user_id);
  update users set stripe_customer_id = null, updated_at = now() where stripe_customer_id = customer;
  recorded := record_delivery(delivery, verdict('applied', null, owner));
  return recorded || release_refused(owner, customer, delivery);
end $$;
--> statement-breakpoint
-- Records what has no effect under the user whose customer it is about, so that it can be found and erased.
-- facts: outcome, reason, user_id (named by metadata), stripe_customer_id.
create or replace function record_for_customer(delivery jsonb, facts jsonb) returns jsonb language plpgsql
set plan_cache_mode = force_generic_plan as $$
begin
  return record_delivery(delivery, verdict(facts->>'outcome', facts->>'reason',
    coalesce(customer_owner(facts->>'stripe_customer_id'), facts->>'user_id')));
end $$;

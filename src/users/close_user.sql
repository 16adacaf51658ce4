-- Closes the wallet of a user whom Clerk has deleted. The closed wallet is the tombstone: it stands even if the user
-- was never seen here, and nothing reopens it. If payloads are erased, the user's row is emptied at once and the
-- scheduled run erases the rest, so that this takes the same time however much is stored.
-- facts: user_id, use_address (whether the signup bonus is given once per address: this user's address is then used
-- up).
create or replace function close_user(delivery jsonb, facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  customer text;
  already boolean;
  erase constant boolean := coalesce((delivery->>'erase')::boolean, false);
begin
  select * into f from jsonb_to_record(facts) as f(user_id text, use_address boolean);
  customer := lock_with_customer(f.user_id);
  if is_settled(delivery) then return count_again(delivery, f.user_id); end if;

  select closed_at is not null into already from wallets where user_id = f.user_id;
  insert into wallets (user_id, closed_at) values (f.user_id, now())
  on conflict (user_id) do update set closed_at = coalesce(wallets.closed_at, now()), updated_at = now();
  if already is not true then perform tell(f.user_id, 'user.deleted', 'deleted:' || f.user_id, '{}'); end if;
  update users set deactivated_at = coalesce(deactivated_at, now()), updated_at = now() where id = f.user_id;
  if f.use_address then perform use_address_of(f.user_id); end if;
  if erase then
    perform remember_customer(f.user_id, customer);
    -- Only the bite that ends the erasure removes the customer: it is a key of the row, so removing it may have to wait
    -- for your transactions.
    update users set email = null, email_verified = false, name = null where id = f.user_id;
    insert into erasures (user_id) values (f.user_id) on conflict do nothing;
  end if;
  -- Unread events of Clerk can do nothing for a deleted user. Unread ones of Stripe may be money, and are read first.
  perform reject_unread(f.user_id, array['clerk'], 100);
  -- Another user may have paid with a customer of this user, and was refused while this user existed.
  perform mark_arrived('customer:' || id, '-infinity', '') from stripe_customers
  where user_id = f.user_id and id is distinct from customer;
  -- What waited for this user ends now: payments are rejected, while the state of subscriptions is still recorded.
  return with_released(
    record_delivery(delivery, case when already
      then verdict('duplicate', 'already_processed', f.user_id) else verdict('applied', null, f.user_id) end),
    release(erase, 'user:' || f.user_id, 'customer:' || customer));
end $$;

-- Locks a user together with the customer that the user holds, and returns the customer.
create or replace function lock_with_customer(given text) returns text language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  customer constant text := (select stripe_customer_id from users where id = given);
begin
  perform lock_subjects('customer:' || customer, 'user:' || given);
  if (select stripe_customer_id from users where id = given) is distinct from customer then
    raise exception 'the user has got another customer meanwhile' using errcode = 'serialization_failure';
  end if;
  return customer;
end $$;

-- Returns the subjects of close_user: see `subjects_of`.
create or replace function close_user_subjects(facts jsonb) returns text[] language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return array['user:' || (facts->>'user_id')];
end $$;

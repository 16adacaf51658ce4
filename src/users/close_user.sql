-- Closing the wallet is the tombstone: it stands whether or not the user was ever seen, and nothing reopens it.
-- facts: user_id.
create or replace function close_user(delivery jsonb, facts jsonb) returns jsonb language plpgsql
set plan_cache_mode = force_generic_plan as $$
declare
  closing constant text := facts->>'user_id';
  already boolean;
  recorded jsonb;
begin
  perform lock_subject('user', closing);
  if is_settled(delivery) then
    return verdict('duplicate', 'already_processed', closing);
  end if;

  select closed_at is not null into already from wallets where user_id = closing;
  insert into wallets (user_id, closed_at) values (closing, now())
  on conflict (user_id) do update set closed_at = coalesce(wallets.closed_at, now()), updated_at = now();

  if (delivery->>'erase')::boolean then
    perform remember_customer(closing, stripe_customer_id) from users where id = closing;
    delete from users where id = closing;
    update webhook_events set payload = erase_personal_data(payload) where user_id = closing and payload is not null;
  else
    update users set deactivated_at = coalesce(deactivated_at, now()), updated_at = now() where id = closing;
  end if;

  update webhook_events
  set outcome = 'rejected', reason = 'user_deactivated', settled_at = now()
  where user_id = closing and provider = 'clerk' and outcome = 'parked' and reason = 'unreadable';

  recorded := record_delivery(delivery, case when already
    then verdict('duplicate', 'already_processed', closing) else verdict('applied', null, closing) end);
  -- What waited for this user takes its end: payments are rejected, while the state of subscriptions still follows.
  return recorded || jsonb_build_object('released', release_waiting(closing, (delivery->>'erase')::boolean));
end $$;

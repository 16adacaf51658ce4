-- Closing the wallet is the tombstone: it stands whether or not the user was ever seen, and nothing reopens it.
-- facts: user_id.
create or replace function close_user(delivery jsonb, facts jsonb) returns jsonb language plpgsql as $$
declare
  closing constant text := facts->>'user_id';
  already boolean;
begin
  perform lock_subject('user', closing);
  if is_settled(delivery) then
    return verdict('duplicate', 'already_processed', closing);
  end if;

  select closed_at is not null into already from wallets where user_id = closing;
  insert into wallets (user_id, closed_at) values (closing, now())
  on conflict (user_id) do update set closed_at = coalesce(wallets.closed_at, now()), updated_at = now();

  if (delivery->>'erase')::boolean then
    delete from users where id = closing;
    update webhook_events set payload = erase_personal_data(payload) where user_id = closing and payload is not null;
  else
    update users set deactivated_at = coalesce(deactivated_at, now()), updated_at = now() where id = closing;
  end if;

  update webhook_events
  set outcome = 'rejected', reason = 'user_deactivated', effect = null, settled_at = now()
  where user_id = closing and outcome = 'parked' and reason in ('unknown_user', 'unreadable');

  if already then
    return record_delivery(delivery, verdict('duplicate', 'already_processed', closing));
  end if;
  return record_delivery(delivery, verdict('applied', null, closing));
end $$;

-- Why this user may not act: null when nothing speaks against it. Takes no lock, so that a read never waits.
create or replace function user_refusal(subject text) returns text language sql stable as $$
  select case
    when wallets.closed_at is not null or users.deactivated_at is not null then 'user_deactivated'
    when users.id is null or wallets.user_id is null then 'unknown_user'
  end
  from (values (subject)) asked(id) left join users using (id) left join wallets on wallets.user_id = asked.id
$$;
--> statement-breakpoint
-- Brings a signed-in user whom Clerk's webhook has not brought yet; it completes the user when it comes. One who is
-- there already costs a look: nothing is locked or written. Answers why the user may not act, as above.
create or replace function ensure_user(subject text, signup_bonus bigint, erase boolean) returns text language plpgsql as $$
declare
  refusal text := user_refusal(subject);
  opened boolean;
begin
  if refusal is distinct from 'unknown_user' then return refusal; end if;

  perform lock_subject('user', subject);
  insert into wallets (user_id) values (subject) on conflict do nothing;
  opened := found;
  perform from wallets where user_id = subject for no key update;
  refusal := user_refusal(subject);
  if refusal is distinct from 'unknown_user' and not opened then return refusal; end if;

  insert into users (id, provisioned_by) values (subject, 'session') on conflict do nothing;
  if opened and signup_bonus > 0 then
    insert into credit_ledger (user_id, kind, amount, idempotency_key)
    values (subject, 'signup_bonus', signup_bonus, 'signup_bonus:' || subject);
  end if;
  perform release_waiting(subject, erase);
  return user_refusal(subject);
end $$;

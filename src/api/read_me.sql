-- facts: user_id, signup_bonus (credits), erase. Answers the user, or {"refused": why}.
create or replace function read_me(facts jsonb) returns jsonb language plpgsql as $$
declare
  reader constant text := facts->>'user_id';
  refusal text := ensure_user(reader, (facts->>'signup_bonus')::bigint, (facts->>'erase')::boolean);
begin
  if refusal is not null then return jsonb_build_object('refused', refusal); end if;
  return coalesce((
    select jsonb_build_object(
      'id', users.id, 'email', users.email, 'name', users.name, 'balance', wallets.balance,
      'subscription', current_subscription(users.id)
    )
    from users join wallets on wallets.user_id = users.id where users.id = reader
  ), jsonb_build_object('refused', 'user_deactivated'));
end $$;

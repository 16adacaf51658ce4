-- A person comes back from Checkout: takes the effect that the session's webhook has, and answers the balance after it.
-- No event was delivered, so none is recorded; the webhook, when it comes, finds the payment credited.
-- facts: user_id, signup_bonus (credits), erase, effect (a verb and its facts, or null).
create or replace function settle_return(facts jsonb) returns jsonb language plpgsql as $$
declare
  returning_user constant text := facts->>'user_id';
  refusal text := ensure_user(returning_user, (facts->>'signup_bonus')::bigint, (facts->>'erase')::boolean);
  settled jsonb := verdict('ignored', 'no_effect', returning_user);
begin
  if refusal is not null then return jsonb_build_object('refused', refusal); end if;
  if facts->'effect' <> 'null' then
    execute format('select %I($1, $2)', facts->'effect'->>'verb')
    into settled using jsonb_build_object('erase', facts->'erase'), facts->'effect'->'facts';
  end if;
  return jsonb_build_object('verdict', settled,
    'balance', (select balance from wallets where user_id = returning_user));
end $$;

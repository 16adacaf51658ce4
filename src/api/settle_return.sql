-- Runs the effect of a session's webhook for a person who comes back from Checkout, and returns the balance after it.
-- No event was delivered, so none is recorded. The webhook, when it comes, finds the payment credited.
-- facts: user_id, bring, erase, livemode (of the session), effect (a verb and its facts, or null). Returns {"verdict",
-- "balance"}, or {"refused": why}.
create or replace function settle_return(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  refusal text;
  settled jsonb;
begin
  select * into f from jsonb_to_record(facts) as f(user_id text, bring boolean, erase boolean,
    livemode boolean, effect jsonb);
  refusal := ensure_user(f.user_id, f.bring, f.erase);
  if refusal is not null then return jsonb_build_object('refused', refusal); end if;
  settled := verdict('ignored', 'no_effect', f.user_id);
  if jsonb_typeof(f.effect) = 'object' then
    settled := run_verb(f.effect->>'verb', jsonb_build_object('erase', f.erase, 'livemode', f.livemode),
      f.effect->'facts');
  end if;
  return jsonb_build_object('verdict', settled,
    'balance', (select balance from wallets where user_id = f.user_id));
end $$;

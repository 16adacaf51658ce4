-- Takes credits once per idempotency key, and never more than there are. A key that has spent answers the balance
-- right after that spend, for ever; one that was refused has written nothing, and may be tried again.
-- facts: user_id, amount (credits), idempotency_key (the caller's), note. Answers {"balance"}, or {"refused": why},
-- with the balance where it is too small.
create or replace function spend(facts jsonb) returns jsonb language plpgsql as $$
declare
  asked record;
  earlier credit_ledger;
  available bigint;
  refusal text;
begin
  select * into asked from jsonb_to_record(facts) as asked(
    user_id text, amount bigint, idempotency_key text, note text);
  -- A prefix, so that a caller's key cannot meet one of ours.
  asked.idempotency_key := 'spend:' || asked.idempotency_key;
  perform lock_subject('user', asked.user_id);
  perform lock_subject('entry', asked.idempotency_key);

  select balance into available from wallets where user_id = asked.user_id for no key update;
  select * into earlier from credit_ledger where idempotency_key = asked.idempotency_key;
  if found then
    if earlier.user_id <> asked.user_id or earlier.amount <> -asked.amount then
      return jsonb_build_object('refused', 'idempotency_key_reused');
    end if;
    return jsonb_build_object('balance', earlier.balance_after);
  end if;

  refusal := user_refusal(asked.user_id);
  if refusal is not null then return jsonb_build_object('refused', refusal); end if;
  if available < asked.amount then
    return jsonb_build_object('refused', 'insufficient_credits', 'balance', available);
  end if;
  insert into credit_ledger (user_id, kind, amount, idempotency_key, note)
  values (asked.user_id, 'spend', -asked.amount, asked.idempotency_key, asked.note);
  return jsonb_build_object('balance', available - asked.amount);
end $$;

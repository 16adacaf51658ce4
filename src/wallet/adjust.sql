-- A person corrects a balance, once per key, of a closed wallet too, and below zero if they say so. The same key again
-- answers the balance right after it.
-- facts: user_id, amount (credits, signed), idempotency_key (the person's), note (why). Answers {"balance"}, or
-- {"refused": why}.
create or replace function adjust(facts jsonb) returns jsonb language plpgsql as $$
declare
  asked record;
  entry credit_ledger;
begin
  select * into asked from jsonb_to_record(facts) as asked(
    user_id text, amount bigint, idempotency_key text, note text);
  if coalesce(trim(asked.note), '') = '' then return '{"refused": "missing_note"}'; end if;
  if coalesce(trim(asked.idempotency_key), '') = '' then return '{"refused": "missing_key"}'; end if;
  -- A prefix, so that a person's key cannot meet one of ours.
  asked.idempotency_key := 'adjustment:' || asked.idempotency_key;
  perform lock_subject('user', asked.user_id);
  perform lock_subject('entry', asked.idempotency_key);

  select * into entry from credit_ledger where idempotency_key = asked.idempotency_key;
  if found then
    if entry.user_id <> asked.user_id or entry.amount <> asked.amount then
      return '{"refused": "idempotency_key_reused"}';
    end if;
    return jsonb_build_object('balance', entry.balance_after);
  elsif not exists (select from wallets where user_id = asked.user_id) then
    return '{"refused": "unknown_user"}';
  elsif coalesce(asked.amount, 0) = 0 then
    return '{"refused": "no_amount"}';
  end if;
  insert into credit_ledger (user_id, kind, amount, idempotency_key, note)
  values (asked.user_id, 'adjustment', asked.amount, asked.idempotency_key, asked.note) returning * into entry;
  return jsonb_build_object('balance', (select balance from wallets where user_id = asked.user_id));
end $$;

-- A person corrects a balance, once per key, of a closed wallet too, and below zero if they say so. The same key again
-- returns the balance right after it. For the owner of the database alone.
-- facts: user_id, amount (credits, signed), idempotency_key (the person's), note (why). Returns {"balance"}, or
-- {"refused": why}.
create or replace function adjust(facts jsonb) returns jsonb language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  f record;
  entry_key text;
  earlier credit_ledger;
  before bigint;
begin
  select * into f from jsonb_to_record(facts) as f(user_id text, amount bigint, idempotency_key text, note text);
  if coalesce(trim(f.note), '') = '' then return '{"refused": "missing_note"}'; end if;
  if coalesce(trim(f.idempotency_key), '') = '' then return '{"refused": "missing_key"}'; end if;
  -- A prefix, so that a person's key cannot meet one of ours.
  entry_key := 'adjustment:' || f.idempotency_key;
  perform lock_subjects('key:' || entry_key, 'user:' || f.user_id);

  select * into earlier from credit_ledger where idempotency_key = entry_key;
  if found then
    if earlier.user_id <> f.user_id or earlier.amount <> f.amount then
      return '{"refused": "idempotency_key_reused"}';
    end if;
    return jsonb_build_object('balance', earlier.balance_after);
  end if;
  select balance into before from wallets where user_id = f.user_id;
  if not found then return '{"refused": "unknown_user"}'; end if;
  if coalesce(f.amount, 0) = 0 then return '{"refused": "no_amount"}'; end if;
  if not is_exact(before + f.amount::numeric) then return '{"refused": "limit_exceeded"}'; end if;
  insert into credit_ledger (user_id, kind, amount, idempotency_key, note)
  values (f.user_id, 'adjustment', f.amount, entry_key, f.note);
  return jsonb_build_object('balance', before + f.amount);
end $$;

-- Takes credits once per idempotency key, and never more than there are. A key that has spent always returns the
-- balance right after that spend, and what was given back of it since, if anything was: then the work that the spend
-- paid for is no longer paid. A key that was refused has written nothing, and may be tried again.
-- facts: user_id, amount (credits), idempotency_key (the caller's), note, reference (what it is for), caller (the name
-- of the caller's token). Returns {"balance", "given_back" (if anything was)}, or {"refused": why}, with the balance if
-- that is too small.
create or replace function spend(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  entry_key text;
  earlier credit_ledger;
  available bigint;
  refusal text;
begin
  select * into f from jsonb_to_record(facts) as f(user_id text, amount bigint, idempotency_key text, note text,
    reference text, caller text);
  -- A prefix, so that a caller's key cannot meet one of ours.
  entry_key := 'spend:' || f.idempotency_key;
  perform lock_subjects('key:' || entry_key, 'user:' || f.user_id);

  select * into earlier from credit_ledger where idempotency_key = entry_key;
  if found then
    if earlier.user_id <> f.user_id or earlier.amount <> -f.amount then
      return jsonb_build_object('refused', 'idempotency_key_reused');
    end if;
    return jsonb_strip_nulls(jsonb_build_object('balance', earlier.balance_after,
      'given_back', nullif(returned_of(earlier.id), 0)));
  end if;

  refusal := why_barred(f.user_id);
  if refusal is not null then return jsonb_build_object('refused', refusal); end if;
  select balance into available from wallets where user_id = f.user_id for no key update;
  if available < f.amount then
    return jsonb_build_object('refused', 'insufficient_credits', 'balance', available);
  end if;
  insert into credit_ledger (user_id, kind, amount, idempotency_key, note, reference, caller)
  values (f.user_id, 'spend', -f.amount, entry_key, f.note, f.reference, f.caller);
  return jsonb_build_object('balance', available - f.amount);
end $$;

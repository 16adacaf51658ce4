-- Gives back what a spend took, or a part of it, once per idempotency key, and never more than the spend took. Even a
-- closed wallet gets it, because the credits are owed. A key that has given back always returns the same result; one
-- that was refused has written nothing.
-- facts: user_id, spend_key (the key of the spend), amount (credits, or null: all that is left), idempotency_key (the
-- caller's), note, caller (the name of the caller's token). Returns {"balance", "given_back", "closed"}, or {"refused":
-- why}, with what is left of the spend if the amount is more than that.
create or replace function give_back(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  entry_key text;
  entry credit_ledger;
  spent credit_ledger;
  wallet wallets;
  unreturned bigint;
begin
  select * into f from jsonb_to_record(facts) as f(user_id text, spend_key text, amount bigint, idempotency_key text,
    note text, caller text);
  entry_key := 'give_back:' || f.idempotency_key;
  perform lock_subjects('key:' || entry_key, 'user:' || f.user_id);

  select * into spent from credit_ledger where idempotency_key = 'spend:' || f.spend_key and user_id = f.user_id;
  select * into entry from credit_ledger where idempotency_key = entry_key;
  if found then
    if entry.reverses is distinct from spent.id or entry.amount <> coalesce(f.amount, entry.amount) then
      return jsonb_build_object('refused', 'idempotency_key_reused');
    end if;
    return given_back(entry);
  end if;

  select * into wallet from wallets where user_id = f.user_id for no key update;
  if wallet.user_id is null then return jsonb_build_object('refused', 'unknown_user'); end if;
  if spent.id is null then return jsonb_build_object('refused', 'unknown_spend'); end if;
  unreturned := -spent.amount - returned_of(spent.id);
  if unreturned = 0 or f.amount > unreturned then
    return jsonb_build_object('refused', 'more_than_spent', 'left', unreturned);
  end if;
  if not is_exact(wallet.balance + coalesce(f.amount, unreturned)::numeric) then
    return jsonb_build_object('refused', 'limit_exceeded');
  end if;
  insert into credit_ledger (user_id, kind, amount, idempotency_key, note, reverses, reference, caller, after_closing)
  values (f.user_id, 'spend_reversal', coalesce(f.amount, unreturned), entry_key, f.note, spent.id, spent.reference,
    f.caller, wallet.closed_at is not null)
  returning * into entry;
  return given_back(entry);
end $$;

-- Returns the result of a give-back, which is the same for the first call and for every repetition.
create or replace function given_back(entry credit_ledger) returns jsonb language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return jsonb_build_object('balance', entry.balance_after, 'given_back', entry.amount, 'closed', entry.after_closing);
end $$;

-- Returns how many credits of a spend have been given back.
create or replace function returned_of(spend_id bigint) returns bigint language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return (select coalesce(sum(amount), 0) from credit_ledger where reverses = spend_id);
end $$;

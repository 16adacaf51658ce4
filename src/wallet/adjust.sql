-- Corrects a balance for a person, once per key, even of a closed wallet, and below zero if the amount says so. The
-- same key again returns the balance right after that correction. Only the owner of the database may call it.
-- facts: user_id, amount (credits, signed), idempotency_key (the person's), note (why), to_balance (whether amount is
-- the new balance of the wallet, rather than what is added to it), only_checks (whether nothing is written). Returns
-- {"balance", "amount" (what was booked, or would be), "is_new" (whether this call booked it, or would)}, or
-- {"refused": why}.
create or replace function adjust(facts jsonb) returns jsonb language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  f record;
  entry_key text;
  earlier jsonb;
  before bigint;
  difference numeric;
begin
  select * into f from jsonb_to_record(facts) as f(user_id text, amount bigint, idempotency_key text, note text,
    to_balance boolean, only_checks boolean);
  if coalesce(trim(f.note), '') = '' then return '{"refused": "missing_note"}'; end if;
  if coalesce(trim(f.idempotency_key), '') = '' then return '{"refused": "missing_key"}'; end if;
  -- A prefix, so that a person's key cannot meet one of ours.
  entry_key := 'adjustment:' || f.idempotency_key;
  if f.only_checks is not true then perform lock_subjects('key:' || entry_key, 'user:' || f.user_id); end if;

  earlier := earlier_adjustment(entry_key, f.user_id, f.amount, coalesce(f.to_balance, false));
  if earlier is not null then return earlier; end if;
  select balance into before from wallets where user_id = f.user_id;
  if not found then return '{"refused": "unknown_user"}'; end if;
  difference := case when f.to_balance then f.amount::numeric - before else f.amount end;
  if coalesce(difference, 0) = 0 and f.to_balance is not true then return '{"refused": "no_amount"}'; end if;
  if not is_exact(before + difference) then return '{"refused": "limit_exceeded"}'; end if;
  if f.only_checks is not true and difference <> 0 then
    insert into credit_ledger (user_id, kind, amount, idempotency_key, note)
    values (f.user_id, 'adjustment', difference, entry_key, f.note);
  elsif f.only_checks is not true then
    insert into met_balances (idempotency_key, user_id, balance) values (entry_key, f.user_id, before);
  end if;
  return jsonb_build_object('balance', before + difference, 'amount', difference, 'is_new', true);
end $$;

-- Returns the result of an adjustment whose key was used before: the first result once more, or a refusal. Null if the
-- key is new. The caller holds the key's lock, or only checks.
create or replace function earlier_adjustment(entry_key text, given text, amount bigint, to_balance boolean)
returns jsonb language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  entry credit_ledger;
  met met_balances;
begin
  select * into entry from credit_ledger where idempotency_key = entry_key;
  if found and entry.user_id = given
    and earlier_adjustment.amount = (case when to_balance then entry.balance_after else entry.amount end) then
    return jsonb_build_object('balance', entry.balance_after, 'amount', entry.amount, 'is_new', false);
  end if;
  select * into met from met_balances where idempotency_key = entry_key;
  if found and to_balance and met.user_id = given and met.balance = earlier_adjustment.amount then
    return jsonb_build_object('balance', met.balance, 'amount', 0, 'is_new', false);
  end if;
  return case when entry.user_id is not null or met.user_id is not null
    then '{"refused": "idempotency_key_reused"}'::jsonb end;
end $$;

-- Makes a batch of adjustments: all of them, or none if one is refused. Only the owner of the database may call it.
-- facts: rows ([{line, user_id, amount, idempotency_key, note}]), to_balance and only_checks (both as in adjust).
-- Returns {"credits" (the sum of what this call booked, or would), "is_new" (how many adjustments that was), "met" (how
-- many wallets already had the balance of their row when the row was first booked), "refused": [{line, why}]}.
create or replace function adjust_many(facts jsonb) returns jsonb language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  f record;
  said jsonb;
begin
  select * into f from jsonb_to_record(facts) as f(rows jsonb, to_balance boolean, only_checks boolean);
  if f.only_checks is not true then
    perform lock_subjects(variadic array(
      select unnest(array['key:adjustment:' || (one->>'idempotency_key'), 'user:' || (one->>'user_id')])
      from jsonb_array_elements(f.rows) one));
  end if;
  said := adjust_each(f.rows, f.to_balance, true);
  if f.only_checks is true then return said; end if;
  if said->'refused' <> '[]' then return said || '{"credits": 0, "is_new": 0, "met": 0}'; end if;
  said := adjust_each(f.rows, f.to_balance, false);
  if said->'refused' <> '[]' then
    raise exception 'adjustments that are refused only together: %', said->'refused'
      using errcode = 'numeric_value_out_of_range';
  end if;
  return said;
end $$;

-- Makes the adjustment of each row, in their order, and returns what adjust_many returns. The caller holds the locks,
-- or only checks.
create or replace function adjust_each(rows jsonb, to_balance boolean, only_checks boolean) returns jsonb
language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  one jsonb;
  made jsonb;
  refused jsonb := '[]';
  made_count integer := 0;
  met_count integer := 0;
  credits numeric := 0;
begin
  for one in select given.one from jsonb_array_elements(rows) with ordinality as given(one, n) order by n loop
    made := adjust(one || jsonb_build_object('to_balance', to_balance, 'only_checks', only_checks));
    if made ? 'refused' then
      refused := refused || jsonb_build_object('line', one->'line', 'why', made->'refused');
    elsif made @> '{"amount": 0}' then
      met_count := met_count + 1;
    elsif made @> '{"is_new": true}' then
      made_count := made_count + 1;
      credits := credits + (made->>'amount')::numeric;
    end if;
  end loop;
  return jsonb_build_object('credits', credits, 'is_new', made_count, 'met', met_count, 'refused', refused);
end $$;

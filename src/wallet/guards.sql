-- The database keeps these promises against every writer, including the owner: the triggers that run these functions
-- are ENABLE ALWAYS, so that session_replication_role does not bypass them. The functions pin their search path and
-- name their tables in full, so that no temporary table of the same name takes a table's place.
create or replace function refuse_ledger_change() returns trigger language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  raise exception 'credit_ledger is append-only: % is refused, a correction is another entry', tg_op
    using errcode = 'restrict_violation';
end $$;

-- Gives each entry the balance that results from it, computed under the wallet's lock. The entry's id is drawn under
-- that lock too, so that ids follow the order of the entries. It runs as the owner, so that a role that may insert an
-- entry needs no right to the wallets or the sequence.
create or replace function carry_balance() returns trigger language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  perform from ledgerhook.wallets where user_id = new.user_id for no key update;
  if not found then
    raise exception 'there is no wallet of user %', new.user_id using errcode = 'foreign_key_violation';
  end if;
  new.id := nextval('ledgerhook.credit_ledger_id_seq');
  new.balance_after := new.amount + coalesce((
    select balance_after from ledgerhook.credit_ledger where user_id = new.user_id order by id desc limit 1), 0);
  return new;
end $$;

create or replace function move_balance() returns trigger language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  update ledgerhook.wallets set balance = (
    select balance_after from ledgerhook.credit_ledger where user_id = new.user_id order by id desc limit 1
  ), updated_at = now() where user_id = new.user_id;
  if ledgerhook.telling() is not null then perform ledgerhook.tell_entry(new); end if;
  return null;
end $$;

create or replace function guard_wallet() returns trigger language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if tg_op in ('DELETE', 'TRUNCATE') then
    raise exception 'a wallet is never removed: closed, it is the tombstone of its user'
      using errcode = 'restrict_violation';
  elsif tg_op = 'INSERT' and new.balance <> 0 then
    raise exception 'a wallet opens empty: its balance comes from ledger entries' using errcode = 'restrict_violation';
  elsif tg_op = 'UPDATE' and new.user_id <> old.user_id then
    raise exception 'a wallet never changes its user' using errcode = 'restrict_violation';
  elsif tg_op = 'UPDATE' and old.closed_at is not null and new.closed_at is null then
    raise exception 'a closed wallet is never reopened' using errcode = 'restrict_violation';
  -- Whoever writes it: only the balance that the ledger carries is accepted.
  elsif tg_op = 'UPDATE' and new.balance <> old.balance and new.balance is distinct from (
    select balance_after from ledgerhook.credit_ledger where user_id = new.user_id order by id desc limit 1
  ) then
    raise exception 'the balance is the sum of the ledger: write a ledger entry' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;

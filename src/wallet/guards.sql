-- The database keeps these promises against every writer, the owner included. The triggers are ENABLE ALWAYS, so
-- that session_replication_role cannot pass them by, and name their tables in full, so that a temporary table of
-- the same name cannot stand in.
create or replace function refuse_ledger_change() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  raise exception 'credit_ledger is append-only: % is refused, a correction is another entry', tg_op
    using errcode = 'restrict_violation';
end $$;
--> statement-breakpoint
-- Each entry carries the balance that it leaves, computed under the wallet's lock; its id is drawn there too, so that
-- ids follow the order of the entries. An entry of the same statement that came before is seen. As their owner, so
-- that a role that may insert an entry needs no right to the wallets or the sequence.
create or replace function carry_balance() returns trigger language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
begin
  perform from public.wallets where user_id = new.user_id for no key update;
  if not found then
    raise exception 'there is no wallet of user %', new.user_id using errcode = 'foreign_key_violation';
  end if;
  new.id := nextval('public.credit_ledger_id_seq');
  new.balance_after := new.amount + coalesce((
    select balance_after from public.credit_ledger where user_id = new.user_id order by id desc limit 1), 0);
  return new;
end $$;
--> statement-breakpoint
create or replace function move_balance() returns trigger language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
begin
  update public.wallets set balance = (
    select balance_after from public.credit_ledger where user_id = new.user_id order by id desc limit 1
  ), updated_at = now() where user_id = new.user_id;
  return null;
end $$;
--> statement-breakpoint
create or replace function guard_wallet() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
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
  -- Whoever writes it, and from wherever: the only balance that is accepted is the one that the ledger carries.
  elsif tg_op = 'UPDATE' and new.balance <> old.balance and new.balance is distinct from (
    select balance_after from public.credit_ledger where user_id = new.user_id order by id desc limit 1
  ) then
    raise exception 'the balance is the sum of the ledger: write a ledger entry' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
--> statement-breakpoint
create or replace trigger credit_ledger_append_only before update or delete or truncate on credit_ledger
  for each statement execute function refuse_ledger_change();
--> statement-breakpoint
create or replace trigger credit_ledger_carries_balance before insert on credit_ledger
  for each row execute function carry_balance();
--> statement-breakpoint
create or replace trigger credit_ledger_moves_balance after insert on credit_ledger
  for each row execute function move_balance();
--> statement-breakpoint
create or replace trigger wallets_guard before insert or update or delete on wallets
  for each row execute function guard_wallet();
--> statement-breakpoint
create or replace trigger wallets_no_truncate before truncate on wallets
  for each statement execute function guard_wallet();
--> statement-breakpoint
alter table credit_ledger enable always trigger credit_ledger_append_only;
--> statement-breakpoint
alter table credit_ledger enable always trigger credit_ledger_carries_balance;
--> statement-breakpoint
alter table credit_ledger enable always trigger credit_ledger_moves_balance;
--> statement-breakpoint
alter table wallets enable always trigger wallets_guard;
--> statement-breakpoint
alter table wallets enable always trigger wallets_no_truncate;

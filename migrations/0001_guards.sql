-- What Drizzle cannot describe: the guards of wallet and ledger.
-- Their functions are those of src/wallet/guards.sql, which replace these placeholders in the same transaction.
create or replace function ledgerhook.refuse_ledger_change() returns trigger language plpgsql as $$
begin raise exception 'npm run migrate puts the function here'; end $$;
create or replace function ledgerhook.carry_balance() returns trigger language plpgsql as $$
begin raise exception 'npm run migrate puts the function here'; end $$;
create or replace function ledgerhook.move_balance() returns trigger language plpgsql as $$
begin raise exception 'npm run migrate puts the function here'; end $$;
create or replace function ledgerhook.guard_wallet() returns trigger language plpgsql as $$
begin raise exception 'npm run migrate puts the function here'; end $$;

create trigger credit_ledger_append_only before update or delete or truncate on ledgerhook.credit_ledger
  for each statement execute function ledgerhook.refuse_ledger_change();
create trigger credit_ledger_carries_balance before insert on ledgerhook.credit_ledger
  for each row execute function ledgerhook.carry_balance();
create trigger credit_ledger_moves_balance after insert on ledgerhook.credit_ledger
  for each row execute function ledgerhook.move_balance();
create trigger wallets_guard before insert or update or delete on ledgerhook.wallets
  for each row execute function ledgerhook.guard_wallet();
create trigger wallets_no_truncate before truncate on ledgerhook.wallets
  for each statement execute function ledgerhook.guard_wallet();

-- Always, so that session_replication_role does not pass them by.
alter table ledgerhook.credit_ledger enable always trigger credit_ledger_append_only;
alter table ledgerhook.credit_ledger enable always trigger credit_ledger_carries_balance;
alter table ledgerhook.credit_ledger enable always trigger credit_ledger_moves_balance;
alter table ledgerhook.wallets enable always trigger wallets_guard;
alter table ledgerhook.wallets enable always trigger wallets_no_truncate;

-- Not in a schema.ts: it points from the wallet's room up to that of payments, and imports go down only.
alter table ledgerhook.credit_ledger add constraint credit_ledger_payment_fk
  foreign key (stripe_payment_id) references ledgerhook.payments (stripe_payment_id);

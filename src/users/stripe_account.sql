-- The account and mode of Stripe that this database serves. Test data gives way to live data: a database that serves
-- test mode serves live mode once a live key is used. Nothing else changes without a person: an hour with the wrong key
-- would otherwise unlink the customer of everybody who clicks.

-- Whether a key of this account (null: not known) and mode may be used with this database. The first key stores what is
-- not known yet.
create or replace function serves(given_account text, live boolean) returns boolean language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  served stripe_account;
begin
  insert into stripe_account (account, livemode, first_livemode)
  select given_account, live, live where not exists (select from stripe_account where one) on conflict do nothing;
  update stripe_account set livemode = true, account = given_account, since = now()
  where one and live and not livemode;
  update stripe_account set account = given_account
  where one and account is null and livemode = live and given_account is not null;
  select * into served from stripe_account where one;
  return served.livemode = live and coalesce(served.account = given_account, true);
end $$;

-- Whether a row of this mode is of the served mode. Rows from before their mode was kept are of the first one.
create or replace function is_served(live boolean) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return coalesce((select coalesce(live, first_livemode) = livemode from stripe_account where one), true);
end $$;

-- Returns the served mode, for new rows. Null until it is known.
create or replace function served_livemode() returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return (select livemode from stripe_account where one);
end $$;

-- Returns the served account and mode.
-- facts: none. Returns {"account", "livemode", "since"}, each null until it is known.
create or replace function read_stripe_account(facts jsonb) returns jsonb language plpgsql stable security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
begin
  return coalesce(
    (select jsonb_build_object('account', account, 'livemode', livemode, 'since', since)
      from stripe_account where one),
    '{"account": null, "livemode": null, "since": null}');
end $$;

-- Stores the account and mode of a key if they are not known yet.
-- facts: account, livemode. Returns {"served": whether the key may be used with this database}.
create or replace function serve_stripe_account(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
begin
  select * into f from jsonb_to_record(facts) as f(account text, livemode boolean);
  return jsonb_build_object('served', serves(f.account, f.livemode));
end $$;

-- Sets the account and mode that this database serves from now on. Only the owner of the database may call it.
-- facts: account, livemode. Returns what read_stripe_account returns.
create or replace function set_stripe_account(facts jsonb) returns jsonb language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  f record;
begin
  select * into f from jsonb_to_record(facts) as f(account text, livemode boolean);
  insert into stripe_account (account, livemode, first_livemode) values (f.account, f.livemode, f.livemode)
  on conflict (one) do update set account = excluded.account, livemode = excluded.livemode, since = now();
  return read_stripe_account('{}');
end $$;

-- Unlinks a customer from its user because Stripe does not know it by a key of the served account and mode: it belongs
-- to another account or mode. It is not marked as deleted, and no event links it again. The caller holds both locks.
create or replace function unlink_unknown(owner text, customer text) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  insert into stripe_customers (id, user_id, unlinked_at) values (customer, owner, now())
  on conflict (id) do update set unlinked_at = coalesce(stripe_customers.unlinked_at, now());
  update users set stripe_customer_id = null, updated_at = now() where id = owner and stripe_customer_id = customer;
end $$;

-- Returns the first of a user's customers that may be linked.
create or replace function next_customer(owner text) returns text language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return (select id from stripe_customers
    where user_id = owner and not by_reference and may_be_linked(stripe_customers) order by created_at, id limit 1);
end $$;

-- Whether a customer is of the served account and mode, and not gone.
create or replace function may_be_linked(customer stripe_customers) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return customer.deleted_at is null and customer.unlinked_at is null and is_served(customer.livemode);
end $$;

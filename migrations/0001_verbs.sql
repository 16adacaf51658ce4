-- src/credits/guards.sql
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
  perform from public.wallets where user_id = new.user_id for update;
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

--> statement-breakpoint
-- src/credits/settle_payment.sql
-- Credits a payment once: the payment is the fact, whatever the number of events that tell of it.
-- facts: user_id, credits, stripe_payment_id, amount (minor units), currency, checkout_session_id, stripe_customer_id.
create or replace function settle_payment(delivery jsonb, facts jsonb) returns jsonb language plpgsql as $$
declare
  payment record;
  credited_to text;
  objection text;
begin
  select * into payment from jsonb_to_record(facts) as payment(
    user_id text, credits bigint, stripe_payment_id text, amount bigint, currency text,
    checkout_session_id text, stripe_customer_id text);
  perform lock_subject('user', payment.user_id);
  perform lock_subject('payment', payment.stripe_payment_id);
  if is_settled(delivery) then
    return verdict('duplicate', 'already_processed', payment.user_id);
  end if;

  select user_id into credited_to from payments
  where stripe_payment_id = payment.stripe_payment_id or checkout_session_id = payment.checkout_session_id;
  if credited_to = payment.user_id then
    return record_delivery(delivery, verdict('duplicate', 'payment_already_credited', payment.user_id));
  elsif credited_to is not null then
    return record_delivery(delivery, verdict('rejected', 'payment_mismatch', payment.user_id));
  end if;

  objection := user_objection(payment.user_id);
  if objection = 'unknown_user' then
    return record_delivery(delivery, verdict('parked', objection, payment.user_id)
      || jsonb_build_object('effect', jsonb_build_object('verb', 'settle_payment', 'facts', facts)));
  elsif objection is not null then
    return record_delivery(delivery, verdict('rejected', objection, payment.user_id));
  elsif not claim_customer(payment.user_id, payment.stripe_customer_id) then
    return record_delivery(delivery, verdict('rejected', 'customer_mismatch', payment.user_id));
  end if;

  insert into payments (stripe_payment_id, user_id, credits, amount, currency, checkout_session_id)
  values (payment.stripe_payment_id, payment.user_id, payment.credits, payment.amount, payment.currency,
    payment.checkout_session_id);
  insert into credit_ledger (user_id, kind, amount, idempotency_key, stripe_payment_id, event_id)
  values (payment.user_id, 'purchase', payment.credits, 'purchase:' || payment.stripe_payment_id,
    payment.stripe_payment_id, delivery->>'event_id');
  return record_delivery(delivery, verdict('applied', null, payment.user_id));
end $$;

--> statement-breakpoint
-- src/users/close_user.sql
-- Closing the wallet is the tombstone: it stands whether or not the user was ever seen, and nothing reopens it.
-- facts: user_id.
create or replace function close_user(delivery jsonb, facts jsonb) returns jsonb language plpgsql as $$
declare
  closing constant text := facts->>'user_id';
  already boolean;
begin
  perform lock_subject('user', closing);
  if is_settled(delivery) then
    return verdict('duplicate', 'already_processed', closing);
  end if;

  select closed_at is not null into already from wallets where user_id = closing;
  insert into wallets (user_id, closed_at) values (closing, now())
  on conflict (user_id) do update set closed_at = coalesce(wallets.closed_at, now()), updated_at = now();

  if (delivery->>'erase')::boolean then
    delete from users where id = closing;
    update webhook_events set payload = erase_personal_data(payload) where user_id = closing and payload is not null;
  else
    update users set deactivated_at = coalesce(deactivated_at, now()), updated_at = now() where id = closing;
  end if;

  update webhook_events
  set outcome = 'rejected', reason = 'user_deactivated', effect = null, settled_at = now()
  where user_id = closing and outcome = 'parked' and reason in ('unknown_user', 'unreadable');

  if already then
    return record_delivery(delivery, verdict('duplicate', 'already_processed', closing));
  end if;
  return record_delivery(delivery, verdict('applied', null, closing));
end $$;

--> statement-breakpoint
-- src/users/erase.sql
-- Ids and amounts only: numbers and booleans stay, and under the names listed here strings that look like an id or a
-- term of the provider's. Free-form objects (any …metadata) keep nothing but our own keys, since anything may be
-- written there.
create or replace function reduce_to_ids(value jsonb) returns jsonb language plpgsql immutable as $$
declare
  id_like constant text := '^[A-Za-z0-9_.:-]{1,255}$';
  kept constant text[] := array[
    'id', 'object', 'type', 'instance_id', 'api_version', 'account', 'customer', 'customer_account',
    'payment_intent', 'charge', 'invoice', 'subscription', 'setup_intent', 'balance_transaction',
    'failure_balance_transaction', 'client_reference_id', 'user_id', 'credits', 'currency', 'status',
    'payment_status', 'mode', 'reason', 'billing_reason', 'price', 'plan', 'product', 'lookup_key',
    'subscription_item', 'primary_email_address_id'
  ];
begin
  return case jsonb_typeof(value)
    when 'object' then (
      select coalesce(jsonb_object_agg(key, case
        when key like '%metadata' then (
          select coalesce(jsonb_object_agg(ours.key, ours.value), '{}') from jsonb_each(
            case jsonb_typeof(member) when 'object' then member else '{}' end
          ) ours where ours.key in ('user_id', 'credits') and ours.value #>> '{}' ~ id_like
        )
        when jsonb_typeof(member) = 'string' and key = any (kept) and member #>> '{}' ~ id_like then member
        else reduce_to_ids(member)
      end), '{}') from jsonb_each(value) members(key, member)
    )
    when 'array' then (
      select coalesce(jsonb_agg(reduce_to_ids(element)), '[]') from jsonb_array_elements(value) elements(element)
    )
    when 'string' then 'null'
    else value
  end;
end $$;
--> statement-breakpoint
-- Nothing is kept of a payload too deep to be searched for personal data.
create or replace function erase_personal_data(payload jsonb) returns jsonb language plpgsql immutable as $$
begin
  return reduce_to_ids(payload);
exception when program_limit_exceeded then
  return null;
end $$;
--> statement-breakpoint
-- Where erasing is asked for, a delivery is stored without personal data when its user is deleted already, or when it
-- names no user, by whom it could be found later; unless it is parked, and still has to be read.
create or replace function payload_to_keep(payload jsonb, facts jsonb, erase boolean) returns jsonb language plpgsql as $$
declare
  subject constant text := facts->>'user_id';
begin
  if erase and (
    (subject is null and facts->>'outcome' <> 'parked')
    or exists (select from wallets where user_id = subject and closed_at is not null)
  ) then
    return erase_personal_data(payload);
  end if;
  return payload;
end $$;

--> statement-breakpoint
-- src/users/link_customer.sql
-- Links a Stripe customer to a user that has none. False where the user has another customer, or another user has
-- this one. The caller holds the user's lock.
create or replace function claim_customer(claimant text, customer text) returns boolean language plpgsql as $$
declare
  linked text;
begin
  if customer is null then return true; end if;
  perform lock_subject('customer', customer);
  select stripe_customer_id into linked from users where id = claimant for no key update;
  if linked is not null then return linked = customer; end if;
  if exists (select from users where stripe_customer_id = customer) then return false; end if;
  update users set stripe_customer_id = customer, updated_at = now() where id = claimant;
  return true;
end $$;
--> statement-breakpoint
-- Why this user cannot take anything from Stripe now: null when nothing speaks against it. The caller holds the lock.
create or replace function user_objection(subject text) returns text language plpgsql as $$
declare
  wallet wallets;
begin
  select * into wallet from wallets where user_id = subject for no key update;
  if wallet.closed_at is not null then return 'user_deactivated'; end if;
  if not exists (select from users where id = subject) or wallet.user_id is null then return 'unknown_user'; end if;
  return null;
end $$;
--> statement-breakpoint
-- facts: user_id, stripe_customer_id.
create or replace function link_customer(delivery jsonb, facts jsonb) returns jsonb language plpgsql as $$
declare
  claimant constant text := facts->>'user_id';
  objection text;
begin
  perform lock_subject('user', claimant);
  if is_settled(delivery) then
    return verdict('duplicate', 'already_processed', claimant);
  end if;
  objection := user_objection(claimant);
  if objection = 'unknown_user' then
    return record_delivery(delivery, verdict('parked', objection, claimant)
      || jsonb_build_object('effect', jsonb_build_object('verb', 'link_customer', 'facts', facts)));
  elsif objection is not null then
    return record_delivery(delivery, verdict('rejected', objection, claimant));
  elsif not claim_customer(claimant, facts->>'stripe_customer_id') then
    return record_delivery(delivery, verdict('rejected', 'customer_mismatch', claimant));
  end if;
  return record_delivery(delivery, verdict('applied', null, claimant));
end $$;

--> statement-breakpoint
-- src/users/sync_user.sql
-- The e-mail this user may hold. Active addresses are unique: between verified claims the newer Clerk truth holds
-- the address, whatever order the deliveries come in; an unverified claim displaces nobody. The other user's is
-- null until its own newer event comes.
create or replace function claim_email(claimant text, claimed text, verified boolean, claimed_at timestamptz)
returns text language plpgsql as $$
declare
  holder users;
begin
  if claimed is null then return null; end if;
  perform lock_subject('email', lower(claimed));
  select * into holder from users
  where lower(email) = lower(claimed) and id <> claimant and deactivated_at is null for no key update;
  if not found then return claimed; end if;

  if verified and (not holder.email_verified
    or (coalesce(holder.clerk_updated_at, '-infinity'), holder.id) < (claimed_at, claimant)) then
    update users set email = null, email_verified = false, updated_at = now() where id = holder.id;
    return claimed;
  end if;
  return null;
end $$;
--> statement-breakpoint
-- facts: user_id, email, email_verified, email_required, name, updated_at (Clerk's), signup_bonus (credits).
create or replace function sync_user(delivery jsonb, facts jsonb) returns jsonb language plpgsql as $$
declare
  claim record;
  opened boolean;
begin
  select * into claim from jsonb_to_record(facts) as claim(
    user_id text, email text, email_verified boolean, email_required boolean, name text, updated_at timestamptz,
    signup_bonus bigint);
  perform lock_subject('user', claim.user_id);
  if is_settled(delivery) then
    return verdict('duplicate', 'already_processed', claim.user_id);
  elsif user_objection(claim.user_id) = 'user_deactivated' then
    return record_delivery(delivery, verdict('stale', 'user_deleted', claim.user_id));
  elsif exists (select from users where id = claim.user_id and clerk_updated_at > claim.updated_at) then
    return record_delivery(delivery, verdict('stale', 'older_than_stored', claim.user_id));
  elsif claim.email is null and claim.email_required then
    return record_delivery(delivery, verdict('rejected', 'missing_email', claim.user_id));
  end if;

  insert into wallets (user_id) values (claim.user_id) on conflict do nothing;
  opened := found;
  claim.email := claim_email(claim.user_id, claim.email, claim.email_verified, claim.updated_at);
  insert into users (id, email, email_verified, name, clerk_updated_at)
  values (claim.user_id, claim.email, claim.email is not null and claim.email_verified, claim.name, claim.updated_at)
  on conflict (id) do update set
    email = excluded.email, email_verified = excluded.email_verified, name = excluded.name,
    clerk_updated_at = excluded.clerk_updated_at, updated_at = now();

  if opened and claim.signup_bonus > 0 then
    insert into credit_ledger (user_id, kind, amount, idempotency_key, event_id)
    values (claim.user_id, 'signup_bonus', claim.signup_bonus, 'signup_bonus:' || claim.user_id, delivery->>'event_id');
  end if;

  return record_delivery(delivery, verdict('applied', null, claim.user_id))
    || jsonb_build_object('released', release_waiting(claim.user_id, (delivery->>'erase')::boolean));
end $$;

--> statement-breakpoint
-- src/webhook/delivery.sql
-- What every verb begins and ends with. A verb is a function (delivery, facts) → verdict: it takes the locks of
-- its subjects, looks, acts, and records the delivery, all in the one statement that the Worker sends.
-- Each statement inside sees a fresh snapshot, so what is looked at after a lock is true until commit.

-- Serializes everything about one subject ('user', 'payment', 'customer', 'email') until commit, also while no row
-- of it exists yet. A verb locks its user before all else, so that two verbs about one user never wait crosswise.
create or replace function lock_subject(kind text, id text) returns void language sql as $$
  select pg_advisory_xact_lock(hashtextextended(kind || ':' || id, 0))
$$;
--> statement-breakpoint
create or replace function verdict(outcome text, reason text, user_id text) returns jsonb language sql immutable as $$
  select jsonb_build_object('outcome', outcome, 'reason', reason, 'user_id', user_id)
$$;
--> statement-breakpoint
-- Final outcomes stay: a redelivery is counted, and nothing else.
create or replace function is_settled(delivery jsonb) returns boolean language plpgsql as $$
begin
  update webhook_events set attempts = attempts + 1
  where provider = delivery->>'provider' and event_id = delivery->>'event_id'
    and outcome in ('applied', 'duplicate', 'stale');
  return found;
end $$;
--> statement-breakpoint
-- jsonb refuses \u0000, lone surrogates and boundless numbers, which JSON allows: such a payload is kept as null.
create or replace function storable_payload(body text) returns jsonb language plpgsql immutable as $$
begin
  return body::jsonb;
exception when data_exception or program_limit_exceeded then
  return null;
end $$;
--> statement-breakpoint
-- facts: outcome, reason, user_id, and for a parked delivery the effect it waits to have.
create or replace function record_delivery(delivery jsonb, facts jsonb) returns jsonb language plpgsql as $$
begin
  -- The user's lock, also where nothing but the row is written: a deletion either sees the row, or is seen here.
  if facts->>'user_id' is not null then
    perform lock_subject('user', facts->>'user_id');
  end if;
  insert into webhook_events as event
    (provider, event_id, type, outcome, reason, user_id, payload, effect, via, occurred_at, settled_at)
  values (
    delivery->>'provider', delivery->>'event_id', delivery->>'type',
    facts->>'outcome', facts->>'reason', facts->>'user_id',
    payload_to_keep(storable_payload(delivery->>'body'), facts, (delivery->>'erase')::boolean),
    nullif(facts->'effect', 'null'), delivery->>'via', (delivery->>'occurred_at')::timestamptz,
    case when facts->>'outcome' <> 'parked' then now() end
  )
  on conflict (provider, event_id) do update set
    outcome = excluded.outcome, reason = excluded.reason, via = excluded.via,
    user_id = coalesce(excluded.user_id, event.user_id),
    payload = coalesce(excluded.payload, event.payload),
    effect = excluded.effect, settled_at = excluded.settled_at, attempts = event.attempts + 1
  where event.outcome not in ('applied', 'duplicate', 'stale')
    -- What waits to be applied is not given up because a setting is wrong while it comes again.
    and not (event.effect is not null and excluded.outcome = 'ignored');

  -- The same event settled while this one waited for the row.
  if not found and is_settled(delivery) then
    return verdict('duplicate', 'already_processed', facts->>'user_id');
  end if;
  return facts - 'effect';
end $$;

--> statement-breakpoint
-- src/webhook/release_waiting.sql
-- Has every delivery that waits for this user take its effect, in the commit that brings the user. One that fails
-- stays parked, without holding up the user, and the scheduled run tries it again. Answers the deliveries it settled.
create or replace function release_waiting(released_user text, erase boolean) returns jsonb language plpgsql as $$
declare
  waiting webhook_events;
  settled jsonb := '[]';
  verdict jsonb;
begin
  for waiting in
    select * from webhook_events
    where user_id = released_user and outcome = 'parked' and effect is not null
    order by occurred_at, event_id limit 100
  loop
    begin
      execute format('select %I($1, $2)', waiting.effect->>'verb') into verdict
      using jsonb_build_object(
        'provider', waiting.provider, 'event_id', waiting.event_id, 'type', waiting.type,
        'occurred_at', waiting.occurred_at, 'via', 'release', 'erase', erase
      ), waiting.effect->'facts';
      settled := settled || (verdict || jsonb_build_object(
        'provider', waiting.provider, 'event_id', waiting.event_id, 'type', waiting.type));
    exception when others then
      raise warning 'release of % % failed: %', waiting.provider, waiting.event_id, sqlstate;
    end;
  end loop;
  return settled;
end $$;

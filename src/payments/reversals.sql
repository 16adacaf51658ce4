-- Returns the rank of a state, which orders two reports of one refund or dispute, in whatever order they came. A failed
-- or cancelled refund stays so; a dispute's reinstatement outranks its withdrawal, and lost may become won.
create or replace function reversal_rank(state text) returns integer language sql immutable as $$
  select pg_catalog.array_position(array['pending', 'requires_action', 'succeeded', 'canceled', 'failed',
    'withdrawn', 'lost', 'reinstated', 'won', 'refunded'], state)
$$;

-- Stores what is known of a refund, a dispute or a charge. Of two amounts the larger one counts. Of two reports of a
-- dispute, the one with more transactions is newer, in whatever order they came. Every total that a charge reports is
-- stored.
create or replace function keep_reversal(reported reversals) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  reported.totals := case reported.kind when 'charge' then array[reported.amount] end;
  insert into reversals (id, stripe_payment_id, kind, amount, state, held, transactions, totals, disputed,
    reinstated, stripe_payment_intent_id, stripe_charge_id)
  values (reported.id, reported.stripe_payment_id, reported.kind, reported.amount, reported.state, reported.held,
    reported.transactions, reported.totals, reported.disputed, reported.reinstated, reported.stripe_payment_intent_id,
    reported.stripe_charge_id)
  on conflict (id) do nothing;
  if found then return; end if;
  update reversals known set
    amount = greatest(known.amount, reported.amount),
    state = case when outranks(reported, known) then reported.state else known.state end,
    held = case when outranks(reported, known) then reported.held else known.held end,
    disputed = case when outranks(reported, known) then reported.disputed else known.disputed end,
    reinstated = case when outranks(reported, known) then reported.reinstated else known.reinstated end,
    transactions = greatest(known.transactions, reported.transactions),
    totals = case known.kind when 'charge' then array(
      select distinct total from unnest(totals_of(known) || reported.totals) total order by total) end,
    stripe_payment_intent_id = coalesce(known.stripe_payment_intent_id, reported.stripe_payment_intent_id),
    stripe_charge_id = coalesce(known.stripe_charge_id, reported.stripe_charge_id),
    updated_at = now()
  where id = reported.id;
end $$;

-- Whether the first of two reports of one refund or dispute counts, rather than the second. If both rank the same, the
-- one that holds more counts, so that their order does not matter.
create or replace function outranks(first reversals, second reversals) returns boolean language sql immutable as $$
  select (first.transactions, ledgerhook.reversal_rank(first.state), coalesce(first.held, 0))
    > (second.transactions, ledgerhook.reversal_rank(second.state), coalesce(second.held, 0))
$$;

-- Returns all totals of refunds that a charge has reported. A row of an older version has only the highest one.
create or replace function totals_of(charge reversals) returns bigint[] language sql immutable as $$
  select coalesce(charge.totals, array[charge.amount])
$$;

-- Returns how many of a payment's credits must be gone for the money that is gone. No other function decides this.
-- Each payment of an invoice has a charge of its own. The money that is gone never exceeds the payment's amount. A
-- refund takes only what exceeds the credits that were already taken when money of the invoice went to the customer's
-- balance, because that is the money which the refund returns. A dispute takes its full share, because that balance
-- remains. Credits that were gone before CREDIT_SINCE are subtracted, because no entry here took them.
create or replace function credits_to_be_gone(payment payments) returns bigint language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  gone numeric := 0;
  refunded numeric := 0;
  to_balance bigint := 0;
  has_refunds_alone boolean;
begin
  if payment.amount = 0 then return 0; end if;
  -- If there are only refunds, it is their sum, whatever their charge. Most payments have no more than that.
  select coalesce(sum(amount) filter (where state not in ('failed', 'canceled')), 0), coalesce(bool_and(kind = 'refund'), true)
  into refunded, has_refunds_alone from reversals where stripe_payment_id = payment.stripe_payment_id;
  gone := refunded;
  if not has_refunds_alone then
    select coalesce(sum(money_gone(known)), 0), coalesce(sum(money_refunded(known)), 0) into gone, refunded
    from reversals_by_charge(payment.stripe_payment_id) known;
  end if;
  gone := div(payment.credits * greatest(0, least(gone, payment.amount)), payment.amount);
  refunded := div(payment.credits * greatest(0, least(refunded, payment.amount)), payment.amount);
  if refunded > 0 and payment.stripe_payment_id like 'in\_%' then
    to_balance := credits_to_balance(payment.stripe_payment_id);
  end if;
  return gone - least(to_balance, refunded) - coalesce(payment.gone_before, 0);
end $$;

-- Returns what is known of a payment's reversals, grouped by charge. Only an invoice may have several charges.
create or replace function reversals_by_charge(payment text) returns setof reversals[] language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return query select array_agg(known) from reversals known where stripe_payment_id = payment
    group by case when payment like 'in\_%' then coalesce(stripe_payment_intent_id,
      (select min(other.stripe_payment_intent_id) from reversals other
        where other.stripe_payment_id = payment and other.stripe_charge_id = known.stripe_charge_id),
      stripe_charge_id) end;
end $$;

-- Returns the money of one charge that is gone: its refunds, and what disputes hold on top.
create or replace function money_gone(known reversals[]) returns numeric language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  refunded constant numeric := money_refunded(known);
begin
  return refunded + (select coalesce(sum(held_by(one, refunded)), 0) from unnest(known) one);
end $$;

-- Returns the money of one charge that was refunded.
create or replace function money_refunded(known reversals[]) returns numeric language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return greatest(refunds_standing(known), unexplained_total(known));
end $$;

-- Returns the sum of the refunds that have their own rows, without those that failed or were cancelled.
create or replace function refunds_standing(known reversals[]) returns numeric language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  one reversals;
  standing numeric := 0;
begin
  foreach one in array known loop
    if one.kind = 'refund' and one.state not in ('failed', 'canceled') then standing := standing + one.amount; end if;
  end loop;
  return standing;
end $$;

-- Returns the highest total of refunds that the charge has reported and that no combination of the stored refunds adds
-- up to, or 0: such a total contains other refunds. Events do not say whether it contains those that failed.
create or replace function unexplained_total(known reversals[]) returns numeric language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  refunds constant bigint[] := array(select amount from unnest(known) where kind = 'refund' order by amount);
  sums bigint[] := array[0];
  refund bigint;
begin
  -- The number of sums doubles with each refund. If one charge has this many, all are taken as known.
  if cardinality(refunds) > 12 then return 0; end if;
  foreach refund in array refunds loop
    sums := array(select distinct unnest(sums || array(select one + refund from unnest(sums) one)));
  end loop;
  return (select coalesce(max(total), 0) from unnest(known) charge, unnest(totals_of(charge)) total
    where charge.kind = 'charge' and total <> all (sums));
end $$;

-- Whether a refund of this payment has failed or was cancelled.
create or replace function has_failed_refunds(payment text) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return exists (select from reversals
    where stripe_payment_id = payment and kind = 'refund' and state in ('failed', 'canceled'));
end $$;

-- Whether Stripe has to be asked for the refunds: one has failed, and a charge has reported a higher total than the sum
-- of those that stand. Events do not say whether that total contains the failed refund, or another one that is
-- otherwise unknown.
create or replace function has_doubtful_refunds(payment text) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return exists (
    select from reversals_by_charge(payment) known
    where exists (select from unnest(known) where kind = 'refund' and state in ('failed', 'canceled'))
      and exists (select from unnest(known) charge, unnest(totals_of(charge)) total
        where charge.kind = 'charge' and total > refunds_standing(known)));
end $$;

-- Whether refunds of this payment are still unknown although one has failed: then the higher total counts.
create or replace function has_unknown_refunds(payment text) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return exists (select from reversals_by_charge(payment) known
    where exists (select from unnest(known) where kind = 'refund' and state in ('failed', 'canceled'))
      and unexplained_total(known) > refunds_standing(known));
end $$;

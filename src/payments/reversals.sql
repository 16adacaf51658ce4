-- Orders two things that are known of one refund or dispute, whatever the order in which they came: a failed or
-- cancelled refund stays so; what a dispute gave back outranks what it took, and lost may become won.
create or replace function reversal_rank(state text) returns integer language sql immutable as $$
  select pg_catalog.array_position(array['pending', 'requires_action', 'succeeded', 'canceled', 'failed',
    'withdrawn', 'lost', 'reinstated', 'won', 'refunded'], state)
$$;

-- Keeps what is known of a refund, a dispute or a charge. Of two amounts the larger one counts. Of two reports of a
-- dispute the one with more transactions is the newer one, whatever the order in which they came.
create or replace function keep_reversal(reported reversals) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  insert into reversals as known (id, stripe_payment_id, kind, amount, state, held, transactions,
    stripe_payment_intent_id, stripe_charge_id)
  values (reported.id, reported.stripe_payment_id, reported.kind, reported.amount, reported.state, reported.held,
    reported.transactions, reported.stripe_payment_intent_id, reported.stripe_charge_id)
  on conflict (id) do update set
    amount = greatest(known.amount, excluded.amount),
    state = case when outranks(excluded, known) then excluded.state else known.state end,
    held = case when outranks(excluded, known) then excluded.held else known.held end,
    transactions = greatest(known.transactions, excluded.transactions),
    stripe_payment_intent_id = coalesce(known.stripe_payment_intent_id, excluded.stripe_payment_intent_id),
    stripe_charge_id = coalesce(known.stripe_charge_id, excluded.stripe_charge_id),
    updated_at = now();
end $$;

-- Whether the first report of one refund or dispute holds, and not the second.
create or replace function outranks(first reversals, second reversals) returns boolean language sql immutable as $$
  select (first.transactions, ledgerhook.reversal_rank(first.state))
    > (second.transactions, ledgerhook.reversal_rank(second.state))
$$;

-- The one rule: how many of a payment's credits are to be gone, for the money that is gone. Money refunded is the
-- larger of the refunds that are known and of the highest total that its charge has reported, less what failed; an
-- invoice may have several payments, each with a charge of its own. Money that disputes hold comes on top, never
-- beyond the amount.
create or replace function credits_to_be_gone(payment payments) returns bigint language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  is_invoice constant boolean := payment.stripe_payment_id like 'in\_%';
  gone numeric;
begin
  select coalesce(sum(greatest(refunds, total - failed) + withdrawn), 0) into gone from (
    select
      coalesce(sum(amount) filter (where kind = 'refund' and state not in ('failed', 'canceled')), 0) as refunds,
      coalesce(max(amount) filter (where kind = 'charge'), 0) as total,
      coalesce(sum(amount) filter (where kind = 'refund' and state in ('failed', 'canceled')), 0) as failed,
      coalesce(sum(held) filter (where kind = 'dispute'), 0) as withdrawn
    from reversals known where stripe_payment_id = payment.stripe_payment_id
    group by case when is_invoice then coalesce(stripe_payment_intent_id,
      (select min(other.stripe_payment_intent_id) from reversals other
        where other.stripe_payment_id = payment.stripe_payment_id and other.stripe_charge_id = known.stripe_charge_id),
      stripe_charge_id) end
  ) money;
  gone := greatest(0, least(gone, payment.amount));
  return case when payment.amount = 0 then 0 else div(payment.credits * gone, payment.amount) end;
end $$;

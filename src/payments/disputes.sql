-- Returns what a dispute holds of the payment, in the payment's minor units. Stripe disputes a partly refunded charge
-- in full, and reinstates the refunded part later (Stripe: "dispute for full charge amount after a partial refund"). In
-- another currency the rate has moved in between, so an amount within 5 % of the refunded part counts as that part.
-- refunded: minor units of the same charge that were refunded.
create or replace function held_by(dispute reversals, refunded numeric) returns numeric language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if dispute.kind <> 'dispute' then return 0; end if;
  if dispute.disputed is null or dispute.state = 'won' or refunded = 0 then return dispute.held; end if;
  -- Compared by the rate of the charge, and by that of the withdrawal.
  if abs(dispute.reinstated - refunded) <= refunded * 0.05
    or abs(dispute.disputed - dispute.held - refunded) <= refunded * 0.05 then
    return greatest(0, dispute.disputed - refunded);
  end if;
  return dispute.held;
end $$;

-- Converts a dispute in another currency than its payment's to the payment's currency. The dispute's share of the
-- charge is what it withdrew divided by what the charge brought, both in the settlement currency. A share of 0.95 or
-- more counts as all of it, because rates move.
-- withdrawn: the largest withdrawal; returned: what of it was reinstated. charge: amount and currency of the charge,
-- and settled: what it brought, in the settlement currency. All in minor units.
create or replace function in_currency_of(payment payments, dispute reversals, withdrawn numeric, returned numeric,
  charge jsonb) returns reversals language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  whole constant numeric := case when charge->>'currency' = payment.currency
    then least((charge->>'amount')::numeric, payment.amount) else payment.amount end;
  settled constant numeric := (charge->>'settled')::numeric;
  share numeric := withdrawn / settled;
begin
  if dispute.held = 0 then
    -- It holds nothing: no rate is needed.
    dispute.amount := 0;
    return dispute;
  end if;
  if share >= 0.95 then share := 1; end if;
  dispute.disputed := round(whole * share);
  dispute.amount := dispute.disputed;
  dispute.reinstated := round(whole * returned / settled);
  dispute.held := round(dispute.disputed * least(1, greatest(0, 1 - returned / withdrawn)));
  return dispute;
end $$;

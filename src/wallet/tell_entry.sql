-- Writes the outgoing events about a ledger entry: one about an entry that your app did not cause itself, and one about
-- a low balance. The caller has checked that outgoing events are on.
create or replace function tell_entry(entry credit_ledger) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  type constant text := case
    when entry.kind in ('purchase', 'plan_grant') then 'credits.purchased'
    when entry.kind in ('signup_bonus', 'grant') then 'credits.granted'
    when entry.kind in ('refund', 'refund_reversal', 'dispute', 'dispute_reversal', 'plan_change') then 'credits.reversed' end;
begin
  if type is not null then
    perform tell(entry.user_id, type, 'entry:' || entry.id, jsonb_strip_nulls(jsonb_build_object('entry', entry.id,
      'kind', entry.kind, 'amount', entry.amount, 'balance', entry.balance_after, 'payment', entry.stripe_payment_id,
      'campaign', entry.campaign)));
  end if;
  perform tell_low(entry);
end $$;

-- Writes an outgoing event for each threshold that the balance has fallen below, the highest first. A threshold is
-- armed once the balance reaches 1.2 times of it, and disarmed by its event; the wallet keeps which ones are armed.
create or replace function tell_low(entry credit_ledger) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  thresholds constant bigint[] := array(select value::bigint from jsonb_array_elements_text(telling()->'low'));
  before constant bigint := entry.balance_after - entry.amount;
  armed bigint[];
  threshold bigint;
begin
  -- If an invoice writes several entries, the last one has the final balance.
  if thresholds = '{}' or current_setting('ledgerhook.more_entries', true) = 'true' then return; end if;
  armed := (select low_armed from wallets where user_id = entry.user_id);
  foreach threshold in array thresholds loop
    if entry.balance_after < threshold and (threshold = any (armed) or before >= 1.2 * threshold) then
      perform tell(entry.user_id, 'credits.low', concat_ws(':', 'low', entry.id, threshold), jsonb_build_object(
        'entry', entry.id, 'threshold', threshold, 'balance', entry.balance_after));
    end if;
  end loop;
  update wallets set low_armed = left_armed.thresholds from (select array(
    select t from unnest(thresholds) t where entry.balance_after >= 1.2 * t or (entry.balance_after >= t and
      (t = any (armed) or before >= 1.2 * t)) order by t) as thresholds) left_armed
  where user_id = entry.user_id and low_armed is distinct from left_armed.thresholds;
end $$;

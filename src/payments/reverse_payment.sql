-- The payment that these ids name. It may be an invoice's: docs/decisions/0013.
create or replace function payment_of(payment_intent text, charge text) returns payments language plpgsql stable as $$
declare
  payment payments;
begin
  select * into payment from payments where stripe_payment_id in (payment_intent, charge) limit 1;
  if not found then
    select payments.* into payment from payments join invoice_payments link using (invoice_id)
    where link.stripe_payment_id in (payment_intent, charge) limit 1;
  end if;
  if not found then
    select * into payment from payments where charge_id = charge limit 1;
  end if;
  return payment;
end $$;
--> statement-breakpoint
-- Tells which of two things that are known of one refund or dispute holds, whatever the order in which they came: a failed or
-- cancelled refund stays so; what a dispute gave back outranks what it took, and lost may become won.
create or replace function reversal_rank(state text) returns integer language sql immutable as $$
  select array_position(array['pending', 'requires_action', 'succeeded', 'canceled', 'failed',
    'withdrawn', 'lost', 'reinstated', 'won', 'refunded'], state)
$$;
--> statement-breakpoint
-- Keeps what is told of a refund, a dispute or a charge. An amount that two events tell differently is the larger one.
create or replace function keep_reversal(told reversals) returns void language plpgsql as $$
begin
  insert into reversals as known values (told.*)
  on conflict (id) do update set
    amount = greatest(known.amount, excluded.amount),
    state = case when reversal_rank(excluded.state) > reversal_rank(known.state) then excluded.state else known.state end,
    payment_intent_id = coalesce(known.payment_intent_id, excluded.payment_intent_id),
    charge_id = coalesce(known.charge_id, excluded.charge_id),
    updated_at = now();
end $$;
--> statement-breakpoint
-- The one rule: how many of a payment's credits are to be gone, for the money that is gone. Money refunded is the larger of
-- the refunds that are known and of the highest total that its charge has told, less what failed; an invoice may have
-- several payments, each with a charge of its own. Money withdrawn by disputes comes on top, never beyond the amount.
create or replace function credits_to_be_gone(payment payments) returns bigint language plpgsql stable as $$
declare
  subject constant text := coalesce(payment.invoice_id, payment.stripe_payment_id);
  gone numeric;
begin
  select coalesce(sum(greatest(refunds, told - failed) + withdrawn), 0) into gone from (
    select
      coalesce(sum(amount) filter (where kind = 'refund' and state not in ('failed', 'canceled')), 0) as refunds,
      coalesce(max(amount) filter (where kind = 'charge'), 0) as told,
      coalesce(sum(amount) filter (where kind = 'refund' and state in ('failed', 'canceled')), 0) as failed,
      coalesce(sum(amount) filter (where kind = 'dispute' and state in ('withdrawn', 'lost')), 0) as withdrawn
    from reversals known where stripe_payment_id = subject
    group by case when payment.invoice_id is not null then coalesce(payment_intent_id,
      (select min(other.payment_intent_id) from reversals other
        where other.stripe_payment_id = subject and other.charge_id = known.charge_id), charge_id) end
  ) money;
  gone := greatest(0, least(gone, payment.amount));
  return case when payment.amount = 0 then 0 else div(payment.credits * gone, payment.amount) end;
end $$;
--> statement-breakpoint
-- Locks the users that may be concerned, in one order, then the ids of the payment; whoever settles it takes them too.
-- An owner who came while waiting for them would be locked against the order, and a deadlock in the midst of a release
-- leaves something parked: the whole begins again instead (SQLSTATE 40001 is tried again at once).
create or replace function lock_payment(facts jsonb, named text) returns payments language plpgsql as $$
declare
  payment_intent constant text := facts->>'payment_intent_id';
  charge constant text := facts->>'charge_id';
  first constant payments := payment_of(payment_intent, charge);
  payment payments;
begin
  perform lock_users(first.user_id, named);
  if payment_intent is not null then perform lock_subject('payment', payment_intent); end if;
  if charge is not null then perform lock_subject('payment', charge); end if;
  payment := payment_of(payment_intent, charge);
  if payment.user_id is distinct from first.user_id and payment.user_id is not null then
    raise exception 'the payment was settled meanwhile' using errcode = 'serialization_failure';
  end if;
  return payment;
end $$;
--> statement-breakpoint
-- Money of a payment came back, or went away again: its credits follow to what they should be, by one entry of the
-- difference. A closed wallet's too, and below zero where they were spent.
-- facts: kind ('refund', 'dispute', 'charge'), id, payment_intent_id, charge_id, amount (minor units; of a charge, the total
-- of its refunds), currency, state (as in reversals; null moves nothing), user_id and customer_id (named by the event).
create or replace function reverse_payment(delivery jsonb, facts jsonb) returns jsonb language plpgsql
set plan_cache_mode = force_generic_plan as $$
declare
  named constant text := coalesce(
    case when facts->>'customer_id' is not null then customer_owner(facts->>'customer_id') end, facts->>'user_id');
  payment constant payments := lock_payment(facts, named);
  subject constant text := coalesce(payment.invoice_id, payment.stripe_payment_id);
  owner constant text := coalesce(payment.user_id, named);
  charge constant text := facts->>'charge_id';
  nothing constant jsonb := verdict('ignored', 'no_effect', owner);
  difference bigint;
  recorded jsonb;
begin
  if is_settled(delivery) then
    return verdict('duplicate', 'already_processed', owner);
  elsif facts->>'state' is null then
    return record_delivery(delivery, nothing);
  elsif payment.user_id is null then
    return record_delivery(delivery, verdict('parked', 'unknown_payment', owner)
      || jsonb_build_object('effect', jsonb_build_object('verb', 'reverse_payment', 'facts', facts)));
  elsif payment.currency <> facts->>'currency' then
    return record_delivery(delivery, verdict('rejected', 'currency_mismatch', owner));
  end if;

  perform keep_reversal(jsonb_populate_record(null::reversals, facts
    || jsonb_build_object('stripe_payment_id', subject, 'created_at', now(), 'updated_at', now())));
  difference := -credits_to_be_gone(payment) - coalesce((
    select sum(amount) from credit_ledger where stripe_payment_id = subject
      and kind in ('refund', 'refund_reversal', 'dispute', 'dispute_reversal')), 0);
  if difference <> 0 then
    insert into credit_ledger (user_id, kind, amount, idempotency_key, stripe_payment_id, event_id)
    values (payment.user_id, case facts->>'kind' when 'dispute' then 'dispute' else 'refund' end
        || case when difference > 0 then '_reversal' else '' end,
      difference, format('reversal:%s:%s', subject, delivery->>'event_id'), subject, delivery->>'event_id');
  end if;
  recorded := record_delivery(delivery,
    case when difference <> 0 then verdict('applied', null, owner) else nothing end);

  -- A charge that was not known may be what something else waits for.
  if charge is null or payment.charge_id is not null then return recorded; end if;
  update payments set charge_id = charge where stripe_payment_id = payment.stripe_payment_id;
  return with_released(recorded, release_payment(array[charge], delivery));
end $$;

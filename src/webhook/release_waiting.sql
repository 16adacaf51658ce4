-- Has one waiting delivery take its effect, and answers what became of it, and of those that it released in turn. One
-- that fails stays as it is, without holding up the others, and the scheduled run tries it again: null, as for one that
-- another release of the same commit has settled.
create or replace function release_delivery(waiting webhook_events, erase boolean) returns jsonb language plpgsql as $$
declare
  verdict jsonb;
begin
  if exists (
    select from webhook_events e where e.provider = waiting.provider and e.event_id = waiting.event_id
      and e.outcome in ('applied', 'duplicate', 'stale')
  ) then
    return null;
  end if;
  execute format('select %I($1, $2)', waiting.effect->>'verb') into verdict
  using jsonb_build_object(
    'provider', waiting.provider, 'event_id', waiting.event_id, 'type', waiting.type,
    'occurred_at', waiting.occurred_at, 'via', 'release', 'erase', erase
  ), waiting.effect->'facts';
  return jsonb_build_array((verdict - 'released') || jsonb_build_object(
    'provider', waiting.provider, 'event_id', waiting.event_id, 'type', waiting.type))
    || coalesce(verdict->'released', '[]');
exception when others then
  raise warning 'release of % % failed: %', waiting.provider, waiting.event_id, sqlstate;
  return null;
end $$;
--> statement-breakpoint
-- Has them take their effect in the order in which they happened. Answers the deliveries that it settled, and those
-- that they in turn released.
create or replace function release_each(deliveries webhook_events[], erase boolean) returns jsonb language plpgsql as $$
declare
  waiting webhook_events;
  settled jsonb := '[]';
begin
  if cardinality(deliveries) = 0 then return settled; end if;
  for waiting in select * from unnest(deliveries) order by occurred_at, event_id loop
    settled := settled || coalesce(release_delivery(waiting, erase), '[]');
  end loop;
  return settled;
end $$;
--> statement-breakpoint
-- What a verb answers when it has released more deliveries.
create or replace function with_released(recorded jsonb, released jsonb) returns jsonb language sql stable as $$
  select recorded || jsonb_build_object('released', coalesce(recorded->'released', '[]') || released)
$$;
--> statement-breakpoint
-- Has every delivery that waits for this user take its effect, in the commit that brings the user. Answers the
-- deliveries that it settled.
create or replace function release_waiting(released_user text, erase boolean) returns jsonb language plpgsql as $$
begin
  return release_each(array(
    select event from webhook_events event
    where user_id = released_user and outcome = 'parked' and effect is not null and reason <> 'unknown_payment'
    order by occurred_at, event_id limit 100
  ), erase);
end $$;
--> statement-breakpoint
-- Has every delivery that waits to know whose this Stripe customer is take its effect, in the commit that says so, also
-- those that were given up as not ours. The caller has recorded its own delivery before.
create or replace function release_customer(customer text, delivery jsonb) returns jsonb language plpgsql as $$
begin
  return jsonb_build_object('released', release_each(array(
    select event from webhook_events event
    where effect->'facts'->>'stripe_customer_id' = customer
      and (outcome = 'parked' or (outcome = 'ignored' and reason = 'not_ours'))
    order by occurred_at, event_id limit 100
  ), (delivery->>'erase')::boolean));
end $$;
--> statement-breakpoint
-- Likewise what waits for a payment that any of these ids names: of a PaymentIntent or a charge.
create or replace function release_payment(ids text[], delivery jsonb) returns jsonb language plpgsql as $$
begin
  return release_each(array(
    select event from webhook_events event
    where (effect->'facts'->>'payment_intent_id' = any (ids) or effect->'facts'->>'charge_id' = any (ids))
      and reason in ('unknown_payment', 'not_ours')
    order by occurred_at, event_id limit 100
  ), (delivery->>'erase')::boolean);
end $$;
--> statement-breakpoint
-- Tries again what was refused because this user held a customer, or because of this customer, which is gone now.
create or replace function release_refused(subject text, customer text, delivery jsonb) returns jsonb language plpgsql as $$
begin
  return jsonb_build_object('released', release_each(array(
    select event from webhook_events event
    where (user_id = subject or effect->'facts'->>'stripe_customer_id' = customer)
      and outcome = 'rejected' and reason = 'customer_mismatch' and effect is not null
    order by occurred_at, event_id limit 100
  ), (delivery->>'erase')::boolean));
end $$;

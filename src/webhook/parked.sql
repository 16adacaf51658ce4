-- What is parked with its effect, and may no longer need to be: its user has come, or its customer or payment is known.
-- In random order, here and below: rows that fail every time only take their share of the turns.
-- facts: limit (how many). Answers deliveries without their bodies.
create or replace function releasable_deliveries(facts jsonb) returns jsonb language sql stable as $$
  select coalesce(jsonb_agg(delivery), '[]') from (
    select provider, event_id, type, occurred_at, user_id, effect from webhook_events event
    where outcome = 'parked' and effect is not null and case
      when reason = 'unknown_payment' then
        (payment_of(effect->'facts'->>'payment_intent_id', effect->'facts'->>'charge_id')).user_id is not null
      else exists (select from wallets where wallets.user_id = event.user_id)
        or customer_owner(effect->'facts'->>'stripe_customer_id') is not null
    end
    order by random() limit (facts->>'limit')::integer
  ) delivery
$$;
--> statement-breakpoint
-- What is parked because it could not be read, and may be readable to this deployment. Bodies are answered as text: one that
-- is as deep as jsonb can be could not be built into another document, and would hold up all others.
-- facts: limit (how many), bytes (of all bodies together, as JSON strings). Answers deliveries, each with its body.
create or replace function unreadable_deliveries(facts jsonb) returns jsonb language sql stable as $$
  with picked as (
    select * from webhook_events where outcome = 'parked' and effect is null and payload is not null
    order by random() limit (facts->>'limit')::integer
  ), sized as (
    select provider, event_id, type, occurred_at, user_id, payload::text as body,
      sum(octet_length(to_jsonb(payload::text)::text)) over (rows unbounded preceding) as bytes
    from picked
  )
  select coalesce(jsonb_agg(to_jsonb(sized) - 'bytes'), '[]') from sized where bytes < (facts->>'bytes')::bigint
$$;
--> statement-breakpoint
-- Gives up what waits in vain to know whose a customer or a payment is: the life of other products in the same Stripe
-- account, of which nobody ever says whose they are. The effect is kept: a later link or settlement still releases it.
-- facts: erase (whether stored payloads lose their personal data). Answers how many.
create or replace function give_up_unknown(facts jsonb) returns jsonb language sql as $$
  with given_up as (
    update webhook_events set outcome = 'ignored', reason = 'not_ours', settled_at = now(),
      payload = case when (facts->>'erase')::boolean then erase_personal_data(payload) else payload end
    where outcome = 'parked' and reason in ('unknown_customer', 'unknown_payment')
      and received_at < now() - interval '7 days'
    returning event_id
  )
  select to_jsonb(count(*)) from given_up
$$;

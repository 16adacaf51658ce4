-- src/subscriptions/orphans.sql
-- Subscriptions that run on although their users are deleted, and that Stripe has not been told to cancel.
-- facts: limit (how many ids). Answers how many there are, and ids in random order, so that none blocks the others.
create or replace function orphans(facts jsonb) returns jsonb language sql stable as $$
  with orphan as (
    select subscriptions.id from subscriptions join wallets on wallets.user_id = subscriptions.user_id
    where wallets.closed_at is not null and subscriptions.status not in ('canceled', 'incomplete_expired')
      and subscriptions.cancel_requested_at is null
  )
  select jsonb_build_object('count', (select count(*) from orphan), 'ids', (
    select coalesce(jsonb_agg(id), '[]')
    from (select id from orphan order by random() limit (facts->>'limit')::integer) chosen))
$$;
--> statement-breakpoint
-- Stripe has cancelled it: its state follows by its own event. facts: stripe_subscription_id. Answers when.
create or replace function cancel_requested(facts jsonb) returns jsonb language sql as $$
  update subscriptions set cancel_requested_at = now() where id = facts->>'stripe_subscription_id'
  returning to_jsonb(cancel_requested_at)
$$;

--> statement-breakpoint
-- src/webhook/attention.sql
-- What waits for a person, or for a user who has not come: how much for each reason, and since when.
-- facts: none. Answers lines of provider, outcome, reason, deliveries and oldest.
create or replace function attention(facts jsonb) returns jsonb language sql stable as $$
  select coalesce(jsonb_agg(line), '[]') from (
    select provider, outcome, reason, count(*) as deliveries, min(received_at) as oldest
    from webhook_events where outcome in ('parked', 'rejected')
    group by provider, outcome, reason
  ) line
$$;

--> statement-breakpoint
-- src/webhook/parked.sql
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

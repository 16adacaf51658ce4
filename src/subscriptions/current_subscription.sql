-- The user's subscription as the API shows it: the choice of user_billing. Null where there is none.
create or replace function current_subscription(user_id text) returns jsonb language sql stable as $$
  select jsonb_build_object(
    'id', stripe_subscription_id, 'status', subscription_status, 'plan', plan_key, 'price', stripe_price_id,
    'current_period_end', subscription_current_period_end, 'cancel_at_period_end', cancel_at_period_end,
    'cancel_at', (select cancel_at from subscriptions where id = stripe_subscription_id))
  from user_billing where id = current_subscription.user_id and stripe_subscription_id is not null
$$;

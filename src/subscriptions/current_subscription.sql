-- Returns the user's subscription as the API shows it, which is the one that user_billing chooses. Null if there is
-- none.
create or replace function current_subscription(given text) returns jsonb language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return (
    select jsonb_build_object(
      'id', stripe_subscription_id, 'status', subscription_status, 'plan', plan_key, 'price', stripe_price_id,
      'current_period_end', subscription_current_period_end, 'cancel_at_period_end', cancel_at_period_end,
      'cancel_at', cancel_at, 'collection_paused', collection_paused)
    from user_billing where id = given and stripe_subscription_id is not null);
end $$;

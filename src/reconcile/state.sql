-- Returns the present state of what a verb's facts are about, without bookkeeping such as the time of storing. If it is
-- equal before and after the verb, nothing has to be done.
create or replace function compared_state(given jsonb) returns jsonb language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  g record;
begin
  select * into g from jsonb_to_record(given) as g(user_id text, stripe_customer_id text, stripe_payment_id text,
    stripe_checkout_session_id text, stripe_invoice_id text, stripe_subscription_id text, id text, paid_by text);
  return jsonb_build_object(
    'user', (select jsonb_build_object('email', email, 'email_verified', email_verified, 'name', name,
        'customer', stripe_customer_id, 'told', clerk_updated_at is not null) from users where id = g.user_id),
    'wallet', (select jsonb_build_object('closed', closed_at is not null, 'banned', banned_at is not null)
      from wallets where user_id = g.user_id),
    'payment', (select to_jsonb(payment) from payments payment
      where stripe_payment_id = coalesce(g.stripe_payment_id, g.stripe_invoice_id)),
    'credited', is_invoice_credited(g.stripe_invoice_id),
    'session', (select stripe_payment_id from payments where stripe_checkout_session_id = g.stripe_checkout_session_id),
    'paid_by', (select stripe_invoice_id from invoice_payments where paid_by = g.paid_by),
    'reversal', (select to_jsonb(reversal) - '{created_at,updated_at}'::text[] from reversals reversal where id = g.id),
    'subscription', (select kept_content(stored) from subscriptions stored where id = g.stripe_subscription_id),
    'customer', (select jsonb_build_object('user', user_id, 'gone', deleted_at is not null)
      from stripe_customers where id = g.stripe_customer_id));
end $$;

-- Returns what is compared of a subscription.
create or replace function kept_content(stored subscriptions) returns jsonb language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return subscription_content(stored)
    || jsonb_build_object('user', stored.user_id, 'plan', stored.plan_key, 'customer', stored.stripe_customer_id);
end $$;

-- Whether these facts of a user, a subscription or a user's customer agree with what is stored: then their verb would
-- only store the time of the read. Always false for other verbs.
create or replace function says_the_same(verb text, given jsonb, before jsonb) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  here constant jsonb := before->'user';
  reported subscriptions;
begin
  if verb = 'sync_user' then
    return (before->'wallet'->>'closed')::boolean is true or coalesce(
      (here->>'told')::boolean and here->'email' = given->'email' and here->'name' = given->'name'
      and (here->>'email_verified')::boolean = ((given->>'email_verified')::boolean and given->>'email' is not null)
      and (before->'wallet'->>'banned')::boolean = (given->>'banned')::boolean, false);
  elsif verb = 'sync_subscription' then
    reported := jsonb_populate_record(null::subscriptions, given->'state');
    reported.user_id := owner_of(given->>'stripe_customer_id', given->>'user_id');
    reported.stripe_customer_id := given->>'stripe_customer_id';
    return kept_content(reported) = before->'subscription' and before->'customer' <> 'null';
  elsif verb = 'link_customer' then
    return here->>'customer' = given->>'stripe_customer_id' and not (before->'customer'->>'gone')::boolean
      and before->'customer'->>'user' = given->>'user_id';
  end if;
  return false;
end $$;

-- Returns the kind of difference, or null. What is rejected or waits is a difference too, unless it is another
-- product's: its payment is not here, or its customer belongs to no user here. What is credited here and lacks an id,
-- such as its charge's, is not called uncredited.
create or replace function difference_kind(verb text, given jsonb, before jsonb, after jsonb, verdict jsonb) returns text
language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  outcome constant text := verdict->>'outcome';
  waits constant boolean := outcome in ('parked', 'rejected');
  is_credited constant boolean := outcome = 'duplicate'
    and verb in ('settle_payment', 'settle_session', 'credit_invoice', 'grant_plan');
  paid constant jsonb := coalesce(nullif(before->'payment', 'null'), (
    select to_jsonb(payment) from payments payment where stripe_payment_id = before->>'session'));
begin
  if is_credited and paid is not null and ((paid->>'amount')::bigint <> greatest(0, (given->>'amount')::bigint)
    or paid->'currency' <> given->'currency'
    or (verb = 'settle_payment' and paid->'credits' <> given->'credits')) then
    return 'amount_differs';
  elsif not waits and before = after then
    return null;
  elsif verb = 'reverse_payment' and verdict->>'reason' = 'unknown_payment' then
    return null;
  elsif verb in ('link_customer', 'refer_customer') and outcome = 'rejected' then
    return null;
  elsif verb = 'sync_user' and verdict->>'reason' = 'missing_email'
    and (before->'user'->>'told')::boolean is false then
    -- A session has created the user. Without an address Clerk has nothing to add, but it may have banned the user.
    return case when before <> after then 'user_differs' end;
  elsif is_credited then
    return 'not_applied';
  end if;
  return case verb
    when 'settle_payment' then 'paid_not_credited'
    when 'settle_session' then 'paid_not_credited'
    when 'record_delivery' then case verdict->>'reason' when 'unreadable' then 'not_applied' else 'paid_not_credited' end
    when 'grant_plan' then 'period_without_credits'
    when 'credit_invoice' then case outcome when 'ignored' then 'not_applied' else 'period_without_credits' end
    when 'reverse_payment' then case given->>'kind' when 'dispute' then 'dispute_differs' else 'refund_not_taken' end
    when 'sync_subscription' then case verdict->>'reason' when 'unknown_customer' then 'customer_of_nobody'
      else 'subscription_differs' end
    when 'sync_user' then case when (before->'user'->>'told')::boolean then 'user_differs' else 'user_missing' end
    when 'close_user' then 'user_deleted'
    when 'link_customer' then 'customer_of_nobody'
    when 'refer_customer' then 'customer_of_nobody'
    when 'unlink_customer' then 'customer_deleted'
    when 'link_invoice_payment' then 'invoice_payment_unknown'
    else 'not_applied' end;
end $$;

-- Ids and amounts only: numbers and booleans stay, and under the names listed here strings that look like an id or a
-- term of the provider's. Free-form objects (any …metadata) keep nothing but our own keys, since anything may be
-- written there.
create or replace function reduce_to_ids(value jsonb) returns jsonb language plpgsql immutable as $$
declare
  id_like constant text := '^[A-Za-z0-9_.:-]{1,255}$';
  kept constant text[] := array[
    'id', 'object', 'type', 'instance_id', 'api_version', 'account', 'customer', 'customer_account',
    'payment_intent', 'charge', 'invoice', 'subscription', 'setup_intent', 'balance_transaction',
    'failure_balance_transaction', 'client_reference_id', 'user_id', 'credits', 'currency', 'status',
    'payment_status', 'mode', 'reason', 'billing_reason', 'price', 'plan', 'product', 'lookup_key',
    'subscription_item', 'primary_email_address_id'
  ];
begin
  return case jsonb_typeof(value)
    when 'object' then (
      select coalesce(jsonb_object_agg(key, case
        when key like '%metadata' then (
          select coalesce(jsonb_object_agg(ours.key, ours.value), '{}') from jsonb_each(
            case jsonb_typeof(member) when 'object' then member else '{}' end
          ) ours where ours.key in ('user_id', 'credits') and ours.value #>> '{}' ~ id_like
        )
        when jsonb_typeof(member) = 'string' and key = any (kept) and member #>> '{}' ~ id_like then member
        else reduce_to_ids(member)
      end), '{}') from jsonb_each(value) members(key, member)
    )
    when 'array' then (
      select coalesce(jsonb_agg(reduce_to_ids(element)), '[]') from jsonb_array_elements(value) elements(element)
    )
    when 'string' then 'null'
    else value
  end;
end $$;
--> statement-breakpoint
-- Nothing is kept of a payload too deep to be searched for personal data.
create or replace function erase_personal_data(payload jsonb) returns jsonb language plpgsql immutable as $$
begin
  return reduce_to_ids(payload);
exception when program_limit_exceeded then
  return null;
end $$;
--> statement-breakpoint
-- Where erasing is asked for, a delivery is stored without personal data when its user is deleted already, or when it
-- names no user, by whom it could be found later; unless it is parked, and still has to be read.
create or replace function payload_to_keep(payload jsonb, facts jsonb) returns jsonb language plpgsql as $$
declare
  subject constant text := facts->>'user_id';
begin
  if (subject is null and facts->>'outcome' <> 'parked')
    or exists (select from wallets where user_id = subject and closed_at is not null)
  then
    return erase_personal_data(payload);
  end if;
  return payload;
end $$;

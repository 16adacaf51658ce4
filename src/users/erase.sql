-- Ids and amounts only: numbers and booleans stay, and strings under the names listed here. Free-form objects
-- (any …metadata) keep nothing but our own keys, since anything may be written there.
create or replace function erase_personal_data(value jsonb) returns jsonb language plpgsql immutable as $$
declare
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
          ) ours where ours.key in ('user_id', 'credits')
        )
        when jsonb_typeof(member) = 'string' and key = any (kept) then member
        else erase_personal_data(member)
      end), '{}') from jsonb_each(value) members(key, member)
    )
    when 'array' then (
      select coalesce(jsonb_agg(erase_personal_data(element)), '[]') from jsonb_array_elements(value) elements(element)
    )
    when 'string' then 'null'
    else value
  end;
end $$;
--> statement-breakpoint
-- A delivery that arrives after its user was deleted is stored without personal data, where erasing is asked for.
create or replace function payload_to_keep(payload jsonb, subject text, erase boolean) returns jsonb language plpgsql as $$
begin
  if erase and exists (select from wallets where user_id = subject and closed_at is not null) then
    return erase_personal_data(payload);
  end if;
  return payload;
end $$;

-- Returns these payments, each with its reversals. Amounts are in minor units of the payment's currency.
create or replace function shown_payments(ids text[]) returns jsonb language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return (select coalesce(jsonb_agg(jsonb_build_object('id', sold.stripe_payment_id, 'credits', credits,
      'amount', amount, 'currency', currency, 'created_at', created_at, 'reversals', (
        select coalesce(jsonb_agg(jsonb_build_object('id', id, 'kind', kind, 'state', state, 'amount', amount)
          order by created_at), '[]')
        from reversals where stripe_payment_id = sold.stripe_payment_id)) order by created_at desc), '[]')
    from payments sold where sold.stripe_payment_id = any (ids));
end $$;

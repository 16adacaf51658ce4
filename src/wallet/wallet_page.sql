-- Returns one page of a wallet, newest entry first: balance, entries, and `next`, which is the before_id of the next
-- page, or null on the last one. It reads only the page, however long the ledger is. Returns null if before_id is no
-- entry of this wallet.
create or replace function wallet_page(given text, page_size integer, before_id bigint) returns jsonb
language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if before_id is not null and not exists (
    select from credit_ledger where user_id = given and id = before_id
  ) then
    return null;
  end if;
  return (
    with page as (
      select id, kind, amount, balance_after, note, reference, created_at,
        row_number() over (order by id desc) <= page_size as fits
      from credit_ledger where user_id = given and id < coalesce(before_id, 9223372036854775807)
      order by id desc limit page_size + 1
    )
    select jsonb_build_object(
      'balance', (select balance from wallets where user_id = given),
      'entries', coalesce(jsonb_agg(to_jsonb(page) - 'fits' order by id desc) filter (where fits), '[]'),
      'next', case when not bool_and(fits) then min(id) filter (where fits) end
    ) from page);
end $$;

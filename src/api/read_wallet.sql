-- One page of a wallet, newest first: however long the ledger, it reads the page alone.
-- facts: user_id, signup_bonus (credits), erase, page_size, and of a cursor before_id.
-- Answers balance, entries and the next cursor's id, or {"refused": why}.
create or replace function read_wallet(facts jsonb) returns jsonb language plpgsql as $$
declare
  asked record;
  refusal text;
begin
  select * into asked from jsonb_to_record(facts) as asked(
    user_id text, signup_bonus bigint, erase boolean, page_size integer, before_id bigint);
  refusal := ensure_user(asked.user_id, asked.signup_bonus, asked.erase);
  if refusal is null and asked.before_id is not null and not exists (
    select from credit_ledger where user_id = asked.user_id and id = asked.before_id
  ) then
    refusal := 'invalid_cursor';
  end if;
  if refusal is not null then return jsonb_build_object('refused', refusal); end if;

  return (
    with page as (
      select id, kind, amount, balance_after, note, created_at,
        row_number() over (order by id desc) <= asked.page_size as fits
      from credit_ledger
      where user_id = asked.user_id and id < coalesce(asked.before_id, 9223372036854775807)
      order by id desc limit asked.page_size + 1
    )
    select jsonb_build_object(
      'balance', (select balance from wallets where user_id = asked.user_id),
      'entries', coalesce(jsonb_agg(to_jsonb(page) - 'fits' order by id desc) filter (where fits), '[]'),
      'next', case when not bool_and(fits) then min(id) filter (where fits) end
    ) from page
  );
end $$;

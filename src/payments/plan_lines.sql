-- Returns what the lines of a paid invoice grant, by the id of the line: {"<line>": {"key", "credits", "owed",
-- "known"}}. The key names the ledger entry, so that a period, a proration or a trial grants only once; known: it has
-- granted before. Of what credit notes took off before the invoice was paid (`noted`), nothing is granted. Returns null
-- if a price has to be read first.
create or replace function invoice_grants(owner text, facts jsonb) returns jsonb language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  invoice constant text := facts->>'stripe_invoice_id';
  in_currency constant text := facts->>'currency';
  lines constant jsonb := facts->'lines';
  line jsonb;
  entry_key text;
  bought numeric;
  owed numeric;
  known boolean;
  grants jsonb := '{}';
begin
  for line in select value from jsonb_array_elements(lines) loop
    continue when (line->>'amount')::bigint < 0 or coalesce((line->>'credits')::bigint, 0) = 0;
    if (line->>'amount')::bigint = 0 then
      entry_key := key_of_nothing(owner, line, in_currency);
      bought := case when entry_key is not null
        then (line->>'credits')::bigint * least(1, floor((line->>'quantity')::numeric)) else 0 end;
      owed := 0;
      if entry_key = '' then return null; end if;
    else
      entry_key := case when (line->>'is_proration')::boolean
        then concat_ws(':', 'plan_grant', invoice, line->>'id')
        else key_of_period(invoice, line, lines) end;
      bought := bought_credits(line, in_currency);
      if bought is null then return null; end if;
      bought := paid_of(bought, facts);
      owed := owed_for(invoice, line->>'id');
    end if;
    known := exists (select from credit_ledger where idempotency_key = entry_key)
      or (entry_key like 'plan_grant:trial:%' and has_older_trial(owner, line->'plan_names'));
    bought := case when known then 0 else floor(bought) end;
    bought := greatest(0, bought - ceil(bought * owed / greatest(1, (line->>'net')::bigint)));
    grants := grants || jsonb_build_object(line->>'id',
      jsonb_build_object('key', entry_key, 'credits', bought, 'owed', owed, 'known', known));
  end loop;
  return grants;
end $$;

-- Returns the key of what a line with an amount of 0 grants, if its plan has trial_credits. It grants for a quantity of
-- one, because the buyer may choose the quantity, and pays nothing. A trial grants once per user and plan key; a free
-- price grants once per user, plan key and calendar interval. Null: the line grants nothing. Empty: the price has to be
-- read first, because only the price says whether it is a trial or free.
create or replace function key_of_nothing(owner text, line jsonb, in_currency text) returns text language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  price constant stripe_prices := price_of(line, in_currency);
  unit constant numeric := coalesce((line->>'unit_amount')::numeric, price.unit_amount);
  costs constant boolean := coalesce((line->>'unit_amount')::numeric, 0) > 0;
begin
  if not (line->>'trial_credits')::boolean or (line->>'is_proration')::boolean or price.usage_type = 'metered'
    or (unit > 0 and round(unit * (line->>'quantity')::numeric) = 0) then
    return null;
  elsif costs or (price.id is not null and price.unit_amount is distinct from 0) then
    return concat_ws(':', 'plan_grant', 'trial', owner, line->>'key');
  elsif price.id is null then
    return '';
  end if;
  return concat_ws(':', 'plan_grant', 'free', owner, line->>'key',
    calendar_interval((line->>'starts_at')::bigint, price));
end $$;

-- Whether an older version has granted this user a trial of a plan with one of these names. Older versions stored no
-- lines, and named the grant by its subscription. The grant's event says which price it was; if its payload is gone, it
-- may have been any.
create or replace function has_older_trial(owner text, names jsonb) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  entry credit_ledger;
  event webhook_events;
  lines jsonb;
begin
  for entry in select * from credit_ledger
    where user_id = owner and kind = 'plan_grant' and stripe_payment_id is not null
  loop
    continue when not exists (select from payments where stripe_payment_id = entry.stripe_payment_id and amount = 0)
      or exists (select from plan_lines
        where stripe_invoice_id = entry.stripe_payment_id and stripe_line_id <> entry.stripe_payment_id);
    select * into event from webhook_events where provider = 'stripe' and event_id = entry.event_id;
    lines := readable_payload(event)->'data'->'object'->'lines'->'data';
    if lines is null or exists (
      select from jsonb_array_elements(lines) line where line->'amount' = '0' and names ?| array_remove(array[
        line->'pricing'->'price_details'->>'price', line->'pricing'->'price_details'->>'product',
        line->'price'->>'id', line->'price'->>'product', line->'price'->>'lookup_key'], null)) then
      return true;
    end if;
  end loop;
  return false;
end $$;

-- Returns the minor units that other invoices have credited of a line before it was granted, because no setting knew
-- its price then.
create or replace function owed_for(invoice text, line text) returns numeric language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if not exists (select from plan_lines where credited_invoice_id = invoice)
    or exists (select from plan_lines where stripe_invoice_id = invoice and stripe_line_id = line and credits > 0) then
    return 0;
  end if;
  return (
    select coalesce(-sum(amount), 0) from plan_lines
    where credited_invoice_id = invoice and line = any (credited_line_ids) and credits = 0);
end $$;

-- Stores the lines that are not negative, with what they grant. Among them are lines that credit a line for which
-- nothing was paid: their amount is 0. is_paid: whether the invoice was paid here. It is false for an invoice that was
-- read from Stripe because another invoice credits it.
create or replace function keep_lines(invoice text, lines jsonb, grants jsonb, is_paid boolean) returns void
language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  insert into plan_lines as known (stripe_invoice_id, stripe_line_id, stripe_subscription_id, stripe_price_id, starts_at,
    ends_at, amount, credits, is_paid, credited_invoice_id, credited_line_ids)
  select invoice, line.id, line.stripe_subscription_id, line.stripe_price_id, line.starts_at, line.ends_at,
    greatest(0, line.net - coalesce((grants->line.id->>'owed')::bigint, 0)),
    coalesce((grants->line.id->>'credits')::bigint, 0), keep_lines.is_paid, line.credits_invoice, line.credits_lines
  from jsonb_to_recordset(lines) as line(id text, stripe_subscription_id text, stripe_price_id text, starts_at bigint,
    ends_at bigint, amount bigint, net bigint, credits_invoice text, credits_lines text[])
  where line.amount >= 0
  on conflict (stripe_invoice_id, stripe_line_id) do update
  set amount = excluded.amount, credits = greatest(excluded.credits, known.taken), is_paid = true
  where excluded.is_paid and not known.is_paid;
end $$;

-- Returns the lines that a negative line credits. These are the lines that it names, or the whole invoice if an older
-- version stored that. If it names none, or none of them is stored, it credits the line of the same price and
-- subscription (and of the named invoice, if there is one) whose period covers its start. Of several lines, one that
-- ends when this line ends comes first. A line that starts when this line starts comes last, because it is the
-- replacement; of several such lines, the one that was stored first counts.
create or replace function credited_by(line jsonb) returns setof plan_lines language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  l record;
begin
  select * into l from jsonb_to_record(line) as l(stripe_subscription_id text, stripe_price_id text, starts_at bigint,
    ends_at bigint, credits_invoice text, credits_lines text[]);
  if l.credits_invoice is not null then
    return query select * from plan_lines
    where stripe_invoice_id = l.credits_invoice and stripe_line_id = any (l.credits_lines || l.credits_invoice)
      and amount >= 0
    order by stripe_line_id;
    if found then return; end if;
  end if;
  return query select * from plan_lines
  where stripe_subscription_id = l.stripe_subscription_id and starts_at <= l.starts_at and ends_at > l.starts_at
    and stripe_price_id is not distinct from l.stripe_price_id and amount > 0
    and stripe_invoice_id = coalesce(l.credits_invoice, stripe_invoice_id)
  order by ends_at = l.ends_at desc, starts_at = l.starts_at, case when starts_at = l.starts_at then created_at end,
    starts_at desc, stripe_invoice_id desc, stripe_line_id
  limit 1;
end $$;

-- Takes the credits that a negative line reverses, and returns how many: of the credits that the credited lines have
-- brought, the share that its money is of their money, but never more than is left of them. balance_share: the part of
-- its money, from 0 to 1, that went to the customer's balance.
create or replace function take_for(invoice text, in_currency text, line jsonb, balance_share numeric) returns bigint
language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  credited constant plan_lines[] := array(select one from credited_by(line) one);
  money constant numeric := -(line->>'amount')::bigint;
  take numeric;
  remaining numeric;
  one plan_lines;
begin
  select least(sum(granted.credits - granted.taken), case when sum(granted.amount) > 0
    then ceil(sum(granted.credits) * money / sum(granted.amount)) else sum(granted.credits) end)
  into take from unnest(credited) granted;
  take := coalesce(take, ceil(bought_credits(line, in_currency)), 0);
  remaining := take;
  foreach one in array credited loop
    update plan_lines set taken = taken + least(remaining, one.credits - one.taken)
    where stripe_invoice_id = one.stripe_invoice_id and stripe_line_id = one.stripe_line_id and remaining > 0;
    remaining := remaining - least(remaining, one.credits - one.taken);
  end loop;
  insert into plan_lines (stripe_invoice_id, stripe_line_id, stripe_subscription_id, stripe_price_id, starts_at,
    ends_at, amount, credits, is_paid, credited_invoice_id, credited_line_ids, to_balance)
  select invoice, l.id, l.stripe_subscription_id, l.stripe_price_id, l.starts_at, l.ends_at, -money, -take, true,
    coalesce(l.credits_invoice, credited[1].stripe_invoice_id), l.credits_lines, floor(round(take * balance_share, 6))
  from jsonb_to_record(line) as l(id text, stripe_subscription_id text, stripe_price_id text, starts_at bigint,
    ends_at bigint, credits_invoice text, credits_lines text[])
  on conflict do nothing;
  return take;
end $$;

-- Returns the sum of credits in {"<line>": {"credits"}}.
create or replace function credits_in(moved jsonb) returns bigint language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return (select coalesce(sum((entry.value->>'credits')::numeric), 0) from jsonb_each(moved) entry);
end $$;

-- Grants credits that nobody paid for, once per idempotency key, within two kinds of limits: those that bound the harm
-- of a leaked token, and those of a campaign. A key that has granted always returns the balance right after that grant;
-- one that was refused has written nothing.
-- facts: user_id, amount (credits), idempotency_key (the caller's), note (why), caller (the name of the caller's
-- token); per_call, per_user_day, per_day (the most that may be granted); campaign (or null), campaign_per_user and
-- campaign_total (the most that it may grant, or null). Returns {"balance"}, or {"refused": why}, with the limit that
-- was reached and what is left of it.
create or replace function grant_credits(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  entry_key text;
  earlier credit_ledger;
  today text := 'day:' || (now() at time zone 'UTC')::date;
  offers text;
  refusal jsonb;
  after bigint;
begin
  select * into f from jsonb_to_record(facts) as f(user_id text, amount bigint, idempotency_key text, note text,
    caller text, per_call bigint, per_user_day bigint, per_day bigint, campaign text, campaign_per_user bigint,
    campaign_total bigint);
  entry_key := 'grant:' || f.idempotency_key;
  -- The lock `key:grants` makes grants run one after the other: each counts towards the sum of the day.
  perform lock_subjects('key:' || entry_key, 'key:grants', 'user:' || f.user_id);

  select * into earlier from credit_ledger where idempotency_key = entry_key;
  if found then
    if earlier.user_id <> f.user_id or earlier.amount <> f.amount or earlier.campaign is distinct from f.campaign then
      return jsonb_build_object('refused', 'idempotency_key_reused');
    end if;
    return jsonb_build_object('balance', earlier.balance_after);
  end if;

  offers := 'campaign:' || f.campaign;
  refusal := coalesce(
    to_jsonb(why_refused(f.user_id, f.amount)),
    why_beyond(f.amount, 'grant_limit_exceeded', 'per_call', f.per_call, null),
    why_beyond(f.amount, 'grant_limit_exceeded', 'per_user_day', f.per_user_day, today || ':' || f.user_id),
    why_beyond(f.amount, 'grant_limit_exceeded', 'per_day', f.per_day, today),
    why_beyond(f.amount, 'campaign_exhausted', 'per_user', f.campaign_per_user, offers || ':' || f.user_id),
    why_beyond(f.amount, 'campaign_exhausted', 'total', f.campaign_total, offers));
  if refusal is not null then
    return case jsonb_typeof(refusal) when 'object' then refusal else jsonb_build_object('refused', refusal) end;
  end if;
  perform count_granted(f.amount, today, today || ':' || f.user_id, offers, offers || ':' || f.user_id);
  insert into credit_ledger (user_id, kind, amount, idempotency_key, note, caller, campaign)
  values (f.user_id, 'grant', f.amount, entry_key, f.note, f.caller, f.campaign)
  returning balance_after into after;
  return jsonb_build_object('balance', after);
end $$;

-- Returns why a grant exceeds a limit, or null if it does not, or if there is no limit. counted: the sum of earlier
-- grants that counts towards the limit.
create or replace function why_beyond(credits bigint, refused text, limited_by text, most bigint, counted text)
returns jsonb language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  granted bigint := coalesce((select total.credits from grant_totals total where subject = counted), 0);
begin
  if most is null or granted + credits <= most then return null; end if;
  return jsonb_build_object('refused', refused, 'limit', limited_by, 'left', greatest(most - granted, 0));
end $$;

-- Adds a grant to these sums, and ignores nulls. The caller holds the lock of all grants.
create or replace function count_granted(amount bigint, variadic subjects text[]) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  insert into grant_totals as total (subject, credits)
  select name, amount from unnest(subjects) name where name is not null
  on conflict (subject) do update set credits = total.credits + excluded.credits;
end $$;

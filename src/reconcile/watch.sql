-- Stores what a pass has found about an object, or that it is gone. Returns {"confirmed": whether another pass, at
-- least 15 minutes ago, saw the same; "first": whether this pass is the first to confirm it; "settled": whether a person
-- has dealt with it}. What differs in another way than before is a new difference.
create or replace function watch_difference(of_pass text, of_provider text, of_object text, reported jsonb) returns jsonb
language plpgsql set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  seen differences;
  same boolean;
  confirmed boolean;
begin
  select * into seen from differences where provider = of_provider and object = of_object;
  if reported->>'kind' is null then
    if seen.object is not null then delete from differences where provider = of_provider and object = of_object; end if;
    return '{"confirmed": false, "first": false, "settled": false}';
  elsif reported->>'kind' = 'busy' then
    return '{"confirmed": false, "first": false, "settled": false}';
  end if;
  same := seen.kind = reported->>'kind' and (seen.settled_at is null or is_as_settled(seen, reported));
  insert into differences as known (provider, object, kind, user_id, credits, reason, first_pass)
  values (of_provider, of_object, reported->>'kind', reported->>'user_id', (reported->>'credits')::bigint, reported->>'reason',
    of_pass)
  on conflict (provider, object) do update set
    kind = excluded.kind, user_id = excluded.user_id, credits = excluded.credits, reason = excluded.reason,
    last_seen_at = now(),
    first_pass = case when same then known.first_pass else excluded.first_pass end,
    first_seen_at = case when same then known.first_seen_at else now() end,
    reported_at = case when same then known.reported_at end,
    settled_at = case when same then known.settled_at end,
    settled_by = case when same then known.settled_by end,
    note = case when same then known.note end
  returning * into seen;
  confirmed := seen.first_pass <> of_pass and seen.first_seen_at <= now() - confirmed_after(seen.kind);
  if confirmed and seen.reported_at is null then
    update differences set reported_at = now() where provider = of_provider and object = of_object;
  end if;
  return jsonb_build_object('confirmed', confirmed, 'first', confirmed and seen.reported_at is null,
    'settled', seen.settled_at is not null);
end $$;

-- Whether an object differs as it did when a person dealt with it. reported: kind, credits, reason.
create or replace function is_as_settled(known differences, reported jsonb) returns boolean language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return known.settled_at is not null and known.kind = reported->>'kind'
    and known.credits is not distinct from (reported->>'credits')::bigint
    and known.reason is not distinct from reported->>'reason';
end $$;

-- Whether a person has dealt with this difference. reported: kind, credits, reason.
create or replace function is_settled_difference(of_provider text, of_object text, reported jsonb) returns boolean
language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return exists (select from differences known
    where provider = of_provider and object = of_object and is_as_settled(known, reported));
end $$;

-- Returns how long a difference has to exist before it is confirmed. For the suspicion that Clerk has deleted a user,
-- that is an hour.
create or replace function confirmed_after(kind text) returns interval language sql immutable as $$
  select case kind when 'user_deleted' then interval '1 hour' else interval '15 minutes' end
$$;

-- Stores what a pass has found without running a verb.
-- facts: pass, watches (false: only looks), found: [{provider, object, kind, user_id, credits, reason}]. Returns for
-- each {"confirmed", "first", "settled"}.
create or replace function watch_found(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  one record;
  watched jsonb := '[]';
begin
  select * into f from jsonb_to_record(facts) as f(pass text, watches boolean, found jsonb);
  for one in select * from jsonb_to_recordset(f.found)
    as one(provider text, object text, kind text, user_id text, credits bigint, reason text)
  loop
    if f.watches then
      watched := watched || watch_difference(f.pass, one.provider, one.object, to_jsonb(one));
    else
      watched := watched || jsonb_build_object('first', false,
        'settled', is_settled_difference(one.provider, one.object, to_jsonb(one)), 'confirmed', exists (
        select from differences known where known.provider = one.provider and known.object = one.object
          and known.kind = one.kind and known.first_seen_at <= now() - confirmed_after(one.kind)));
    end if;
  end loop;
  return watched;
end $$;

-- Deletes what no pass has seen for a week: it is gone, or out of every window. What a person has settled stays, because
-- `npm run reconcile` has no window. facts: most (rows).
create or replace function forget_differences(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  forgotten integer;
begin
  select * into f from jsonb_to_record(facts) as f(most integer);
  delete from differences where (provider, object) in (
    select provider, object from differences where last_seen_at < now() - interval '7 days'
      and settled_at is null limit f.most);
  get diagnostics forgotten = row_count;
  return to_jsonb(forgotten);
end $$;

-- Begins a scheduled pass. facts: most (rows that are deleted). Returns the served Stripe account and mode.
create or replace function begin_pass(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
begin
  select * into f from jsonb_to_record(facts) as f(most integer);
  perform forget_differences(jsonb_build_object('most', f.most));
  return coalesce(
    (select jsonb_build_object('account', account, 'livemode', livemode) from stripe_account where one),
    '{"account": null, "livemode": null}');
end $$;

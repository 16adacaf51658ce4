-- Returns the deliveries of an event, and those that are not applied and about this object.
create or replace function deliveries_named(facts jsonb, lower_at timestamptz, upper_at timestamptz)
returns setof webhook_events language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  f record;
begin
  select * into f from jsonb_to_record(facts) as f(id text, before text[], most integer);
  return query select * from webhook_events where provider in ('clerk', 'stripe') and event_id = f.id;
  return query select * from webhook_events event where about @> array[f.id] and event_id <> f.id
      and received_at between lower_at and upper_at
      and (f.before is null or (received_at, event_id) < (upper_at, f.before[2])) and is_match(event, facts)
    order by received_at desc, event_id desc limit f.most;
end $$;

-- Returns what is parked or rejected for each reason that is asked for, beginning with the newest of each.
create or replace function unsettled_deliveries(facts jsonb, lower_at timestamptz, upper_at timestamptz)
returns setof webhook_events language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  f record;
  listed record;
begin
  select * into f from jsonb_to_record(facts) as f(outcome text, reason text, reasons jsonb, before text[], most integer);
  for listed in select * from jsonb_to_recordset(f.reasons) as reason(outcome text, reason text) loop
    continue when listed.outcome <> f.outcome or listed.reason <> coalesce(f.reason, listed.reason);
    return query select * from webhook_events event
      where event.outcome = listed.outcome and event.outcome in ('parked', 'rejected') and event.reason = listed.reason
        and received_at between lower_at and upper_at
        and (f.before is null or (received_at, event_id) < (upper_at, f.before[2])) and is_match(event, facts)
      order by received_at desc, event_id desc limit f.most;
  end loop;
end $$;

-- Whether a delivery has the provider, type, outcome and reason that are asked for.
create or replace function is_match(event webhook_events, facts jsonb) returns boolean language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return event.provider = coalesce(facts->>'provider', event.provider)
    and coalesce(event.type = (facts->>'type'), facts->>'type' is null)
    and event.outcome = coalesce(facts->>'outcome', event.outcome)
    and coalesce(event.reason = (facts->>'reason'), facts->>'reason' is null);
end $$;

-- Returns a moment in full, ending in Z: a `+` of an offset would have to be encoded to go into a query.
create or replace function in_utc(moment timestamptz) returns text language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return to_char(moment at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
end $$;

-- Returns the deliveries that match, the newest first.
-- facts: id (of an event, or of an object that a delivery which is not applied is about), user_id, outcome, reason,
-- reasons (as in attention), provider, type, since, until (moments), before ([received_at, event_id] of the last one of
-- the page before); each may be null. most (deliveries). Returns {"deliveries", "next" (the `before` of the next page;
-- null: no more), "searched_to" (if it stopped because of the time: how far back it has searched)}.
create or replace function find_deliveries(facts jsonb) returns jsonb language plpgsql stable security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  upper_at timestamptz;
  lower_at timestamptz;
  page webhook_events[] := '{}';
  began constant timestamptz := clock_timestamp();
  span interval := '1 hour';
  stopped timestamptz;
begin
  select * into f from jsonb_to_record(facts) as f(id text, user_id text, outcome text, reason text, reasons jsonb,
    provider text, type text, since timestamptz, until timestamptz, before text[], most integer);
  upper_at := coalesce(f.before[1]::timestamptz, f.until, 'infinity');
  lower_at := coalesce(f.since, '-infinity');
  if f.id is not null then
    page := array(select event from deliveries_named(facts, lower_at, upper_at) event
      where is_match(event, facts) and received_at between lower_at and upper_at
        and (f.before is null or (received_at, event_id) < (upper_at, f.before[2]))
      order by received_at desc, event_id desc limit f.most);
  elsif f.user_id is not null then
    page := array(select event from webhook_events event
      where user_id = f.user_id and received_at between lower_at and upper_at
        and (f.before is null or (received_at, event_id) < (upper_at, f.before[2])) and is_match(event, facts)
      order by received_at desc, event_id desc limit f.most);
  elsif f.outcome in ('parked', 'rejected') then
    page := array(select event from unsettled_deliveries(facts, lower_at, upper_at) event
      order by received_at desc, event_id desc limit f.most);
  else
    -- Goes back in time, in growing steps, until the page is full.
    upper_at := least(upper_at, now() + interval '1 minute');
    lower_at := greatest(lower_at, installed_at() - interval '1 day');
    loop
      page := page || array(select event from webhook_events event
        where event.provider in ('clerk', 'stripe') and received_at <= upper_at and received_at > upper_at - span
          and received_at >= lower_at
          and (f.before is null or (received_at, event_id) < (f.before[1]::timestamptz, f.before[2]))
          and is_match(event, facts)
        order by received_at desc, event_id desc limit f.most - cardinality(page));
      upper_at := upper_at - span;
      exit when cardinality(page) >= f.most or upper_at < lower_at;
      if clock_timestamp() > began + interval '400 milliseconds' then stopped := upper_at; exit; end if;
      span := span * 2;
    end loop;
  end if;
  return jsonb_build_object(
    'deliveries', (select coalesce(jsonb_agg(shown_delivery(page[n]) order by n), '[]')
      from generate_subscripts(page, 1) n),
    'next', case when cardinality(page) >= f.most then
      jsonb_build_array(in_utc((page[f.most]).received_at), (page[f.most]).event_id) end,
    'searched_to', in_utc(stopped));
end $$;

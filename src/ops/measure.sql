-- What alerts compare with their thresholds. Each function returns rows: the alert, what it is about, the value in the
-- alert's own unit, and ids behind the value. If there is nothing to report, there is no row.

-- Whether a share of this many requests is significant: of at least 20, or of at least 5 if it is half of them or more.
create or replace function is_enough(number numeric, share numeric) returns boolean language sql immutable as $$
  select number >= 20 or (number >= 5 and share >= 0.5)
$$;

-- Returns the rates of the last hour, unless there were too few requests to conclude anything.
create or replace function measure_rates()
returns table (name text, about text, value double precision, details jsonb) language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  since constant timestamptz := slot_of(now() - interval '1 hour');
  hour constant jsonb := rate_of(since, 'infinity');
  counts constant jsonb := hour - 'outcomes' - 'fallbacks' - 'oldest_parked_hours';
  requests constant numeric := (hour->>'requests')::numeric;
  refused constant numeric := part_of((hour->>'refused')::numeric, requests);
  commits bigint;
begin
  if is_enough(requests, (hour->>'error_rate')::numeric) then
    return query values ('error_rate', '', (hour->>'error_rate')::float, counts);
  end if;
  if is_enough(requests, refused) then
    return query values ('refused_share', '', refused::float, counts);
  end if;
  if is_enough((hour->>'verified')::numeric, (hour->>'fallback_rate')::numeric) then
    return query values ('fallback_rate', '', (hour->>'fallback_rate')::float, hour->'fallbacks');
  end if;
  select coalesce(sum(queries), 0) into commits from query_times where at >= since;
  if commits >= 20 then
    -- More than 5 of 100 are known to have taken longer than this.
    return query values ('database_p95', '', step_below((hour->>'database_p95_ms')::float),
      jsonb_build_object('commits', commits));
  end if;
end $$;

-- Returns for how many hours a secret that is not the first of its list has matched. One that is no longer set does not
-- count. configured: how many are set, by provider.
create or replace function measure_secrets(configured jsonb)
returns table (name text, about text, value double precision, details jsonb) language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return query select 'old_secret', '', extract(epoch from now() - min(rates.at))::float / 3600,
      jsonb_build_object('provider', min(provider), 'last_used_at', max(last_at))
    from rates where secret > 1 and rates.at >= now() - interval '7 days'
      and secret <= coalesce((configured->>provider)::integer, secret)
    having max(last_at) > now() - interval '1 day';
end $$;

-- Returns for each reason how many hours the oldest delivery has waited, for something to come or for a person.
create or replace function measure_waiting(parked text[], rejected text[])
returns table (name text, about text, value double precision, details jsonb) language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  listed record;
  oldest record;
begin
  for listed in
    select 'parked_age' as alert, 'parked' as outcome, why from unnest(parked) why
    union all select 'rejected_untouched', 'rejected', why from unnest(rejected) why
  loop
    select provider, event_id, received_at into oldest from webhook_events
    where outcome = listed.outcome and outcome in ('parked', 'rejected') and reason = listed.why
    order by received_at limit 1;
    continue when not found;
    return query values (listed.alert, listed.why, extract(epoch from now() - oldest.received_at)::float / 3600,
      jsonb_build_object('provider', oldest.provider, 'event', oldest.event_id));
  end loop;
end $$;

-- Returns what waits for a person, counted up to 10,001, each with the one that has waited longest.
create or replace function measure_attention(task_names text[])
returns table (name text, about text, value double precision, details jsonb) language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return query
  select counted.key, '', counted.value::text::float, case counted.key
      when 'difference' then (select jsonb_build_object('provider', provider, 'object', object, 'kind', kind)
        from differences where reported_at <= now() and settled_at is null order by reported_at limit 1)
      when 'double_subscription' then (select jsonb_build_object('user', user_id, 'subscription', id)
        from subscriptions where double_since is not null and is_served(livemode) order by double_since limit 1)
      when 'live_subscription_of_deleted_user' then (select jsonb_build_object('user', user_id, 'subscription', id)
        from subscriptions where cancel_due_at is not null and is_served(livemode) order by cancel_due_at limit 1)
      when 'unfinished_erasure' then (select jsonb_build_object('user', user_id)
        from erasures where done_at is null order by due_at limit 1)
      when 'undelivered_event' then (select jsonb_build_object('event', id)
        from outgoing_events where state = 'undelivered' and ended_at <= now() order by ended_at limit 1)
      when 'late_task' then (select jsonb_build_object('task', tasks.name, 'next_at', next_at)
        from late_tasks(task_names) tasks order by next_at limit 1)
      when 'failing_task' then (select jsonb_build_object('task', tasks.name, 'failures', failures)
        from failing_tasks(task_names) tasks order by failures desc limit 1)
    end
  from jsonb_each(attention_besides(jsonb_build_object('task_names', task_names))) counted where counted.value::text::bigint > 0;
end $$;

-- Returns for how many hours no pass has compared everything, minus twice the duration of the last one, because a pass
-- begins once a day. Before the first one, it counts from the creation of the task.
create or replace function measure_tasks(reconciles boolean)
returns table (name text, about text, value double precision, details jsonb) language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if not reconciles then return; end if;
  return query
  select 'no_complete_reconcile', '', extract(epoch from now() - coalesce(
      to_timestamp((full_pass->>'endedAt')::float / 1000), task.created_at))::float / 3600
      - 2 * coalesce((full_pass->>'endedAt')::float - (full_pass->>'beganAt')::float, 0) / 3600000,
    jsonb_build_object('pass', full_pass->>'pass', 'unseen', task.cursor->'said'->>'full')
  from tasks task, lateral (select task.cursor->'complete'->'full' as full_pass) last where task.name = 'reconcile';
end $$;

-- Returns the age, in minutes, of the oldest message that the consumer had to leave in the queue, as long as the
-- consumer still comes back to it, at least every 15 minutes. If it left none, returns how old the oldest message was
-- when it was committed, because the queue may be empty by now. Also returns the dead letters of the last hour.
create or replace function measure_queue()
returns table (name text, about text, value double precision, details jsonb) language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return query select 'queue_age', '', extract(epoch from case when count > 0 then now() else seen_at end - moment)::float / 60,
      jsonb_build_object('received_at', moment)
    from sightings where sightings.name = 'queue' and moment is not null
      and seen_at > now() - case when count > 0 then interval '20 minutes' else interval '5 minutes' end;
  return query select 'dead_letters', '', count::float, jsonb_build_object('seen_at', seen_at)
    from sightings where sightings.name = 'dead_letters' and seen_at > now() - interval '1 hour';
end $$;

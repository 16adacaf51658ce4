-- Leases the events that are due, for 30 seconds each, and deletes some that were sent more than a week ago.
-- facts: most (events). Returns messages.
create or replace function take_outgoing(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  taken jsonb;
begin
  select * into f from jsonb_to_record(facts) as f(most integer);
  delete from outgoing_events where id = any (array(
    select id from outgoing_events where state = 'sent' and ended_at < now() - interval '7 days'
    order by ended_at limit 200));
  with due as (
    select id from outgoing_events where next_at <= now() order by next_at limit f.most for update skip locked
  ), leased as (
    update outgoing_events set next_at = now() + interval '30 seconds', tries = tries + 1
    where id = any (array(select id from due)) returning outgoing_events.*
  )
  select coalesce(jsonb_agg(message(to_jsonb(leased))), '[]') into taken from leased;
  return taken;
end $$;

-- Records the result of sending an event. One that the receiver accepted is done. One that it refuses for good is given
-- up after three tries, and any other after three days; until then it is tried again, each time later. Once it has
-- ended, the user's next event is due.
-- facts: id, tries (the number of this try), good, refused (whether the receiver would refuse another try), status,
-- go_on (whether the caller sends the next one). Returns {"state", "next": a message, leased to the caller, or null}.
create or replace function end_outgoing(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  event record;
begin
  select * into f from jsonb_to_record(facts) as f(id text, tries integer, good boolean, refused boolean, status integer,
    go_on boolean);
  select * into event from outgoing_events where id = f.id;
  if event.id is null then return '{"state": "forgotten", "next": null}'; end if;
  perform from outgoing_queues where user_id = event.user_id for update;
  select * into event from outgoing_events where id = f.id for update;
  -- It has ended, another run is sending it by now, or an event that is sent again comes before it.
  if event.state <> 'open' or (not f.good and (event.tries <> f.tries or event.next_at is null)) then
    return jsonb_build_object('state', event.state, 'next', null);
  end if;
  event.state := case when f.good then 'sent'
    when (f.refused and f.tries >= 3)
      or coalesce(event.resent_at, event.created_at) < now() - interval '3 days' then 'undelivered'
    else 'open' end;
  update outgoing_events set state = event.state, last_status = f.status,
    next_at = case event.state when 'open' then now() + least(interval '15 seconds' * 2 ^ least(f.tries, 12),
      interval '6 hours') end,
    ended_at = case when event.state <> 'open' then now() end
  where id = f.id;
  return jsonb_build_object('state', event.state,
    'next', case when event.state <> 'open' then next_outgoing(event.user_id, f.go_on) end);
end $$;

-- Makes the user's next event due, unless it is due or being sent already. If the caller sends it, leases and returns
-- it. The caller holds the lock of the queue's row.
create or replace function next_outgoing(owner text, lease boolean) returns jsonb language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  event record;
begin
  select * into event from outgoing_events where user_id = owner and state = 'open' order by sequence limit 1;
  if event.id is null or event.next_at is not null then return null; end if;
  update outgoing_events set tries = tries + case when lease then 1 else 0 end,
    next_at = now() + case when lease then interval '30 seconds' else interval '0' end
  where id = event.id returning * into event;
  return case when lease then message(to_jsonb(event)) end;
end $$;

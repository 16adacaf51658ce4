-- Returns the oldest events that the receiver never accepted. Only the owner of the database may call it.
-- facts: most (events). Returns them, oldest first.
create or replace function undelivered_events(facts jsonb) returns jsonb language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  f record;
begin
  select * into f from jsonb_to_record(facts) as f(most integer);
  return (select coalesce(jsonb_agg(message(to_jsonb(event)) || jsonb_build_object('status', event.last_status,
      'ended_at', event.ended_at) order by event.ended_at), '[]')
    from (select * from outgoing_events where state = 'undelivered' order by ended_at limit f.most) event);
end $$;

-- Schedules these events to be sent again, with the same id, sequence and body. Only the owner of the database may call
-- it. facts: ids, or null: the oldest undelivered ones; most (events). Returns {"resent": how many}.
create or replace function resend_events(facts jsonb) returns jsonb language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  f record;
  chosen text[];
  owner text;
  resent integer := 0;
begin
  select * into f from jsonb_to_record(facts) as f(ids text[], most integer);
  chosen := case when f.ids is not null then f.ids else array(
    select id from outgoing_events where state = 'undelivered' order by ended_at limit f.most) end;
  -- In the order of the users, so that two such calls never wait for each other.
  for owner in select distinct user_id from outgoing_events where id = any (chosen) order by user_id loop
    resent := resent + resend_of(owner, chosen);
  end loop;
  return jsonb_build_object('resent', resent);
end $$;

-- Schedules those of these events that are this user's to be sent again. Only the first of the user's open events is
-- due. If one of these events is now the first, it becomes due instead of the event that was due. If that event may be
-- on its way, the new first one waits until its lease of at most 30 seconds is over. Returns how many are sent again.
create or replace function resend_of(owner text, ids text[]) returns integer language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  had_turn record;
  has_turn record;
  resent integer;
begin
  perform from outgoing_queues where user_id = owner for update;
  select id, next_at into had_turn from outgoing_events where user_id = owner and state = 'open'
  order by sequence limit 1 for update;
  update outgoing_events set state = 'open', next_at = null, tries = 0, ended_at = null, resent_at = now()
  where id = any (ids) and user_id = owner and state <> 'open';
  get diagnostics resent = row_count;
  select id into has_turn from outgoing_events where user_id = owner and state = 'open' order by sequence limit 1;
  if has_turn.id is distinct from had_turn.id then
    update outgoing_events set next_at = null where id = had_turn.id;
    update outgoing_events set next_at = case
      when had_turn.next_at <= clock_timestamp() + interval '30 seconds' then greatest(had_turn.next_at, now())
      else now() end
    where id = has_turn.id;
  end if;
  return resent;
end $$;

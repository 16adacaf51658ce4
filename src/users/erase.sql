-- A bite of the scheduled run: sets payloads of users to null whose erasure was asked for, oldest request first.
-- facts: most (payloads). Returns {"erased": how many payloads, "finished": users, "kept": ids of users whose row your
-- own tables refer to, which therefore stays, empty, "more": whether another bite would find something}.
create or replace function erase_payloads(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  erasure erasures;
  erased integer;
  newest timestamptz;
  kept jsonb := '[]';
begin
  select * into f from jsonb_to_record(facts) as f(most integer);
  select * into erasure from erasures where done_at is null order by asked_at limit 1 for update skip locked;
  if not found then return '{"erased": 0, "finished": 0, "kept": [], "more": false}'; end if;
  perform lock_subjects('user:' || erasure.user_id);

  with bite as (
    select provider, event_id, received_at from webhook_events
    where user_id = erasure.user_id and received_at >= coalesce(erasure.erased_until, '-infinity')
      and payload is not null
    order by received_at limit f.most
  ), nulled as (
    update webhook_events event set payload = null
    from bite where event.provider = bite.provider and event.event_id = bite.event_id
    returning event.received_at
  )
  select count(*), max(received_at) into erased, newest from nulled;
  perform reject_unread(erasure.user_id, array['clerk', 'stripe'], f.most);
  update erasures set erased_until = coalesce(newest, erased_until),
    done_at = case when erased < f.most then now() end
  where user_id = erasure.user_id;
  if erased < f.most and not remove_user(erasure.user_id) then kept := jsonb_build_array(erasure.user_id); end if;
  return jsonb_build_object('erased', erased, 'finished', (erased < f.most)::integer, 'kept', kept,
    'more', exists (select from erasures where done_at is null));
end $$;

-- Rejects what is parked for a deleted user and could only be applied by reading its payload.
create or replace function reject_unread(given text, providers text[], most integer) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  with unread as (
    select provider, event_id from webhook_events
    where user_id = given and outcome = 'parked' and outcome in ('parked', 'rejected') and effect is null
      and provider = any (providers)
    order by received_at limit most
  ), rejected as (
    update webhook_events event set outcome = 'rejected', reason = 'user_deactivated', settled_at = now()
    from unread where event.provider = unread.provider and event.event_id = unread.event_id
    returning event.provider, event.event_id
  )
  delete from waiting where (provider, event_id) in (select provider, event_id from rejected);
end $$;

-- Removes the emptied row of a deleted user. Returns whether it is gone: where a table of yours refers to it, it stays.
create or replace function remove_user(given text) returns boolean language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  delete from users where id = given and deactivated_at is not null;
  return true;
exception when foreign_key_violation or restrict_violation then
  return false;
end $$;

-- A bite of the scheduled run: sets to null the payloads of users whose erasure is due, and removes the row of each
-- user for whom none is left. A user who is locked, or whose bite fails, is left to a later run and delays no other.
-- facts: most (payloads). Returns {"erased": how many payloads, "finished": users, "kept": ids of users whose row your
-- own tables may refer to, so that it stays, empty, "more": whether another bite would find something}.
create or replace function erase_payloads(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp set lock_timeout = '200ms'
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  erasure erasures;
  number integer;
  newest timestamptz;
  removed boolean;
  erased integer := 0;
  finished integer := 0;
  kept jsonb := '[]';
begin
  select * into f from jsonb_to_record(facts) as f(most integer);
  for erasure in
    select * from erasures where done_at is null and due_at <= now() order by due_at limit 200 for update skip locked
  loop
    -- The Worker aborts a request after 3 seconds, which would roll everything back.
    exit when erased >= f.most or clock_timestamp() > now() + interval '1 second';
    begin
      perform lock_subjects('user:' || erasure.user_id);
      with bite as (
        select provider, event_id, received_at from webhook_events
        where user_id = erasure.user_id and received_at >= coalesce(erasure.erased_until, '-infinity')
          and payload is not null
        order by received_at limit f.most - erased
      ), nulled as (
        update webhook_events event set payload = null
        from bite where event.provider = bite.provider and event.event_id = bite.event_id
        returning event.received_at
      )
      select count(*), max(received_at) into number, newest from nulled;
      update erasures set erased_until = coalesce(newest, erased_until) where user_id = erasure.user_id;
      perform reject_unread(erasure.user_id, array['clerk', 'stripe'], f.most);
      if erased + number < f.most and not is_unread(erasure.user_id) then
        removed := remove_user(erasure.user_id);
        if not removed then kept := kept || to_jsonb(erasure.user_id); end if;
        update erasures set done_at = now() where user_id = erasure.user_id and removed is not null;
        finished := finished + (removed is not null)::integer;
      end if;
      erased := erased + number;
    exception when others then
      raise warning 'erasure of % failed: %', erasure.user_id, sqlstate;
      update erasures set due_at = now() + interval '10 minutes' where user_id = erasure.user_id;
    end;
  end loop;
  return jsonb_build_object('erased', erased, 'finished', finished, 'kept', kept,
    'more', erased + finished > 0 and exists (select from erasures where done_at is null and due_at <= now()));
end $$;

-- Rejects what is parked for a deleted user and could be applied only by reading its payload.
create or replace function reject_unread(given text, providers text[], most integer) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  with unread as (
    select provider, event_id from webhook_events
    where user_id = given and outcome = 'parked' and effect is null
      and provider = any (providers)
    order by received_at limit most
  ), rejected as (
    update webhook_events event set outcome = 'rejected', reason = 'user_deactivated', settled_at = now()
    from unread where event.provider = unread.provider and event.event_id = unread.event_id
    returning event.provider, event.event_id
  )
  delete from waiting where (provider, event_id) in (select provider, event_id from rejected);
end $$;

-- Whether something is parked for a user that could be applied only by reading its payload.
create or replace function is_unread(given text) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return exists (select from webhook_events
    where user_id = given and outcome = 'parked' and effect is null);
end $$;

-- Removes the emptied row of a deleted user. Returns whether that is done, or null if the row is locked. If a table of
-- yours has a foreign key to users, the row stays: looking for references may take longer than a run has, and removing
-- the row might cascade.
create or replace function remove_user(given text) returns boolean language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if exists (select from pg_constraint where contype = 'f' and confrelid = 'ledgerhook.users'::regclass) then
    update users set stripe_customer_id = null where id = given and deactivated_at is not null;
    return not found;
  end if;
  delete from users where id = given and deactivated_at is not null;
  return true;
exception when lock_not_available then
  return null;
end $$;

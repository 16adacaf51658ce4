-- Compares a slice of what waits with what is known. A delivery that waits for a subject which is here was overlooked
-- by every release. It should find nothing; what it finds is released by the next run.
-- facts: after ([provider, event_id, subject] of the last row of the slice before, or null), most (rows). Returns
-- {"overlooked": how many, "after": where the next slice begins, null at the end}.
create or replace function find_overlooked(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp set lock_timeout = '200ms'
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  here waiting;
  looked integer := 0;
  overlooked integer := 0;
begin
  select * into f from jsonb_to_record(facts) as f(after text[], most integer);
  for here in
    select * from waiting
    where (provider, event_id, subject) > (coalesce(f.after[1], ''), coalesce(f.after[2], ''), coalesce(f.after[3], ''))
    order by provider, event_id, subject limit f.most
  loop
    looked := looked + 1;
    continue when here.retry_at is not null or not is_here(here);
    begin
      perform lock_subjects(here.subject);
      -- It may have been released since.
      continue when not exists (select from waiting
        where provider = here.provider and event_id = here.event_id and subject = here.subject);
      overlooked := overlooked + 1;
      perform mark_arrived(here.subject, '-infinity', '');
    exception when serialization_failure or lock_not_available then
      null;
    end;
  end loop;
  return jsonb_build_object('overlooked', overlooked, 'after',
    case when looked = f.most then to_jsonb(array[here.provider, here.event_id, here.subject]) end);
end $$;

-- Whether what this row waits for is here. Only the subject that the delivery's reason names counts, because the others
-- may be here without helping. A subject that is marked in `arrived` is about to be released.
create or replace function is_here(awaited waiting) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  id constant text := substr(awaited.subject, strpos(awaited.subject, ':') + 1);
  reason text;
begin
  select case event.outcome
      when 'parked' then event.reason
      -- Given up, and would still be released.
      when 'ignored' then case split_part(awaited.subject, ':', 1)
        when 'user' then 'unknown_user'
        -- If it still waits for a user, it waited for that user: its customer may have been known all the time.
        when 'customer' then case when not exists (select from waiting other where other.provider = awaited.provider
          and other.event_id = awaited.event_id and other.subject like 'user:%') then 'unknown_customer' end
        when 'payment' then 'unknown_payment' end
    end into reason
  from webhook_events event where event.provider = awaited.provider and event.event_id = awaited.event_id;
  if exists (select from arrived where arrived.subject = awaited.subject) then return false; end if;
  return case
    when reason = 'unknown_user' and awaited.subject like 'user:%' then why_refused(id, 0) is distinct from 'unknown_user'
    when reason = 'unknown_customer' and awaited.subject like 'customer:%' then customer_owner(id) is not null
    when reason = 'unknown_payment' and awaited.subject like 'payment:%' then
      (payment_of(id, id)).stripe_payment_id is not null
    else false end;
end $$;

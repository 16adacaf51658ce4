-- Has every delivery that waits for this user take its effect, in the commit that brings the user. One that fails
-- stays parked, without holding up the user, and the scheduled run tries it again. Answers how many were tried.
create or replace function release_waiting(released_user text, erase boolean) returns integer language plpgsql as $$
declare
  waiting webhook_events;
  tried integer := 0;
begin
  for waiting in
    select * from webhook_events
    where user_id = released_user and outcome = 'parked' and effect is not null
    order by occurred_at, event_id limit 100
  loop
    tried := tried + 1;
    begin
      execute format('select %I($1, $2)', waiting.effect->>'verb')
      using jsonb_build_object(
        'provider', waiting.provider, 'event_id', waiting.event_id, 'type', waiting.type,
        'occurred_at', waiting.occurred_at, 'via', 'release', 'erase', erase
      ), waiting.effect->'facts';
    exception when others then
      raise warning 'release of % % failed: %', waiting.provider, waiting.event_id, sqlstate;
    end;
  end loop;
  return tried;
end $$;

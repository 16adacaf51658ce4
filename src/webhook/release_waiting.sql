-- Has every delivery that waits for this user take its effect, in the commit that brings the user. One that fails
-- stays parked, without holding up the user, and the scheduled run tries it again. Answers the deliveries it settled.
create or replace function release_waiting(released_user text, erase boolean) returns jsonb language plpgsql as $$
declare
  waiting webhook_events;
  settled jsonb := '[]';
  verdict jsonb;
begin
  for waiting in
    select * from webhook_events
    where user_id = released_user and outcome = 'parked' and effect is not null
    order by occurred_at, event_id limit 100
  loop
    begin
      execute format('select %I($1, $2)', waiting.effect->>'verb') into verdict
      using jsonb_build_object(
        'provider', waiting.provider, 'event_id', waiting.event_id, 'type', waiting.type,
        'occurred_at', waiting.occurred_at, 'via', 'release', 'erase', erase
      ), waiting.effect->'facts';
      settled := settled || (verdict || jsonb_build_object(
        'provider', waiting.provider, 'event_id', waiting.event_id, 'type', waiting.type));
    exception when others then
      raise warning 'release of % % failed: %', waiting.provider, waiting.event_id, sqlstate;
    end;
  end loop;
  return settled;
end $$;

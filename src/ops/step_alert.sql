-- Applies a value to its alert. The alert opens once, when the value has been at its threshold for long enough; repeats
-- after an hour, then two, four, … at most a day; and closes when the value has been a fifth below the threshold for
-- five minutes. For ten minutes after that it does not open again. Returns the change as a message, or null.
create or replace function step_alert(given_name text, given_about text, measured double precision, given_details jsonb,
  given_threshold double precision, is_critical boolean, after_time interval) returns jsonb language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  alert alerts;
  active constant boolean := coalesce(measured >= given_threshold, false);
  below constant boolean := coalesce(measured < given_threshold * 0.8, true);
  change text;
begin
  select * into alert from alerts where name = given_name and about = given_about for update;
  if alert.name is null or alert.state = 'closed' then
    if not active then return null; end if;
    insert into alerts as known (name, about, state, critical, value, threshold, details, since)
    values (given_name, given_about, 'pending', is_critical, measured, given_threshold, given_details, now())
    on conflict (name, about) do update set state = 'pending', since = now() returning * into alert;
  end if;
  if alert.state = 'pending' and not active then
    if alert.closed_at is null then
      delete from alerts where name = given_name and about = given_about;
    else
      update alerts set state = 'closed' where name = given_name and about = given_about;
    end if;
    return null;
  elsif alert.state = 'pending' and now() - alert.since >= after_time
    and coalesce(alert.closed_at <= now() - interval '10 minutes', true) then
    change := 'opened';
    alert.state := 'open';
    select now(), null, 0, now() + interval '1 hour'
    into alert.opened_at, alert.closed_at, alert.repeats, alert.next_repeat_at;
  elsif alert.state = 'open' and below and coalesce(alert.below_since <= now() - interval '5 minutes', false) then
    change := 'closed';
    alert.state := 'closed';
    select now(), null into alert.closed_at, alert.next_repeat_at;
  elsif alert.state = 'open' and not below and alert.next_repeat_at <= now() then
    change := 'repeated';
    alert.repeats := alert.repeats + 1;
    alert.next_repeat_at := now() + least(interval '1 hour' * 2 ^ least(alert.repeats, 5), interval '1 day');
  end if;
  update alerts set state = alert.state, critical = is_critical, value = measured, threshold = given_threshold,
    details = case when change = 'closed' or measured = 0 then details else given_details end,
    opened_at = alert.opened_at, closed_at = alert.closed_at, repeats = alert.repeats,
    next_repeat_at = alert.next_repeat_at, checked_at = now(),
    below_since = case when alert.state = 'open' and below then coalesce(alert.below_since, now()) end
  where name = given_name and about = given_about returning * into alert;
  return case when change is not null then alert_message(alert, change) end;
end $$;

-- Returns a change of an alert in the form that is sent and logged. Its id is the same however often it is sent.
create or replace function alert_message(alert alerts, change text) returns jsonb language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return jsonb_build_object(
    'id', concat_ws('_', 'alert', alert.name, nullif(alert.about, ''), floor(extract(epoch from alert.opened_at))::bigint,
      change, nullif(alert.repeats, 0)),
    'type', 'alert.' || change, 'timestamp', now(),
    'data', jsonb_build_object('alert', alert.name, 'about', nullif(alert.about, ''), 'critical', alert.critical,
      'value', alert.value, 'threshold', alert.threshold, 'opened_at', alert.opened_at, 'closed_at', alert.closed_at,
      'details', alert.details));
end $$;

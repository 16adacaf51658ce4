-- Checks everything that has an alert, once: opens, repeats and closes alerts, and stores a message for each change if
-- messages are sent.
-- facts: rules [{name, about (null: everything that the alert is about), threshold (null: off), critical, after_min}],
-- parked and rejected (their reasons), reconciles (whether the scheduled run compares), secrets (how many webhook secrets
-- are set, by provider), newest (when Stripe's newest event was created, in seconds; null: not asked), tells (whether
-- messages are stored), task_names (as in attention_besides). Returns {"changes": [{"id", "type", "timestamp", "data"}],
-- "asks": whether Stripe is to be asked for its newest event, "critical": open critical alerts}.
create or replace function check_alerts(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  now_measured record;
  rule record;
  change jsonb;
  changes jsonb := '[]';
begin
  select * into f from jsonb_to_record(facts) as f(rules jsonb, parked text[], rejected text[], reconciles boolean,
    newest bigint, tells boolean, secrets jsonb, task_names text[]);
  if f.newest is not null then perform saw('stripe_newest', to_timestamp(f.newest), 1); end if;
  for now_measured in
    select name, about, max(value) as value, coalesce(jsonb_agg(details) filter (where details is not null)->0, '{}') as details
    from (
      select * from measure_rates()
      union all select * from measure_secrets(f.secrets)
      union all select * from measure_waiting(f.parked, f.rejected)
      union all select * from measure_attention(f.task_names)
      union all select * from measure_tasks(f.reconciles)
      union all select * from measure_queue()
      union all select * from measure_silence()
      -- What is no longer measured has ended.
      union all select name, about, 0, null from alerts where state <> 'closed'
    ) measured
    group by name, about order by name, about
  loop
    select * into rule from jsonb_to_recordset(f.rules) as given(name text, about text, threshold float, critical boolean,
      after_min float)
    where given.name = now_measured.name and coalesce(given.about, now_measured.about) = now_measured.about
    order by given.about nulls last limit 1;
    change := step_alert(now_measured.name, now_measured.about, now_measured.value, now_measured.details, rule.threshold,
      coalesce(rule.critical, false), coalesce(rule.after_min, 0) * interval '1 minute');
    continue when change is null;
    changes := changes || change;
    if f.tells then
      insert into alert_messages (id, name, about, body)
      values (change->>'id', now_measured.name, now_measured.about, change) on conflict do nothing;
    end if;
  end loop;
  if not f.tells then delete from alert_messages where id > ''; end if;
  return jsonb_build_object('changes', changes, 'asks', asks_stripe(),
    'critical', (select count(*) from alerts where name > '' and state = 'open' and critical));
end $$;

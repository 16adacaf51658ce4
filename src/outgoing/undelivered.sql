-- The oldest events that nobody took. For the owner of the database.
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

-- Has these events sent again, with the id and the sequence that they have. For the owner of the database.
-- facts: ids, or null: the oldest undelivered ones; most (events). Returns {"resent": how many}.
create or replace function resend_events(facts jsonb) returns jsonb language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  f record;
  resent integer;
begin
  select * into f from jsonb_to_record(facts) as f(ids text[], most integer);
  update outgoing_events set state = 'open', next_at = now(), tries = 0, ended_at = null, created_at = now()
  where id = any (case when f.ids is not null then f.ids else array(
    select id from outgoing_events where state = 'undelivered' order by ended_at limit f.most) end)
    and state <> 'open';
  get diagnostics resent = row_count;
  return jsonb_build_object('resent', resent);
end $$;

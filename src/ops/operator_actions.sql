-- Refuses every change of what operators have done, by any writer.
create or replace function refuse_action_change() returns trigger language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  raise exception 'operator_actions is append-only: % is refused', tg_op using errcode = 'restrict_violation';
end $$;

-- Records an action in the transaction that performs it, or before it is performed.
create or replace function record_action(operator text, action text, provider text, event_id text, user_id text,
  amount bigint, note text) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  insert into operator_actions (operator, action, provider, event_id, user_id, amount, note)
  values (operator, action, provider, event_id, user_id, amount, nullif(trim(note), ''));
end $$;

-- Returns the newest actions, or those before one of them.
-- facts: before_id (null: the newest), most. Returns {"actions", "next" (the before_id of the next page, or null)}.
create or replace function operator_actions_page(facts jsonb) returns jsonb language plpgsql stable security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  page operator_actions[];
begin
  select * into f from jsonb_to_record(facts) as f(before_id bigint, most integer);
  page := array(select one from operator_actions one
    where id < coalesce(f.before_id, 9223372036854775807) order by id desc limit f.most);
  return jsonb_build_object('actions', to_jsonb(page),
    'next', case when cardinality(page) = f.most then (page[f.most]).id end);
end $$;

-- Returns the newest actions about an event, else about a user: at most this many.
create or replace function actions_about(of_event text, of_user text, most integer) returns jsonb
language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if of_event is not null then
    return (select coalesce(jsonb_agg(to_jsonb(about)), '[]') from (
      select * from operator_actions where event_id = of_event order by id desc limit most) about);
  end if;
  return (select coalesce(jsonb_agg(to_jsonb(about)), '[]') from (
    select * from operator_actions where user_id = of_user order by id desc limit most) about);
end $$;

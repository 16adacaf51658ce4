-- Whether a subscription is to a plan and has not ended: Stripe charges for it, or may do so again.
create or replace function is_live_plan(status text, plan_key text) returns boolean language sql immutable as $$
  select plan_key is not null and status in ('active', 'trialing', 'past_due', 'paused', 'unpaid')
$$;

-- Marks the live plans that a user pays twice: those in a group that has more than one. Unmarks the others. The caller
-- holds the user's lock.
create or replace function mark_doubles(given text) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  here record;
begin
  for here in
    select id, double_since is not null as is_marked,
      is_live_plan(status, plan_key) and count(*) over (
        partition by is_live_plan(status, plan_key), coalesce(plan_group, '')) > 1 as is_double
    from subscriptions where user_id = given and is_served(livemode)
  loop
    continue when here.is_marked = here.is_double;
    update subscriptions set double_since = case when here.is_double then now() end where id = here.id;
  end loop;
end $$;

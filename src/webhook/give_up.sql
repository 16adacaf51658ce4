-- A bite of the scheduled run: gives up deliveries that have waited for seven days for the owner of a customer or a
-- payment. They usually come from other products in the same Stripe account, for whose customers no owner is ever named
-- here. Unless the apps have tags, it also gives up deliveries that wait for a user whose id does not have Clerk's
-- form. Their effects and what they wait for are kept: a later link, user or settlement still releases them.
-- facts: most (rows), erase, tagged (whether the apps of the account are told apart by their tags). Returns
-- {"given_up": how many, "more": whether another bite would find something}.
create or replace function give_up(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  unknown text;
  given_up integer := 0;
  bite integer;
begin
  select * into f from jsonb_to_record(facts) as f(most integer, erase boolean, tagged boolean);
  if f.tagged is not true then
    update webhook_events set outcome = 'ignored', reason = 'not_ours', settled_at = now()
    where ctid = any (array(
      select ctid from webhook_events
      where outcome = 'parked' and reason = 'unknown_user' and user_id !~ '^user_\w+$'
        and received_at < now() - interval '7 days'
      order by received_at, event_id limit f.most for update skip locked));
    get diagnostics given_up = row_count;
  end if;
  foreach unknown in array array['unknown_customer', 'unknown_payment'] loop
    update webhook_events set outcome = 'ignored', reason = 'not_ours', settled_at = now(),
      payload = case when f.erase and user_id is null then null else payload end
    where ctid = any (array(
      select ctid from webhook_events
      where outcome = 'parked' and reason = unknown and received_at < now() - interval '7 days'
      order by received_at limit f.most - given_up for update skip locked));
    get diagnostics bite = row_count;
    given_up := given_up + bite;
  end loop;
  return jsonb_build_object('given_up', given_up, 'more', given_up = f.most);
end $$;

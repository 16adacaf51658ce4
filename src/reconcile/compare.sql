-- Compares what a provider's objects say with what is here: it runs the verb of each object's webhook, and rolls it
-- back. So a difference is what the webhook would change, by its own rule.
-- facts: pass (its id), watches (whether what is found is stored), erase, items: [{provider, object (its id),
-- occurred_at, livemode, verb, given (the verb's facts), ours (false: listed only if its customer, or a customer's
-- user, is known), event (its id, if it is an event and not an object that was read), uncredited (whether it is about a
-- payment that another item would credit)}]. Returns a finding for each item: see `finding_of`. What belongs to another
-- product, or is already waiting, is not watched. An event is watched under its own id, and only if its object is not
-- watched: of several events about one object, the older ones may change nothing.
create or replace function compare_effects(facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp set lock_timeout = '200ms'
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  item record;
  one jsonb;
  findings jsonb := '[]';
begin
  select * into f from jsonb_to_record(facts) as f(pass text, watches boolean, erase boolean, items jsonb);
  for item in select * from jsonb_to_recordset(f.items)
    as item(provider text, object text, occurred_at text, livemode boolean, verb text, given jsonb, ours boolean, event text,
      uncredited boolean)
  loop
    one := difference_of(item.object, item.verb, item.given, jsonb_build_object('provider', item.provider,
      'occurred_at', item.occurred_at, 'livemode', item.livemode, 'via', 'reconcile', 'erase', f.erase,
      'uncredited', item.uncredited));
    -- Other products have customers and refunds of their own, and people leave while Stripe keeps their customers.
    if not coalesce(item.ours, true) and (one->>'reason' = 'unknown_customer'
      or one->>'outcome' = 'parked' and coalesce(item.given->>'verb', item.verb) = 'link_customer') then
      one := one || '{"kind": null}';
    end if;
    if f.watches then
      if item.event is not null and exists (
        select from differences known where known.provider = item.provider and known.object = item.object) then
        one := one || '{"kind": null}';
      end if;
      one := one || watch_difference(f.pass, item.provider, coalesce(item.event, item.object),
        case when (one->>'known')::boolean then one || '{"kind": null}' else one end);
    elsif one->>'kind' is not null then
      one := one || jsonb_build_object('settled', is_settled_difference(item.provider, item.object, one)
        or is_settled_difference(item.provider, item.event, one));
    end if;
    findings := findings || jsonb_build_array(one);
  end loop;
  return findings;
end $$;

-- Returns what one effect would change. An effect that agrees with what is stored is not run: most do, and a rollback
-- leaves work for vacuum. A delivery without an event id is not recorded. For a conditional effect (`if_known`), the
-- facts of the inner effect say what may change. If money came back of a payment that is not credited yet, the number
-- of credits it takes is unknown.
create or replace function difference_of(object text, verb text, given jsonb, delivery jsonb) returns jsonb
language plpgsql set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  effect constant text := case verb when 'if_known' then given->>'verb' else verb end;
  about constant jsonb := case verb when 'if_known' then given->'facts' else given end;
  before jsonb;
  after jsonb;
  verdict jsonb;
  inside bigint;
  is_uncredited boolean;
begin
  if effect in ('sync_user', 'sync_subscription', 'link_customer')
    and says_the_same(effect, about, compared_state(about)) then
    return finding_of(null, null, null, null);
  end if;
  begin
    perform lock_subjects(variadic subjects_of(verb, given));
    before := compared_state(about);
    verdict := run_verb(verb, delivery, given);
    after := compared_state(about);
    inside := (select balance from wallets where user_id = verdict->>'user_id');
    raise exception 'only looked' using errcode = 'LH001';
  exception
    when sqlstate 'LH001' then null;
    when serialization_failure or lock_not_available or deadlock_detected then
      return finding_of('busy', null, null, null);
    when others then
      return finding_of('failed', null, jsonb_build_object('outcome', 'failed', 'reason', sqlstate), null);
  end;
  if is_settled_by_hand('payment:' || object, 'reversal:' || object) then
    return finding_of(null, null, verdict, null);
  end if;
  is_uncredited := coalesce((delivery->>'uncredited')::boolean and verdict->>'reason' = 'unknown_payment', false);
  return finding_of(
    difference_kind(effect, about, before, after, case when is_uncredited then verdict - 'reason' else verdict end),
    object, verdict, case when not is_uncredited then
      inside - coalesce((select balance from wallets where user_id = verdict->>'user_id'), 0) end);
end $$;

-- Returns a finding about an object: kind (null: no difference; 'busy': it is locked; 'failed'), outcome and reason of
-- its verb, user_id, credits (that would move), known (whether a delivery about it already waits, for another event or
-- for a person), given_up (it waited for its customer's owner until it was given up: if it is not ours, the caller leaves
-- it out). What was settled by hand is no difference, nor what was given up for another reason.
create or replace function finding_of(kind text, object text, verdict jsonb, credits bigint) returns jsonb
language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  kept webhook_events;
  given_up boolean := false;
begin
  if kind is not null and verdict->>'outcome' in ('parked', 'rejected') then
    select * into kept from webhook_events where about @> array[object]
      and outcome in ('parked', 'rejected', 'ignored')
      order by outcome = 'ignored', received_at desc limit 1;
    given_up := kept.outcome = 'ignored' and kept.reason = 'not_ours' and verdict->>'reason' = 'unknown_customer';
    if kept.outcome = 'ignored' and not given_up then kind := null; end if;
  end if;
  return jsonb_build_object('kind', kind, 'outcome', verdict->>'outcome', 'reason', verdict->>'reason',
    'user_id', verdict->>'user_id', 'credits', credits, 'known', coalesce(kept.outcome <> 'ignored', false), 'given_up', coalesce(given_up, false));
end $$;

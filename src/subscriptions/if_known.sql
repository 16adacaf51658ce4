-- Decides on an event that carries no app's tag, if several apps share a Stripe account. If an object that it is about
-- is known here, the event is ours and has its effect. If not, it is taken for another app's: its effect is kept, and
-- runs as soon as one of its customers or payments becomes known.
-- facts: verb and facts (the effect), about (the ids of Stripe's that the event names), user_id (named by metadata: the
-- row is kept under that user, if known).
create or replace function if_known(delivery jsonb, facts jsonb) returns jsonb language plpgsql security definer
set search_path = pg_catalog, ledgerhook, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  f record;
  is_other boolean;
  owner text;
begin
  select * into f from jsonb_to_record(facts) as f(verb text, facts jsonb, about text[], user_id text);
  is_other := lock_if_unknown(f.about, f.user_id);
  if is_other then
    if why_refused(f.user_id, 0) is distinct from 'unknown_user' then owner := f.user_id; end if;
    if is_settled(delivery) then return count_again(delivery, owner); end if;
    return record_delivery(delivery,
      waits('ignored', 'other_app', owner, f.verb, f.facts, array(
        select subject from unnest(subjects_about(f.about)) subject where subject ~ '^(customer|payment):')));
  end if;
  return run_verb(f.verb, delivery, f.facts);
end $$;

-- Whether none of these ids is known. If so, the caller then holds the locks of all of them, and of the user. A known
-- id stays known, so that answer needs no lock.
create or replace function lock_if_unknown(about text[], named text) returns boolean language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  if is_any_known(about) then return false; end if;
  perform lock_subjects(variadic subjects_about(about) || ('user:' || named));
  return not is_any_known(about);
end $$;

-- Returns all subjects that an event with these ids may be about.
create or replace function subjects_about(about text[]) returns text[] language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return array(
    select kind || id from unnest(about) id, unnest(case
      when id like 'cus\_%' then array['customer:']
      when id like 'sub\_%' then array['subscription:']
      when id like 'in\_%' then array['invoice:', 'payment:']
      when id ~ '^(pi|cs)_' then array['payment:']
      when id ~ '^(ch|py)_' then array['payment:', 'reversal:']
      when id ~ '^(re|pyr|dp|du)_' then array['reversal:'] end) kind);
end $$;

-- Whether a customer, a subscription or a payment among these ids is known here.
create or replace function is_any_known(about text[]) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  named text;
begin
  foreach named in array about loop
    if (case
      when named like 'cus\_%' then customer_owner(named) is not null
      when named like 'sub\_%' then exists (select from subscriptions where id = named)
      when named like 'cs\_%' then exists (select from payments where stripe_checkout_session_id = named
        or stripe_payment_id = named)
      when named ~ '^(pi|ch|py|in)_' then (payment_of(named, named)).stripe_payment_id is not null
    end) then
      return true;
    end if;
  end loop;
  return false;
end $$;

-- Returns the subjects of if_known: see `subjects_of`.
create or replace function if_known_subjects(facts jsonb) returns text[] language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return subjects_about(array(select jsonb_array_elements_text(facts->'about'))) || ('user:' || (facts->>'user_id'));
end $$;

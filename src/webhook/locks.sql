-- Locks these subjects until the transaction ends, and ignores nulls. Only one transaction holds a subject's lock at a
-- time, even if the subject has no row yet. Subjects: customer:…, email:…, event:…, invoice:…, key:…, payment:…,
-- price:…, subscription:…, user:….
--
-- It only waits upwards, in the order of the names. It only tries a subject below the highest one held, and raises
-- 40001 if another transaction has it; the caller then begins again. So no two transactions ever wait for each other.
-- What was read before a lock was taken may be out of date, so a verb locks, then looks. Each statement of a function
-- has a fresh snapshot under `read committed`, and under no other isolation level.
create or replace function lock_subjects(variadic subjects text[]) returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  held text := coalesce(nullif(current_setting('ledgerhook.held', true), ''), E'\n');
  highest text := coalesce(current_setting('ledgerhook.highest', true), '');
  last text := '';
  subject text;
  tries integer;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'ledgerhook needs the isolation level "read committed"' using errcode = 'invalid_transaction_state';
  end if;
  -- Callers name a few subjects in their order already: a query that sorts them costs more than all the locks.
  foreach subject in array subjects loop
    if subject collate "C" < last then
      subjects := array(select name from unnest(subjects) name order by name collate "C");
      exit;
    end if;
    last := coalesce(subject, last);
  end loop;
  foreach subject in array subjects loop
    continue when subject is null or strpos(held, E'\n' || subject || E'\n') > 0;
    tries := 0;
    while not pg_try_advisory_xact_lock(hashtextextended(subject, 7234)) loop
      if subject collate "C" > highest then
        perform pg_advisory_xact_lock(hashtextextended(subject, 7234));
        exit;
      end if;
      -- Tried for 20 ms, because a transaction that is just committing gives its locks back one after the other.
      tries := tries + 1;
      if tries = 5 then
        raise exception 'a subject below those that are held is locked' using errcode = 'serialization_failure';
      end if;
      perform pg_sleep(0.005);
    end loop;
    if subject collate "C" > highest then highest := subject; end if;
    -- One line for each, so that no subject can be found inside another.
    held := held || translate(subject, E'\n', '') || E'\n';
  end loop;
  held := set_config('ledgerhook.held', held, true);
  highest := set_config('ledgerhook.highest', highest, true);
end $$;

-- Whether this transaction holds the subject's lock.
create or replace function is_locked(subject text) returns boolean language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return strpos(coalesce(current_setting('ledgerhook.held', true), ''), E'\n' || subject || E'\n') > 0;
end $$;

-- Makes this transaction wait for no further subject: one that another transaction holds raises 40001. For a
-- transaction that runs several verbs, and would block all their subjects while it waits for one more.
create or replace function try_locks_only() returns void language plpgsql
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  perform set_config('ledgerhook.highest', '~', true);
end $$;

-- Returns the subjects that a verb locks before it reads anything, which follow from its facts. Each verb names them in
-- a function of its own, `<verb>_subjects(facts)`. A transaction that runs several verbs locks all of them first.
create or replace function subjects_of(given text, facts jsonb) returns text[] language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  verb text;
  subjects text[];
begin
  select name into strict verb from verbs where name = given;
  execute format('select ledgerhook.%I($1)', verb || '_subjects') into subjects using facts;
  return subjects;
end $$;

-- Returns the subjects of several deliveries, [{verb, facts}]. It runs one dynamic statement for each verb, because
-- each such statement is planned anew.
create or replace function subjects_of_all(deliveries jsonb) returns text[] language plpgsql stable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
declare
  given record;
  verb text;
  named text[];
  subjects text[] := '{}';
begin
  for given in
    select d.verb, array_agg(d.facts) as facts from jsonb_to_recordset(deliveries) as d(verb text, facts jsonb)
    group by d.verb
  loop
    select name into strict verb from verbs where name = given.verb;
    execute format('select array(select unnest(ledgerhook.%I(facts)) from unnest($1) facts)', verb || '_subjects')
      into named using given.facts;
    subjects := subjects || named;
  end loop;
  return subjects;
end $$;

-- Returns the subjects of record_delivery: see `subjects_of`.
create or replace function record_delivery_subjects(facts jsonb) returns text[] language plpgsql immutable
set search_path = pg_catalog, ledgerhook, pg_temp as $$
begin
  return array['user:' || (facts->>'user_id')];
end $$;

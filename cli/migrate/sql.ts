import pg from 'pg'

/** The group roles, in the order in which they are explained in docs/database.md. They log in nowhere. */
export const GROUPS = ['ledgerhook_worker', 'ledgerhook_app']

/** What a database needs before the first migration: where the migrator keeps what it did. */
export const JOURNAL = `create table ledgerhook.migrations (
  tag text primary key,
  hash text not null,
  applied_at timestamptz not null default clock_timestamp()
);
-- The set in force is the one that was applied last.
create table ledgerhook.function_sets (
  hash text primary key,
  first_applied_at timestamptz not null,
  applied_at timestamptz not null unique,
  names text[] not null,
  -- What doctor compares with the functions as they are.
  fingerprint text not null
);`

/** Everything resolves in pg_catalog first, then in our schema, where new things are made. */
export const IN_OUR_SCHEMA = 'set local search_path = ledgerhook, pg_temp;'
export const IN_NO_SCHEMA = 'set local search_path = pg_catalog, pg_temp;'

/** Only what ends with the transaction: behind a pooler, the next statement may have another session. */
export const BEGIN = `begin isolation level read committed read write;
${IN_NO_SCHEMA}
set local statement_timeout = 0;
set local client_min_messages = warning;`
/** The one advisory lock outside `lock_subjects`. Two keys, so that it is none of those. */
export const LOCK = `select pg_advisory_xact_lock(hashtext('ledgerhook'), hashtext('migrate'));`

/** Returns the expression that sums up these functions as the database has them. */
export function fingerprint(names: string[]): string {
  return `(
  select encode(sha256(convert_to(coalesce(string_agg(pg_get_functiondef(oid), ''
    order by proname collate "C", pg_get_function_identity_arguments(oid) collate "C"), ''), 'UTF8')), 'hex')
  from pg_proc where pronamespace = to_regnamespace('ledgerhook') and prokind = 'f' and proname = any (${array(names)}))`
}

/** Records that a set of functions is in force from now on, also where the server's clock went backwards. */
export function recordSet(hash: string, names: string[]): string {
  return `insert into ledgerhook.function_sets (hash, first_applied_at, applied_at, names, fingerprint)
select ${pg.escapeLiteral(hash)}, moment, moment, ${array(names)}, ${fingerprint(names)}
from (select greatest(clock_timestamp(), max(applied_at) + interval '1 microsecond') as moment
  from ledgerhook.function_sets) clock
on conflict (hash) do update set applied_at = excluded.applied_at, fingerprint = excluded.fingerprint;`
}

export function recordMigration(tag: string, hash: string): string {
  const [name, sum] = [tag, hash].map((text) => pg.escapeLiteral(text))
  return `insert into ledgerhook.migrations (tag, hash) values (${name}, ${sum});`
}

/** The functions that a stored delivery may name are those with a verb's signature. */
const IS_VERB = `pronamespace = to_regnamespace('ledgerhook') and proargnames = '{delivery,facts}'
  and proargtypes = '3802 3802' and prorettype = 'jsonb'::regtype`

export const VERBS = `insert into ledgerhook.verbs (name)
select proname from pg_proc where ${IS_VERB}
on conflict do nothing;
delete from ledgerhook.verbs where name not in (select proname from pg_proc where ${IS_VERB});`

/** Another database of the same server may create the same role at the same moment. */
export function createRole(name: string): string {
  return `do $$ begin
  create role ${name} nologin;
exception when duplicate_object or unique_violation then null;
end $$;`
}

/** Takes back and gives again, so that what was given by hand, or lost by a \`drop\`, is as documented. */
export const GRANTS = `revoke all on schema ledgerhook from public, ${GROUPS};
revoke all on all tables in schema ledgerhook from public, ${GROUPS};
revoke all on all routines in schema ledgerhook from public, ${GROUPS};
grant usage on schema ledgerhook to ${GROUPS};
-- The Worker calls entry points, which run as the owner, and reads no table.
do $$ declare
  entry_point regprocedure;
begin
  for entry_point in
    select oid from pg_proc where pronamespace = to_regnamespace('ledgerhook') and prosecdef
      and prokind = 'f' and prorettype <> 'trigger'::regtype
  loop
    execute format('grant execute on function %s to ledgerhook_worker', entry_point);
  end loop;
end $$;
grant select on ledgerhook.users, ledgerhook.wallets, ledgerhook.credit_ledger, ledgerhook.user_billing
  to ledgerhook_app;
grant references (user_id) on ledgerhook.wallets to ledgerhook_app;`

function array(names: string[]): string {
  return `array[${names.map((name) => pg.escapeLiteral(name)).join(', ')}]::text[]`
}

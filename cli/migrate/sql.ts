import pg from 'pg'

/** The group roles, in the order in which they are explained in docs/database.md. They cannot log in. */
export const GROUPS = ['ledgerhook_worker', 'ledgerhook_app']

/** Creates the table in which the migrator records what it did. It is needed before the first migration. */
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

/** Names resolve in pg_catalog first, then in our schema. New objects are created in our schema. */
export const IN_OUR_SCHEMA = 'set local search_path = ledgerhook, pg_temp;'
export const IN_NO_SCHEMA = 'set local search_path = pg_catalog, pg_temp;'

/** Only settings that end with the transaction, because behind a pooler the next statement may use another session. */
export const BEGIN = `begin isolation level read committed read write;
${IN_NO_SCHEMA}
set local statement_timeout = 0;
set local client_min_messages = warning;`
/** The one advisory lock outside `lock_subjects`. It has two keys, so it cannot be equal to one of those. */
export const LOCK = `select pg_advisory_xact_lock(hashtext('ledgerhook'), hashtext('migrate'));`

/** Returns a SQL expression for the fingerprint of these functions as they are in the database. */
export function fingerprint(names: string[]): string {
  return `(
  select encode(sha256(convert_to(coalesce(string_agg(pg_get_functiondef(oid), ''
    order by proname collate "C", pg_get_function_identity_arguments(oid) collate "C"), ''), 'UTF8')), 'hex')
  from pg_proc where pronamespace = to_regnamespace('ledgerhook') and prokind = 'f' and proname = any (${array(names)}))`
}

/** Records that a set of functions is in force from now on, even if the server's clock went backwards. */
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

/** Finds the functions that a stored delivery may name: those with a verb's signature. */
const IS_VERB = `pronamespace = to_regnamespace('ledgerhook') and proargnames = '{delivery,facts}'
  and proargtypes = '3802 3802' and prorettype = 'jsonb'::regtype`

export const VERBS = `insert into ledgerhook.verbs (name)
select proname from pg_proc where ${IS_VERB}
on conflict do nothing;
delete from ledgerhook.verbs where name not in (select proname from pg_proc where ${IS_VERB});`

/**
 * Lets tasks begin that have failed and would be tried again only later, because a function or a right that they lacked
 * may be here now.
 */
export const TASKS_BEGIN = `update ledgerhook.tasks set next_at = now() where failures > 0 and next_at > now();`

/** Creates a role. Another database of the same server may create it at the same moment. */
export function createRole(name: string): string {
  return `do $$ begin
  create role ${name} nologin;
exception when duplicate_object or unique_violation then null;
end $$;`
}

/**
 * Revokes all rights and grants them again, so that they are as documented, whatever was granted by hand or lost by a
 * \`drop\`.
 */
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

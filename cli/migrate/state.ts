import type { Client } from 'pg'
import type { FunctionSet } from './functions.ts'
import { fingerprint, GROUPS } from './sql.ts'

/** A set of functions that is recorded in the database. */
export interface RecordedSet {
  hash: string
  first_applied_at: Date
  fingerprint: string
}

/** The state of a database before a migration. */
export interface State {
  user: string
  database: string
  /** Whether the server reports itself as a Neon compute. */
  is_neon: boolean
  may_create_schemas: boolean
  may_create_roles: boolean
  /** Undefined if there is no schema `ledgerhook`. */
  schema: { owner: string; is_usable: boolean; is_empty: boolean; is_ours: boolean } | undefined
  /** The hash of each migration that was applied, by its tag. */
  applied: Map<string, string>
  /** The sets that were applied, the one in force first. */
  sets: RecordedSet[]
  /** The fingerprint of the functions of the set in force, as they are now. */
  fingerprint: string | undefined
  missingRoles: string[]
}

const SESSION = `
  select current_user::text as user, current_database()::text as database,
    current_setting('neon.tenant_id', true) is not null as is_neon,
    has_database_privilege(current_database(), 'create') as may_create_schemas,
    (select rolsuper or rolcreaterole from pg_roles where rolname = current_user) as may_create_roles`

const SCHEMA = `
  select pg_get_userbyid(nspowner)::text as owner,
    has_schema_privilege(n.oid, 'create') and has_schema_privilege(n.oid, 'usage') as is_usable,
    not exists (select from pg_class where relnamespace = n.oid)
      and not exists (select from pg_proc where pronamespace = n.oid) as is_empty,
    exists (select from pg_class where relnamespace = n.oid and relname = 'function_sets' and relkind = 'r')
    and (select count(*) = 3 from pg_attribute join pg_class c on c.oid = attrelid
      where relnamespace = n.oid and relname = 'migrations' and attname in ('tag', 'hash', 'applied_at')) as is_ours
  from pg_namespace n where nspname = 'ledgerhook'`

/** Reads what a migration needs to know. Changes nothing. */
export async function readState(client: Client, functions: FunctionSet): Promise<State> {
  const rows = async <Row>(sql: string) => (await client.query(sql)).rows as Row[]
  const [session] = await rows<Pick<State, 'user' | 'database' | 'is_neon'>>(SESSION)
  const [schema] = await rows<NonNullable<State['schema']>>(SCHEMA)
  const roles = await rows<{ name: string }>(
    `select name from unnest(array['${GROUPS.join("', '")}']) name where to_regrole(name) is null`,
  )
  const found = { ...(session as State), schema, missingRoles: roles.map(({ name }) => name) }
  if (!schema?.is_ours || !schema.is_usable)
    return { ...found, applied: new Map(), sets: [], fingerprint: undefined }

  const applied = await rows<{ tag: string; hash: string }>('select tag, hash from ledgerhook.migrations')
  const sets = await rows<RecordedSet>(`
    select hash, first_applied_at, fingerprint from ledgerhook.function_sets order by applied_at desc`)
  const [now] = await rows<{ fingerprint: string }>(`select ${fingerprint(functions.names)} as fingerprint`)
  return {
    ...found,
    applied: new Map(applied.map(({ tag, hash }) => [tag, hash])),
    sets,
    fingerprint: now?.fingerprint,
  }
}

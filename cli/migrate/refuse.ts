import type { Client } from 'pg'
import { LocalError } from '../shared/errors.ts'
import type { FunctionSet } from './functions.ts'
import type { Migration } from './migrations.ts'
import { GROUPS } from './sql.ts'
import type { State } from './state.ts'

/** Finds a database from before the first release, which only developers have. */
const IS_OLDER = `
  select exists (select from pg_class where relnamespace = n.oid and relname = 'webhook_events')
    and exists (select from pg_class where relnamespace = n.oid and relname = 'credit_ledger')
    and exists (select from pg_proc where pronamespace = n.oid and proname = 'refuse_ledger_change') as is_older
  from pg_namespace n where nspname = 'public'`

/** Refuses a database that is not meant for Ledgerhook. Throws a LocalError. */
export async function refuseDatabase(client: Client, state: State, host: string): Promise<void> {
  const where = `the database ${state.database} at ${host}`
  const { schema } = state
  const { rows } = await client.query<{ is_older: boolean }>(IS_OLDER)
  if (!schema?.is_ours && rows[0]?.is_older) {
    throw new LocalError(`${where} is from before Ledgerhook had a schema of its own: use an empty database`)
  }
  if (schema && !schema.is_ours && !schema.is_empty) {
    throw new LocalError(
      `the schema ledgerhook in ${where} is not ours: it holds other things and no journal. Rename it first`,
    )
  }
}

/**
 * Refuses a database user without the rights to migrate, and names the SQL that an administrator runs. Throws a
 * LocalError.
 */
export function refuseUser({ user, database, schema, ...state }: State, host: string): void {
  if (!schema && !state.may_create_schemas) {
    throw new LocalError(
      `${user} may not create schemas in ${database} at ${host}: have an administrator run ` +
        `\`create schema ledgerhook authorization "${user}"\``,
    )
  }
  if (schema && !schema.is_usable) {
    throw new LocalError(
      `${user} may not create anything in the schema ledgerhook at ${host}: migrate as its owner, ${schema.owner}`,
    )
  }
  if (state.missingRoles.length > 0 && !state.may_create_roles) {
    const sql = state.missingRoles.map((name) => `create role ${name} nologin`).join('; ')
    throw new LocalError(`${user} may not create roles at ${host}: have an administrator run \`${sql}\``)
  }
}

/** Refuses a checkout that does not match what was applied to the database. Throws a LocalError. */
export function refuseCheckout(
  state: State,
  migrations: Migration[],
  functions: FunctionSet,
  functionsBack: boolean,
): void {
  const changed = migrations.find(({ tag, hash }) => (state.applied.get(tag) ?? hash) !== hash)
  if (changed) {
    throw new LocalError(
      `migrations/${changed.tag}.sql has changed since it was applied to ${state.database}: ` +
        'put it back, and make a new migration',
    )
  }
  const [inForce] = state.sets
  if (!inForce || inForce.hash === functions.hash || functionsBack) return
  const recorded = state.sets.find(({ hash }) => hash === functions.hash)
  const unknown = [...state.applied.keys()].find((tag) => !migrations.some((known) => known.tag === tag))
  if (unknown === undefined && !(recorded && recorded.first_applied_at < inForce.first_applied_at)) return
  const why = unknown === undefined ? 'has newer functions' : `has ${unknown}, which this checkout lacks`
  throw new LocalError(
    `${state.database} ${why}: nothing is changed. --functions-back puts the functions of this checkout in force`,
  )
}

/** Refuses to leave the groups without a right to the schema that only its owner can grant. Throws a LocalError. */
export async function refuseWithoutUsage(client: Client, state: State): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select name from unnest(array['${GROUPS.join("', '")}']) name
     where not has_schema_privilege(name, 'ledgerhook', 'usage')`,
  )
  if (rows.length === 0) return
  const groups = rows.map(({ name }) => name).join(', ')
  throw new LocalError(
    `the schema ledgerhook is not ${state.user}'s: have ${state.schema?.owner ?? 'its owner'} run ` +
      `\`grant usage on schema ledgerhook to ${groups}\``,
  )
}

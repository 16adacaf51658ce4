import pg, { type Client } from 'pg'
import { LocalError } from '../shared/errors.ts'

const NEEDED = 'read committed'

/**
 * The default isolation of this login and of each login of the Worker, if somebody has set one. Postgres uses the most
 * specific: of a role in a database, of a role, of a database, of all roles, of the server.
 */
const DEFAULTS = `
  with setting as (
    select setdatabase, setrole, (array_agg(lower(split_part(entry, '=', 2))))[1] as level
    from pg_db_role_setting, unnest(setconfig) entry
    where split_part(entry, '=', 1) = 'default_transaction_isolation'
      and setdatabase in (0, (select oid from pg_database where datname = current_database()))
    group by setdatabase, setrole)
  select r.rolname::text as name, (
    select level from setting where setrole in (0, r.oid) order by setrole = 0, setdatabase = 0 limit 1) as level
  from pg_roles r
  where r.rolcanlogin and not r.rolsuper and pg_has_role(r.oid, to_regrole('ledgerhook_worker'), 'member')
  union
  select current_user, current_setting('default_transaction_isolation')
  order by name`

/**
 * Refuses a default isolation under which a statement keeps the snapshot from before it waited for a lock: such a
 * statement never sees what arrived while the delivery waited. Throws a LocalError with the SQL that fixes it.
 */
export async function refuseIsolation(client: Client): Promise<void> {
  const { rows } = await client.query<{ name: string; level: string | null }>(DEFAULTS)
  const wrong = rows.find(({ level }) => level !== null && level !== NEEDED)
  if (!wrong) return
  const source = await client.query<{ source: string; database: string }>(
    `select source, current_database()::text as database from pg_settings where name = 'default_transaction_isolation'`,
  )
  const { source: where, database = '' } = source.rows[0] ?? {}
  const mend =
    where === 'client'
      ? 'take default_transaction_isolation out of DATABASE_URL'
      : `run \`alter role ${pg.escapeIdentifier(wrong.name)} in database ${pg.escapeIdentifier(database)} ` +
        `set default_transaction_isolation = '${NEEDED}'\``
  throw new LocalError(
    `transactions of ${wrong.name} are '${wrong.level}' by default, not '${NEEDED}': ${mend}`,
  )
}

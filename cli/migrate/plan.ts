import type { FunctionSet, SqlFile } from './functions.ts'
import type { Migration } from './migrations.ts'
import {
  createRole,
  GRANTS,
  IN_NO_SCHEMA,
  IN_OUR_SCHEMA,
  JOURNAL,
  recordMigration,
  recordSet,
  TASKS_BEGIN,
  VERBS,
} from './sql.ts'
import type { State } from './state.ts'

/** One step of a migration. */
export interface Step {
  kind: 'schema' | 'roles' | 'migration' | 'functions' | 'verbs' | 'grants' | 'prune'
  /** What to print after the step. */
  says: string
  /** The SQL to send, each with its file, if it comes from one. */
  sends: { path?: string; sql: string }[]
}

const ours = (sql: string) => ({ sql })

/** Returns the steps for a database in this state, in order. */
export function plan(state: State, migrations: Migration[], functions: FunctionSet): Step[] {
  const steps: Step[] = []
  const add = (kind: Step['kind'], says: string, ...sends: Step['sends']) => steps.push({ kind, says, sends })

  for (const role of state.missingRoles) add('roles', `role ${role} created`, ours(createRole(role)))
  if (!state.schema) add('schema', 'schema ledgerhook created', ours('create schema ledgerhook;'))
  if (!state.schema?.is_ours) add('schema', 'journal created', ours(JOURNAL))
  const missing = migrations.filter(({ tag }) => !state.applied.has(tag))
  for (const { tag, sql, hash } of missing) {
    const file = { path: `migrations/${tag}.sql`, sql }
    add('migration', `${tag} applied`, ours(IN_OUR_SCHEMA), file, ours(recordMigration(tag, hash)))
  }
  const reason = whyApply(state, missing, functions)
  if (reason) add('functions', `${functions.names.length} applied: ${reason}`, ...applied(functions))
  add('verbs', 'those that stored deliveries may name are listed', ours(IN_NO_SCHEMA), ours(VERBS))
  add(
    'grants',
    'given to ledgerhook_worker and ledgerhook_app, taken from public',
    ours(GRANTS),
    ours(TASKS_BEGIN),
  )
  return steps
}

/** Returns why the functions have to be applied. Undefined if they do not. */
function whyApply(state: State, missing: Migration[], functions: FunctionSet): string | undefined {
  const [inForce] = state.sets
  if (!inForce) return 'the database had none'
  if (inForce.hash !== functions.hash)
    return `their files have changed (${short(inForce.hash)} → ${short(functions.hash)})`
  if (state.fingerprint !== inForce.fingerprint) return 'somebody had changed them in the database'
  // A migration may have replaced a function with a placeholder.
  return missing.length > 0 ? 'they follow the tables' : undefined
}

/**
 * Sends the functions twice: first without checking their bodies, because they call each other in any order, and then
 * with the check, so that the migration finds a mistake before a delivery does.
 */
function applied({ files, hash, names }: FunctionSet): Step['sends'] {
  const all: SqlFile[] = files
  return [
    ours(IN_OUR_SCHEMA),
    ours('set local check_function_bodies = off;'),
    ...all,
    ours('set local check_function_bodies = on;'),
    ...all,
    ours(IN_NO_SCHEMA),
    ours(recordSet(hash, names)),
  ]
}

export const short = (hash: string) => hash.slice(0, 8)

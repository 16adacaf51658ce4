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
  VERBS,
} from './sql.ts'
import type { State } from './state.ts'

/** One thing that a migration does. */
export interface Step {
  kind: 'schema' | 'roles' | 'migration' | 'functions' | 'verbs' | 'grants' | 'prune'
  /** What was done, once it is done. */
  says: string
  /** SQL to send, each with the file it comes from, where it comes from one. */
  sends: { path?: string; sql: string }[]
}

const ours = (sql: string) => ({ sql })

/** Returns what is to be done in a database of this state, in order. */
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
  add('grants', 'given to ledgerhook_worker and ledgerhook_app, taken from public', ours(GRANTS))
  return steps
}

/** Returns why the functions have to be applied, undefined where they do not. */
function whyApply(state: State, missing: Migration[], functions: FunctionSet): string | undefined {
  const [inForce] = state.sets
  if (!inForce) return 'the database had none'
  if (inForce.hash !== functions.hash)
    return `their files have changed (${short(inForce.hash)} → ${short(functions.hash)})`
  if (state.fingerprint !== inForce.fingerprint) return 'somebody had changed them in the database'
  // A migration may have put a placeholder where a function is.
  return missing.length > 0 ? 'they follow the tables' : undefined
}

/**
 * Twice: first without a look at their bodies, for they call each other in every order, then with it, so that a
 * mistake is found here and not by a delivery.
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

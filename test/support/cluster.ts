import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Client } from 'pg'
import { query } from '../../local/postgres/query.ts'
import { makeScratchDir } from '../../local/scratch.ts'
import { startTemporaryPostgres } from '../../local/temporary-postgres.ts'

/** A Postgres of a test file's own, for tests that make roles, which all databases of a server share. */
export interface Cluster {
  port: number
  /** Makes an empty database, and returns the URL of the superuser. */
  database(name: string, owner?: string): Promise<string>
  /** Makes a role that logs in with its name as password. */
  login(name: string, attributes?: string): Promise<void>
  stop(): Promise<void>
}

export async function startCluster(): Promise<Cluster> {
  const postgres = await startTemporaryPostgres('cluster')
  const admin = (sql: string) => query(postgres.url('postgres'), sql)
  return {
    port: postgres.port,
    async database(name, owner = 'postgres') {
      await admin(`create database "${name}" owner "${owner}"`)
      return postgres.url(name)
    },
    async login(name, attributes = '') {
      await admin(`create role "${name}" login password '${name}' ${attributes}`)
    },
    stop: postgres.stop,
  }
}

/** The same database, seen by another role of `login`. */
export function as(role: string, url: string): string {
  const changed = new URL(url)
  changed.username = changed.password = role
  return changed.href
}

/** Runs work on a connection of its own. */
export async function connected<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(url)
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** What a promise is refused with; fails where it is not. */
export async function refused(work: Promise<unknown>): Promise<Error & { code?: string }> {
  return await work.then(
    () => {
      throw new Error('it was not refused')
    },
    (error: Error) => error,
  )
}

/** A folder that holds these files, which the caller removes. */
export function folderOf(files: Record<string, string>): string {
  const folder = makeScratchDir('files')
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}

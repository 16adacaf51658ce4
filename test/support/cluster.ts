import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Client } from 'pg'
import { query } from '../../local/postgres/query.ts'
import { makeScratchDir } from '../../local/scratch.ts'
import { startTemporaryPostgres } from '../../local/temporary-postgres.ts'

/** A Postgres for one test file whose tests make roles, because all databases of a server share the roles. */
export interface Cluster {
  port: number
  /** Makes an empty database, and returns the URL of the superuser. */
  database(name: string, owner?: string): Promise<string>
  /** Creates a login role whose password is its name. */
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

/** Returns the URL of the same database for another role. */
export function as(role: string, url: string): string {
  const changed = new URL(url)
  changed.username = changed.password = role
  return changed.href
}

/** Runs work on a new connection. */
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

/** Returns the error of a promise. Fails if there is none. */
export async function refused(work: Promise<unknown>): Promise<Error & { code?: string }> {
  return await work.then(
    () => {
      throw new Error('it was not refused')
    },
    (error: Error) => error,
  )
}

/** Makes a folder with these files. The caller removes it. */
export function folderOf(files: Record<string, string>): string {
  const folder = makeScratchDir('files')
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}

import { once } from 'node:events'
import { connect } from 'node:net'
import pg from 'pg'
import { USUAL_PORTS } from './dev/flags.ts'
import { LocalError } from './errors.ts'
import { portNumber } from './flags.ts'
import { configuredDatabase } from './migrate.ts'

/** `DATABASE_URL`, else the local Postgres of `npm run dev`. Throws a LocalError. */
export async function databaseUrl(pgPort: string | undefined): Promise<string> {
  const configured = configuredDatabase()
  const port = portNumber(pgPort, '--pg-port', USUAL_PORTS.postgres)
  if (!configured && !(await listens(port))) {
    throw new LocalError(
      `no Postgres listens on port ${port}: start it with \`npm run dev\`, or name it with --pg-port`,
    )
  }
  return configured ?? `postgres://postgres:postgres@127.0.0.1:${port}/ledgerhook`
}

/** Calls a database function of ours, and returns what it answers. Throws a LocalError. */
export async function callFunction<Answer>(url: string, name: string, facts: object): Promise<Answer> {
  const client = new pg.Client(url)
  // The driver's error may hold what it was given, and the URL its password.
  const failed = (error: { code?: string }) => {
    throw new LocalError(`the database does not answer (${error.code ?? 'no code'}): is it migrated?`)
  }
  try {
    await client.connect().catch(failed)
    const result = await client
      .query<{ answer: Answer }>(`select ${pg.escapeIdentifier(name)}($1::jsonb) as answer`, [
        JSON.stringify(facts),
      ])
      .catch(failed)
    return result?.rows[0]?.answer as Answer
  } finally {
    await client.end().catch(() => {})
  }
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

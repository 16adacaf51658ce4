import { once } from 'node:events'
import { connect } from 'node:net'
import { devVars } from './dev-vars.ts'
import { LocalError } from './errors.ts'
import { portNumber } from './flags.ts'

/**
 * The default ports of `npm run dev`. All but the Worker's are below 32768, where Linux begins to use ports for
 * outgoing connections.
 */
export const LOCAL_PORTS = { worker: 8787, postgres: 25432, gateway: 25433, stripe: 25434, clerk: 25435 }

/** The database that `DATABASE_URL` names, in the environment or else in `.dev.vars`. */
export function configuredDatabase(): string | undefined {
  return process.env.DATABASE_URL || devVars().DATABASE_URL || undefined
}

/** `DATABASE_URL`, else the local Postgres of `npm run dev`. Throws a LocalError. */
export async function databaseUrl(pgPort: string | undefined): Promise<string> {
  const configured = configuredDatabase()
  const port = portNumber(pgPort, '--pg-port', LOCAL_PORTS.postgres)
  if (!configured && !(await listens(port))) {
    throw new LocalError(
      `no Postgres listens on port ${port}: start it with \`npm run dev\`, or name it with --pg-port`,
    )
  }
  return configured ?? `postgres://postgres:postgres@127.0.0.1:${port}/ledgerhook`
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

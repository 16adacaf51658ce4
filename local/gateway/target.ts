import { GatewayError } from './errors.ts'

export type Address = {
  host: string
  port: number
  /** Whether to speak TLS. */
  ssl?: boolean | { rejectUnauthorized: boolean }
}

/** Who connects, and to which database. Host and port are always those of the local Postgres. */
export type Target = { user: string; password: string; database: string }

function invalid(why: string): GatewayError {
  return new GatewayError(400, why)
}

/** Reads the `Neon-Connection-String` header. Throws a GatewayError, in the proxy's words. */
export function readTarget(header: string | string[] | undefined): Target {
  if (typeof header !== 'string') throw invalid('invalid header: neon-connection-string')
  const url = URL.parse(header)
  if (url === null) throw invalid('invalid connection string')
  if (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:') throw invalid('incorrect scheme')
  try {
    const user = decodeURIComponent(url.username)
    const password = decodeURIComponent(url.password)
    const database = decodeURIComponent(url.pathname.slice(1))
    if (user === '') throw invalid('missing username')
    if (password === '') throw invalid('missing authentication credentials: password')
    if (database === '') throw invalid('missing database name')
    return { user, password, database }
  } catch (error) {
    throw error instanceof URIError ? invalid('invalid connection string') : error
  }
}

const POSTGRES_PORT = 5432

/** Returns where a connection string leads, and whether to speak TLS there, by its `sslmode`. */
export function addressOf(connectionString: string): Address {
  const { hostname, port, searchParams } = new URL(connectionString)
  const mode = searchParams.get('sslmode') ?? 'disable'
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(port || POSTGRES_PORT),
    ssl:
      mode === 'no-verify' ? { rejectUnauthorized: false } : /^(require|verify-ca|verify-full)$/.test(mode),
  }
}

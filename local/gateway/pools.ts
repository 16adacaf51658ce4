import pg from 'pg'
import { GatewayError } from './errors.ts'
import { type Address, readTarget } from './target.ts'

export type Pools = {
  /** Returns a connection for this value of the header. Waits up to 15 s for one, as the proxy does. */
  acquire(connectionString: string | string[] | undefined): Promise<pg.PoolClient>
  end(): Promise<void>
}

const ACQUIRE_TIMEOUT_MS = 15_000

// Without a listener, an error of a connection ends the process. It can be ignored here: the pool drops the
// connection, and the statement that ran on it fails with the same error.
const ignore = () => {}

function openPool(connectionString: string | string[] | undefined, address: Address, max: number): pg.Pool {
  const pool = new pg.Pool({
    ...readTarget(connectionString),
    ssl: false,
    ...address,
    max,
    connectionTimeoutMillis: ACQUIRE_TIMEOUT_MS,
  })
  pool.on('error', ignore)
  pool.on('connect', (client) => client.on('error', ignore))
  return pool
}

/**
 * Returns the error for the caller: 400 for wrong credentials or a wrong database, else 500, because the database is
 * out of reach.
 */
function refusal(error: unknown): unknown {
  if (error instanceof pg.DatabaseError && /^(28|3D)/.test(error.code ?? '')) return error
  return new GatewayError(500, `could not connect to the database: ${(error as Error).message}`)
}

/** Keeps one pool per connection string, so that a request with another password needs another connection. */
export function createPools(address: Address, maxConnections: number): Pools {
  const pools = new Map<unknown, pg.Pool>()
  return {
    acquire: async (connectionString) => {
      let pool = pools.get(connectionString)
      if (pool === undefined) {
        pool = openPool(connectionString, address, maxConnections)
        pools.set(connectionString, pool)
      }
      return pool.connect().catch((error: unknown) => {
        throw refusal(error)
      })
    },
    end: async () => {
      await Promise.all([...pools.values()].map((pool) => pool.end()))
    },
  }
}

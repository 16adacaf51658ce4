import { serveHttp } from '../http-server.ts'
import { createFaults, type Fault } from './faults.ts'
import { createPools } from './pools.ts'
import { handle, type Services } from './routes.ts'
import { createCounter, type Stats } from './stats.ts'
import type { Address } from './target.ts'

export type GatewayOptions = {
  /** 0 lets the system choose. */
  port: number
  host?: string
  postgres: Address
  /** Added once to every `POST /sql`, in milliseconds: the way from the Worker to Neon's proxy and back. */
  rttMs?: number
  /** Added to every statement that the database sees, in milliseconds: the proxy's way to the compute. */
  statementMs?: number
  /** The most connections for one connection string. */
  maxConnections?: number
}

export type Gateway = {
  /** For `neonConfig.fetchEndpoint`. */
  url: string
  port: number
  /** Returns what was counted since the start, or the last reset. */
  stats(): Stats
  resetStats(): void
  /** Makes the next `POST /sql` requests fail, one each, in order. */
  fail(faults: readonly Fault[]): void
  /** Aborts running requests, and resolves when every connection to Postgres is closed. */
  stop(): Promise<void>
}

/**
 * Starts Neon's SQL over HTTP in front of a Postgres. `GET /stats`, `POST /stats/reset` and `POST /faults` do over
 * HTTP what the methods do here. Throws a LocalError when the port is taken.
 *
 * Session state (`SET`, advisory locks) stays with a pooled connection, as it may at Neon: use `SET LOCAL`.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { host = '127.0.0.1', postgres, rttMs = 0, statementMs = 0, maxConnections = 90 } = options
  const counter = createCounter()
  const faults = createFaults()
  const pools = createPools(postgres, maxConnections)
  const run = { address: postgres, statementMs, count: () => counter.add('statements') }
  const services: Services = { pools, faults, counter, rttMs, run }
  const server = await serveHttp((request, response) => void handle(services, request, response), {
    port: options.port,
    host,
    flag: '--gateway-port',
  })
  return {
    url: `${server.url}/sql`,
    port: server.port,
    stats: counter.read,
    resetStats: counter.reset,
    fail: faults.add,
    stop: async () => {
      await server.stop()
      await pools.end()
    },
  }
}

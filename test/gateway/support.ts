import { rm } from 'node:fs/promises'
import { neonConfig } from '@neondatabase/serverless'
import { vi } from 'vitest'
import { type Gateway, type GatewayOptions, startGateway } from '../../local/gateway/server.ts'
import type { Postgres } from '../../local/postgres.ts'
import { makeScratchDir } from '../../local/scratch.ts'
import { startTemporaryPostgres } from '../../local/temporary-postgres.ts'
import { until } from '../../local/until.ts'

// A database is set up and torn down around every file, and on a busy machine that takes its time.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

export type Stack = {
  postgres: Postgres
  gateway: Gateway
  /** The connection string that the driver is given. */
  url: string
  stop(): Promise<void>
}

export async function temporaryDir(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = makeScratchDir('test')
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

/** Starts a Postgres with a gateway in front of it, and points the driver of this process to it. */
export async function startStack(options: Partial<GatewayOptions> = {}): Promise<Stack> {
  const postgres = await startTemporaryPostgres('test')
  const address = { host: '127.0.0.1', port: postgres.port }
  const gateway = await startGateway({ port: 0, postgres: address, ...options })
  neonConfig.fetchEndpoint = gateway.url
  return {
    postgres,
    gateway,
    url: postgres.url(),
    stop: async () => {
      await gateway.stop()
      await postgres.stop()
    },
  }
}

/** Sends `POST /sql` without the driver, for requests that the driver never sends. */
export function post(stack: Stack, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(stack.gateway.url, {
    method: 'POST',
    headers: { 'Neon-Connection-String': stack.url, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

/** Waits until `check` is true. Fails after five seconds. */
export async function eventually(check: () => Promise<boolean>): Promise<void> {
  if (!(await until(check, 5000))) throw new Error(`never came true: ${check}`)
}

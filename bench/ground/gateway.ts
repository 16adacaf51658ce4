import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { readStats, resetStats } from '../../local/gateway/client.ts'
import type { GatewayOptions } from '../../local/gateway/server.ts'
import type { Stats } from '../../local/gateway/stats.ts'
import type { Ground } from './ground.ts'

export interface BenchGateway {
  url: string
  /** Returns what the gateway has seen since the last call. */
  takeStats(): Promise<Stats>
  stop(): Promise<void>
}

/** The latency that the gateway adds, milliseconds. */
export interface Latency {
  rttMs: number
  statementMs: number
}

const NO_LATENCY: Latency = { rttMs: 0, statementMs: 0 }

/** Starts the local gateway on a separate thread, so that it does not compete with the process that sends the load. */
export async function startGatewayThread(
  ground: Ground,
  latency: Latency = NO_LATENCY,
): Promise<BenchGateway> {
  const options: Omit<GatewayOptions, 'port'> = { ...latency, postgres: ground.address, maxConnections: 40 }
  const thread = new Worker(new URL('./gateway-thread.ts', import.meta.url), { workerData: options })
  const [url] = (await once(thread, 'message')) as [string]
  const takeStats = async () => {
    const stats = await readStats(url)
    await resetStats(url)
    return stats
  }
  const exited = once(thread, 'exit')
  const stop = async () => {
    thread.postMessage('stop')
    await exited
  }
  return ground.holds({ url, takeStats, stop })
}

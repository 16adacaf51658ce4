import type { Stats } from './stats.ts'

// Calls to a gateway that runs in another process. `gatewayUrl` is the address of `POST /sql`.

/** Returns what the gateway has seen since the last reset. */
export async function readStats(gatewayUrl: string): Promise<Stats> {
  const response = await fetch(new URL('/stats', gatewayUrl))
  return (await response.json()) as Stats
}

export async function resetStats(gatewayUrl: string): Promise<void> {
  await fetch(new URL('/stats/reset', gatewayUrl), { method: 'POST' })
}

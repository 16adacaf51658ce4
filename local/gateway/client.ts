import type { Stats } from './stats.ts'

// What a process asks of a gateway that runs in another one. `gatewayUrl` is that of `POST /sql`.

/** Returns what the gateway has seen since the last reset. */
export async function readStats(gatewayUrl: string): Promise<Stats> {
  const response = await fetch(new URL('/stats', gatewayUrl))
  return (await response.json()) as Stats
}

export async function resetStats(gatewayUrl: string): Promise<void> {
  await fetch(new URL('/stats/reset', gatewayUrl), { method: 'POST' })
}

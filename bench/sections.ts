import { openArena } from './arena/arena.ts'
import type { Ground } from './ground/ground.ts'
import { measureCalls } from './measures/calls.ts'
import { measureDrain } from './measures/drain.ts'
import { measureFirstDay } from './measures/first-day.ts'
import { measureLatency } from './measures/latency.ts'
import { measureOutgoing } from './measures/outgoing.ts'
import { measureReconcile } from './measures/reconcile.ts'
import { measureStages } from './measures/stages.ts'
import { measureStartup } from './measures/startup.ts'
import { measureStorage } from './measures/storage.ts'
import { measureThroughput } from './measures/throughput.ts'
import { measureWallets } from './measures/wallets.ts'
import { weigh } from './measures/weight.ts'
import type { Results } from './results.ts'

const AT_FULL_SPEED = ['throughput', 'wallets', 'calls'] as const
export const SECTIONS = [
  ...(['latency', ...AT_FULL_SPEED, 'drain', 'first-day', 'outgoing'] as const),
  ...(['storage', 'stages', 'weight', 'startup', 'reconcile'] as const),
] as const
export type Section = (typeof SECTIONS)[number]

/** Measures these sections, one after the other. */
export async function measure(
  ground: Ground,
  { sections: wanted, people }: { sections: Set<Section>; people: number },
  step: (says: string) => void,
): Promise<Results> {
  const results: Results = {}
  if (wanted.has('weight')) results.weight = await weigh(await ground.bundle('ledgerhook'))
  if (wanted.has('startup')) {
    results.startup = await measureStartup(ground)
    step('start-up of isolates')
  }
  if (wanted.has('stages')) results.stages = await measureStages(ground, step)
  if (wanted.has('latency')) {
    const arena = await openArena(ground, { rttMs: 20, statementMs: 1 })
    results.latency = await measureLatency(arena, 60, step).finally(arena.stop)
  }
  if (wanted.has('storage')) results.storage = await measureStorage(ground, 500, step)
  if (wanted.has('drain')) results.drain = await measureDrain(ground, { blocks: 3, perBlock: 1_000 }, step)
  if (wanted.has('first-day'))
    results.firstDay = await measureFirstDay(ground, { topUps: 6_400, samples: 200 }, step)
  if (wanted.has('outgoing')) results.outgoing = await measureOutgoing(ground, 200, step)
  if (wanted.has('reconcile')) results.reconcile = await measureReconcile(ground, people, step)
  if (AT_FULL_SPEED.some((section) => wanted.has(section))) {
    Object.assign(results, await measureAtFullSpeed(ground, wanted, step))
  }
  return results
}

async function measureAtFullSpeed(
  ground: Ground,
  wanted: Set<Section>,
  step: (says: string) => void,
): Promise<Results> {
  const results: Results = {}
  const arena = await openArena(ground, { rttMs: 0, statementMs: 0 })
  const size = { blocks: 7, perBlock: 240 }
  try {
    if (wanted.has('throughput')) results.throughput = await measureThroughput(arena, size, step)
    if (wanted.has('wallets')) {
      results.wallets = await measureWallets(arena, size)
      step('16 at a time: one wallet, and many')
    }
    if (wanted.has('calls')) results.calls = await measureCalls(arena, size, step)
    return results
  } finally {
    await arena.stop()
  }
}

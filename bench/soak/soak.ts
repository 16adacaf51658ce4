import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../../local/until.ts'
import type { Ground } from '../ground/ground.ts'
import { faultsOf } from './faults.ts'
import { type MemorySpan, watchMemory } from './memory.ts'
import { compare, runUntilIdle, type Settled } from './settled.ts'
import { type Sent, startTraffic } from './traffic.ts'
import { openWorld, startRun } from './world.ts'

export interface Soak extends Settled, Omit<Sent, 'lives'> {
  users: number
  /** The number of times that each fault occurred, by name. */
  faults: Record<string, number>
  /** The time in which new lives began. */
  seconds: number
  /** Null if it could not be judged. */
  memory: MemorySpan | null
}

const PACE = { atATime: 12, pauseMs: 20 }
/** The pause between two faults. */
const CALM_MS = 3_000
/** How long a fault continues after a delivery has failed by it. */
const HOLD_MS = 3_000
/** Processes restart only in this first share of the time. After it their memory is compared. */
const RESTARTING = 0.4
const SAMPLE_MS = 2_000
const RUN_MS = 5_000
/** Far longer than a fault takes to be noticed, and the Worker to recover from it. */
const NOTICED_MS = 120_000

/**
 * Sends mixed events and spends for this long, with one fault after the other: each at least once, and until a delivery
 * has failed by it. Then it waits until all have a final response and nothing is due, and compares the database with
 * the model.
 */
export async function measureSoak(
  ground: Ground,
  {
    durationMs,
    calmMs = CALM_MS,
    holdMs = HOLD_MS,
  }: { durationMs: number; calmMs?: number; holdMs?: number },
  onStep: (says: string) => void,
  interrupt: AbortSignal,
): Promise<Soak> {
  const world = await openWorld(ground, 'soak')
  const memory = watchMemory(world)
  const ended = new AbortController()
  const traffic = startTraffic(world, PACE, AbortSignal.any([interrupt, ended.signal]))
  const { sent } = traffic
  const every = async (ms: number, act: () => Promise<unknown>) => {
    while (!ended.signal.aborted && !interrupt.aborted) {
      await act()
      await sleep(ms, undefined, { signal: ended.signal }).catch(() => {})
    }
  }
  const beside = Promise.all([every(SAMPLE_MS, memory.sample), every(RUN_MS, () => startRun(world))])
  try {
    const startedAt = Date.now()
    const share = () => (Date.now() - startedAt) / durationMs
    const faults: Record<string, number> = {}
    const noticed = async () => {
      const before = sent.failed
      await until(() => sent.failed > before || interrupt.aborted, NOTICED_MS)
      await sleep(holdMs, undefined, { signal: interrupt })
    }
    const all = faultsOf(ground, world)
    for (let round = 0; round === 0 || share() < 1; round++) {
      for (const fault of all) {
        if (round > 0 && (share() >= 1 || (fault.restarts && share() > RESTARTING))) continue
        await sleep(calmMs, undefined, { signal: interrupt })
        const failed = sent.failed
        await fault.strike(noticed)
        if (fault.restarts) memory.restarted()
        interrupt.throwIfAborted()
        if (sent.failed === failed) throw new Error(`no delivery has noticed: ${fault.name}`)
        const { heard } = sent
        if (!(await until(() => sent.heard > heard || interrupt.aborted, NOTICED_MS)))
          throw new Error(`nothing has got through since: ${fault.name}`)
        faults[fault.name] = (faults[fault.name] ?? 0) + 1
        onStep(`${fault.name}; ${sent.deliveries} sent`)
      }
    }
    const span = memory.span()
    const seconds = (Date.now() - startedAt) / 1000
    await traffic.finish()
    onStep(`all heard: ${sent.deliveries} sent`)
    ended.abort()
    await beside
    const runs = await runUntilIdle(world, interrupt)
    onStep(`nothing is due after ${runs} scheduled runs`)
    const { lives, ...counts } = sent
    const settled = await compare(lives, world)
    return { ...counts, ...settled, users: lives.length, runs, faults, seconds, memory: span }
  } finally {
    ended.abort()
    await beside
    await world.stop()
  }
}

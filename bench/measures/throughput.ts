import type { Arena } from '../arena/arena.ts'
import { type Contender, contendersOf, outcomeOf } from '../arena/contenders.ts'
import { type HotEvent, hotEvents } from '../arena/deliveries.ts'
import { AT_A_TIME, assertOutcome, deliver, newUsers } from '../arena/subjects.ts'
import { cpuMs } from '../ground/cpu-time.ts'
import { median } from '../statistics.ts'

export interface Rate {
  /** Deliveries per second: the median of the blocks. */
  perSecond: number
  /** CPU time of its workerd, milliseconds per delivery. Null if the system does not report it. */
  cpuMs: number | null
}

export interface ThroughputRow {
  event: string
  ledgerhook: Rate
  floor: Rate
  /** Null, here and below, if the contender does not handle the event. */
  writes: Rate | null
  tutorial: Rate | null
  /** Deliveries per second over the floor's: the median of the ratios of neighbouring blocks. */
  ofFloor: number
  /** Deliveries per second over those of the bare writes. */
  ofWrites: number | null
}

interface Block {
  perSecond: number
  cpuMs: number | null
}

/** Sends many deliveries at a time, each for another user. Blocks of the contenders alternate. */
export async function measureThroughput(
  arena: Arena,
  { blocks, perBlock }: { blocks: number; perBlock: number },
  onStep: (says: string) => void,
): Promise<ThroughputRow[]> {
  const rows: ThroughputRow[] = []
  for (const hot of hotEvents) {
    const taken: Record<Contender, Block[]> = { floor: [], writes: [], ledgerhook: [], tutorial: [] }
    // The first block is a warm-up.
    for (let block = 0; block <= blocks; block++) {
      const users = newUsers(perBlock)
      await arena.bring(hot, users)
      const contenders = block % 2 === 0 ? contendersOf(hot) : contendersOf(hot).reverse()
      for (const contender of contenders) {
        const measured = await measureBlock(hot, users, contender, arena)
        if (block > 0) taken[contender].push(measured)
      }
    }
    rows.push(rowOf(hot, taken))
    onStep(`${AT_A_TIME} at a time: ${hot.name}`)
  }
  return rows
}

async function measureBlock(
  hot: HotEvent,
  users: string[],
  contender: Contender,
  arena: Arena,
): Promise<Block> {
  const corner = arena.corners[contender]
  const events = users.map((user) => hot.event(user))
  const cpuBefore = await cpuMs(corner.pid)
  const { answers, ms } = await deliver(events, corner, AT_A_TIME)
  const cpuAfter = await cpuMs(corner.pid)
  assertOutcome(`${hot.name}, ${contender}`, outcomeOf(hot, contender), answers)
  return {
    perSecond: (users.length / ms) * 1000,
    cpuMs: cpuBefore === null || cpuAfter === null ? null : (cpuAfter - cpuBefore) / users.length,
  }
}

function rowOf(
  { name }: HotEvent,
  { floor, writes, ledgerhook, tutorial }: Record<Contender, Block[]>,
): ThroughputRow {
  const maybe = (blocks: Block[]) => (blocks.length > 0 ? rateOf(blocks) : null)
  const over = (others: Block[]) =>
    median(ledgerhook.map(({ perSecond }, block) => perSecond / (others[block]?.perSecond ?? Number.NaN)))
  return {
    event: name,
    ledgerhook: rateOf(ledgerhook),
    floor: rateOf(floor),
    writes: maybe(writes),
    tutorial: maybe(tutorial),
    ofFloor: over(floor),
    ofWrites: writes.length > 0 ? over(writes) : null,
  }
}

function rateOf(blocks: Block[]): Rate {
  const cpu = blocks.map((block) => block.cpuMs).filter((ms) => ms !== null)
  return {
    perSecond: median(blocks.map(({ perSecond }) => perSecond)),
    cpuMs: cpu.length > 0 ? median(cpu) : null,
  }
}

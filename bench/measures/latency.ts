import type { Arena } from '../arena/arena.ts'
import { type Contender, contendersOf, outcomeOf } from '../arena/contenders.ts'
import { type HotEvent, hotEvents } from '../arena/deliveries.ts'
import { assertOutcome, deliver, newUsers } from '../arena/subjects.ts'
import { quantile } from '../statistics.ts'

/** Milliseconds, as the sender of the delivery sees them. */
export interface Quantiles {
  p50: number
  p95: number
}

export interface LatencyRow {
  event: string
  ledgerhook: Quantiles
  floor: Quantiles
  /** Null, here and below, if the contender does not handle the event. */
  writes: Quantiles | null
  tutorial: Quantiles | null
  /** p50 over the floor's p50. */
  overFloor: number
  /** Requests and statements that the database sees, per delivery. */
  requests: number
  statements: number
}

const WARM_UP = 5

/**
 * Sends one delivery at a time, to the contenders in turn, so that other load on the machine slows down all of them
 * alike.
 */
export async function measureLatency(
  arena: Arena,
  samples: number,
  onStep: (says: string) => void,
): Promise<LatencyRow[]> {
  const rows: LatencyRow[] = []
  for (const hot of hotEvents) {
    rows.push(await measureEvent(hot, arena, samples))
    onStep(`one at a time: ${hot.name}`)
  }
  return rows
}

async function measureEvent(hot: HotEvent, arena: Arena, samples: number): Promise<LatencyRow> {
  const users = newUsers(samples + WARM_UP)
  await arena.bring(hot, users)
  const taken: Record<Contender, number[]> = { floor: [], writes: [], ledgerhook: [], tutorial: [] }
  const seen = { requests: 0, statements: 0 }
  for (const [round, user] of users.entries()) {
    for (const contender of rotated(contendersOf(hot), round)) {
      await arena.takeStats()
      const { answers } = await deliver([hot.event(user)], arena.corners[contender], 1)
      const { requests, statements } = await arena.takeStats()
      assertOutcome(`${hot.name}, ${contender}`, outcomeOf(hot, contender), answers)
      if (round < WARM_UP) continue
      taken[contender].push(...answers.map(({ ms }) => ms))
      if (contender !== 'ledgerhook') continue
      seen.requests += requests
      seen.statements += statements
    }
  }
  const perDelivery = { requests: seen.requests / samples, statements: seen.statements / samples }
  return { event: hot.name, ...summary(taken), ...perDelivery }
}

const rotated = <T>(list: T[], by: number): T[] =>
  list.map((_, index) => list[(index + by) % list.length] as T)

function summary({ floor, writes, ledgerhook, tutorial }: Record<Contender, number[]>) {
  const of = (values: number[]): Quantiles => ({ p50: quantile(values, 0.5), p95: quantile(values, 0.95) })
  const maybe = (values: number[]) => (values.length > 0 ? of(values) : null)
  return {
    ledgerhook: of(ledgerhook),
    floor: of(floor),
    writes: maybe(writes),
    tutorial: maybe(tutorial),
    overFloor: quantile(ledgerhook, 0.5) / quantile(floor, 0.5),
  }
}

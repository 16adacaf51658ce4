import { LocalError } from '../../cli/shared/errors.ts'
import { until } from '../../local/until.ts'
import { openCorner } from '../arena/arena.ts'
import { type Event, sign, signUp, topUp } from '../arena/deliveries.ts'
import { postAll } from '../arena/load.ts'
import { AT_A_TIME, assertOutcome, deliver, newUsers } from '../arena/subjects.ts'
import { connectTo } from '../ground/database.ts'
import { startGatewayThread } from '../ground/gateway.ts'
import type { Ground } from '../ground/ground.ts'
import { startWithQueue } from '../ground/queued.ts'
import { median } from '../statistics.ts'

/** Top-ups per second, from the first one that is sent until the last one that is committed. */
export interface Drain {
  /** All through the queue, whose consumer runs on the same processors as what takes them in. */
  queued: number
  /** Until the last one has its response `queued`, which is before it is committed. */
  takenIn: number
  /** The floor's, which commits each while its sender waits. */
  floor: number
  /** The median of the ratios of neighbouring blocks. */
  ofFloor: number
}

const SOON_MS = 120_000

/** Blocks of the two sides alternate; the first one is to warm up. A block is a whole number of batches. */
export async function measureDrain(
  ground: Ground,
  { blocks, perBlock }: { blocks: number; perBlock: number },
  onStep: (says: string) => void,
): Promise<Drain> {
  const gateway = await startGatewayThread(ground)
  await ground.createDatabase('drain', 'ours')
  await ground.createDatabase('drain_floor', 'none')
  const floor = await openCorner(ground, gateway, 'floor', 'drain_floor')
  await floor.database.query(FLOOR_TABLE)
  const database = await connectTo(ground.databaseUrl('drain'))
  const worker = ground.holds(
    await startWithQueue((await ground.bundle('ledgerhook')).path, {
      ...{ ...ground.settings, DATABASE_URL: ground.databaseUrl('drain'), NEON_FETCH_ENDPOINT: gateway.url },
      SPILL_ALWAYS: 'true',
    }),
  )
  const queued = { url: worker.url, secrets: ground.settings }

  let sent = 0
  const drain = async (events: Event[]): Promise<{ queued: number; takenIn: number }> => {
    sent += events.length
    const requests = await Promise.all(events.map((event) => sign(event, queued.url, queued.secrets)))
    const startedAt = performance.now()
    const { answers, ms } = await postAll(requests, AT_A_TIME)
    assertOutcome('drain', 'queued', answers)
    const isDrained = async () => {
      const { rows } = await database.query<{ done: string }>(DONE)
      return Number(rows[0]?.done) === sent
    }
    if (!(await until(isDrained, SOON_MS))) throw new LocalError('the queue was not drained')
    const perSecond = (over: number) => (events.length / over) * 1000
    return { queued: perSecond(performance.now() - startedAt), takenIn: perSecond(ms) }
  }
  const commit = async (events: Event[]): Promise<number> => {
    const { answers, ms } = await deliver(events, floor, AT_A_TIME)
    assertOutcome('drain, floor', 'applied', answers)
    return (events.length / ms) * 1000
  }
  const rates: Omit<Drain, 'ofFloor'>[] = []
  try {
    for (let block = 0; block <= blocks; block++) {
      const users = newUsers(perBlock)
      await drain(users.map(signUp))
      const events = users.map((user) => topUp(user, 1))
      const first = block % 2 === 0 ? await drain(events) : null
      const floorRate = await commit(events)
      const rate = { ...(first ?? (await drain(events))), floor: floorRate }
      if (block > 0) rates.push(rate)
    }
    onStep('through the queue, and drained from it')
  } finally {
    await database.end()
    for (const part of [worker, floor, gateway]) await part.stop()
  }
  return {
    queued: median(rates.map(({ queued }) => queued)),
    takenIn: median(rates.map(({ takenIn }) => takenIn)),
    floor: median(rates.map(({ floor }) => floor)),
    ofFloor: median(rates.map(({ queued, floor }) => queued / floor)),
  }
}

const FLOOR_TABLE = `create table deliveries (
  event_id text primary key, type text not null, payload jsonb not null, received_at timestamptz not null default now())`

const DONE = `select count(*) as done from ledgerhook.webhook_events where outcome = 'applied'`

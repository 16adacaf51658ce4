import { LocalError } from '../../cli/shared/errors.ts'
import { until } from '../../local/until.ts'
import { openCorner } from '../arena/arena.ts'
import { type Event, sign, signUp, topUp } from '../arena/deliveries.ts'
import { postAll } from '../arena/load.ts'
import { AT_A_TIME, assertOutcome, deliver, newUsers } from '../arena/subjects.ts'
import { exactCpuMs, postgresCpuMs } from '../ground/cpu-time.ts'
import { connectTo } from '../ground/database.ts'
import { startGatewayThread } from '../ground/gateway.ts'
import type { Ground } from '../ground/ground.ts'
import { startWithQueue } from '../ground/queued.ts'
import { median } from '../statistics.ts'

/** CPU time of processes, milliseconds per top-up. NaN where the system does not report it. */
export interface DrainCpu {
  /** Of the workerd that receives deliveries. It includes the queue's own. */
  ingest: number
  /** Of the workerd that commits the messages from the queue. The floor has none. */
  consumer: number
  postgres: number
}

/** Top-ups per second, from the first one sent to the last one committed. */
export interface Drain {
  /** Through the queue, whose consumer runs on the same processors as the Worker that receives. */
  queued: number
  /** Until the last one gets the response `queued`, which is before its commit. */
  takenIn: number
  /** The floor, which commits each while its sender waits. */
  floor: number
  /** The median of the ratios of neighbouring blocks. */
  ofFloor: number
  cpu: { queued: DrainCpu; floor: DrainCpu }
}

const SOON_MS = 120_000

interface Block {
  perSecond: number
  takenIn: number
  cpu: DrainCpu
}

/**
 * Measures the drain. Blocks of the two sides alternate; the first is a warm-up. A block is a whole number of batches.
 */
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
  const worker = await startWithQueue(ground, {
    ...ground.settings,
    DATABASE_URL: ground.databaseUrl('drain'),
    NEON_FETCH_ENDPOINT: gateway.url,
    SPILL_ALWAYS: 'true',
  })
  const [session] = (await database.query<{ pid: number }>('select pg_backend_pid() as pid')).rows
  const cpuOf = async (ingest: number, consumer?: number): Promise<DrainCpu> => ({
    ingest: (await exactCpuMs(ingest)) ?? Number.NaN,
    consumer: consumer ? ((await exactCpuMs(consumer)) ?? Number.NaN) : 0,
    postgres: (await postgresCpuMs(session?.pid ?? 0)) ?? Number.NaN,
  })
  const spent = (before: DrainCpu, after: DrainCpu): DrainCpu =>
    each((part) => (after[part] - before[part]) / perBlock)

  let sent = 0
  const drain = async (events: Event[]): Promise<Block> => {
    sent += events.length
    const requests = await Promise.all(
      events.map((event) => sign(event, worker.producer.url, ground.settings)),
    )
    const before = await cpuOf(worker.producer.pid, worker.consumer.pid)
    const startedAt = performance.now()
    const { answers, ms } = await postAll(requests, AT_A_TIME)
    assertOutcome('drain', 'queued', answers)
    if (!(await until(async () => (await worker.left()) === 0, SOON_MS)))
      throw new LocalError('the queue was not drained')
    const drainedMs = performance.now() - startedAt
    const cpu = spent(before, await cpuOf(worker.producer.pid, worker.consumer.pid))
    const { rows } = await database.query<{ done: string }>(DONE)
    if (Number(rows[0]?.done) !== sent) throw new LocalError(`${rows[0]?.done} of ${sent} were committed`)
    const perSecond = (over: number) => (events.length / over) * 1000
    return { perSecond: perSecond(drainedMs), takenIn: perSecond(ms), cpu }
  }
  const commit = async (events: Event[]): Promise<Block> => {
    const before = await cpuOf(floor.pid)
    const { answers, ms } = await deliver(events, floor, AT_A_TIME)
    assertOutcome('drain, floor', 'applied', answers)
    const perSecond = (events.length / ms) * 1000
    return { perSecond, takenIn: perSecond, cpu: spent(before, await cpuOf(floor.pid)) }
  }
  const taken: { queued: Block; floor: Block }[] = []
  try {
    for (let block = 0; block <= blocks; block++) {
      const users = newUsers(perBlock)
      await drain(users.map(signUp))
      await drain(users.map((user) => topUp(user, 1)))
      const events = users.map((user) => topUp(user, 2))
      const first = block % 2 === 0 ? await drain(events) : null
      const committed = await commit(events)
      const pair = { queued: first ?? (await drain(events)), floor: committed }
      if (block > 0) taken.push(pair)
    }
    onStep('through the queue, and drained from it')
  } finally {
    await database.end()
    for (const part of [worker, floor, gateway]) await part.stop()
  }
  const middle = (of: (pair: { queued: Block; floor: Block }) => number) => median(taken.map(of))
  return {
    queued: middle(({ queued }) => queued.perSecond),
    takenIn: middle(({ queued }) => queued.takenIn),
    floor: middle(({ floor }) => floor.perSecond),
    ofFloor: middle(({ queued, floor }) => queued.perSecond / floor.perSecond),
    cpu: {
      queued: each((part) => middle(({ queued }) => queued.cpu[part])),
      floor: each((part) => middle(({ floor }) => floor.cpu[part])),
    },
  }
}

const each = (of: (part: keyof DrainCpu) => number): DrainCpu => ({
  ingest: of('ingest'),
  consumer: of('consumer'),
  postgres: of('postgres'),
})

const FLOOR_TABLE = `create table deliveries (
  event_id text primary key, type text not null, payload jsonb not null, received_at timestamptz not null default now())`

const DONE = `select count(*) as done from ledgerhook.webhook_events where outcome = 'applied'`

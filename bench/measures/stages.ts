import { type HotEvent, hotEvents, sign } from '../arena/deliveries.ts'
import { post } from '../arena/load.ts'
import type { Ground } from '../ground/ground.ts'
import { startWorkerd } from '../ground/workerd.ts'
import { median } from '../statistics.ts'

const STAGES = ['verification', 'parsing', 'statement', 'delivery'] as const
type Stage = (typeof STAGES)[number]

/**
 * Microseconds of CPU inside the Worker, without any waiting: for verifying the signature; for reading the event and
 * deciding what it does; for building the statement, the driver's work and reading the response; and for a whole
 * delivery, with its log line and its response.
 */
export type StagesRow = { event: string } & Record<Stage, number>

const EVENTS = ['user updated', 'top-up']
const SIZE = { repeats: 9, times: 200 }

export async function measureStages(
  ground: Ground,
  onStep: (says: string) => void,
  size = SIZE,
): Promise<StagesRow[]> {
  const settings = {
    ...ground.settings,
    DATABASE_URL: ground.databaseUrl('ledgerhook'),
    NEON_FETCH_ENDPOINT: 'http://127.0.0.1:9/sql',
  }
  const { path: bundlePath } = await ground.bundle('stages')
  const worker = ground.holds(await startWorkerd({ bundlePath, settings }))
  try {
    const rows: StagesRow[] = []
    for (const hot of hotEvents.filter(({ name }) => EVENTS.includes(name))) {
      rows.push(await measureEvent(hot, worker.url, ground, size))
      onStep(`inside the Worker: ${hot.name}`)
    }
    return rows
  } finally {
    await worker.stop()
  }
}

async function measureEvent(
  hot: HotEvent,
  url: string,
  { settings }: Ground,
  { repeats, times }: typeof SIZE,
): Promise<StagesRow> {
  const request = await sign(hot.event('user_stages'), url, settings)
  const timed = async (stage: Stage, runs: number) =>
    (await post({ ...request, url: `${request.url}?stage=${stage}&times=${runs}` })).ms
  const taken: Record<Stage, number[]> = { verification: [], parsing: [], statement: [], delivery: [] }
  // The first round is a warm-up.
  for (let round = 0; round <= repeats; round++) {
    for (const stage of STAGES) {
      const none = await timed(stage, 0)
      const all = await timed(stage, times)
      if (round > 0) taken[stage].push(((all - none) / times) * 1000)
    }
  }
  const medians = Object.fromEntries(STAGES.map((stage) => [stage, median(taken[stage])]))
  return { event: hot.name, ...(medians as Record<Stage, number>) }
}

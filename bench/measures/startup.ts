import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Ground } from '../ground/ground.ts'
import { startWorkerd } from '../ground/workerd.ts'
import { median } from '../statistics.ts'

/**
 * Milliseconds from the request for a new isolate until its first response. The isolate waits for nothing, so this is
 * CPU time and the noise of the machine.
 */
export interface Startup {
  empty: number
  bare: number
  /** What the SDKs of both providers and the driver take alone. */
  floor: number
  ledgerhook: number
  /** Ledgerhook's time over that of the bare Hono worker. */
  overBare: number
  /** The same, with the time of an isolate with an empty script subtracted from both. */
  scriptOverBare: number
}

const PROCESSES = 4
/** Rounds in one process: more would fill its memory. The first ones are to warm up. */
const ROUNDS = 7
const WARM_UP = 2

const NAMES = ['empty', 'bare', 'floor', 'ledgerhook'] as const
type Name = (typeof NAMES)[number]

/** Starts the scripts in turn: what else the machine does slows down all of them alike. */
export async function measureStartup(ground: Ground): Promise<Startup> {
  const { path: bundlePath } = await ground.bundle('isolates')
  const isolates = await scripts(ground, dirname(bundlePath))
  const taken: Record<Name, number[]> = { empty: [], bare: [], floor: [], ledgerhook: [] }
  for (let process = 0; process < PROCESSES; process++) {
    const host = ground.holds(await startWorkerd({ bundlePath, settings: {}, isolates }))
    try {
      for (let round = 0; round < ROUNDS; round++) {
        for (const name of NAMES) {
          const ms = await timeFirstAnswer(`${host.url}/${name}`)
          if (round >= WARM_UP) taken[name].push(ms)
        }
      }
    } finally {
      await host.stop()
    }
  }
  return figures(taken)
}

async function scripts(ground: Ground, scratchDir: string): Promise<Record<Name, string>> {
  const empty = join(scratchDir, 'empty.js')
  await writeFile(empty, 'export default { fetch: () => new Response("ok") }')
  const [bare, floor, ledgerhook] = await Promise.all([
    ground.bundle('bare'),
    ground.bundle('floor'),
    ground.bundle('ledgerhook'),
  ])
  return { empty, bare: bare.path, floor: floor.path, ledgerhook: ledgerhook.path }
}

async function timeFirstAnswer(url: string): Promise<number> {
  const startedAt = performance.now()
  const response = await fetch(url)
  await response.text()
  if (!response.ok) throw new Error(`${url} returned ${response.status}`)
  return performance.now() - startedAt
}

function figures(taken: Record<Name, number[]>): Startup {
  const [empty, bare, ledgerhook] = [median(taken.empty), median(taken.bare), median(taken.ledgerhook)]
  return {
    ...{ empty, bare, floor: median(taken.floor), ledgerhook },
    overBare: ledgerhook / bare,
    scriptOverBare: (ledgerhook - empty) / (bare - empty),
  }
}

import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Ground } from '../ground/ground.ts'
import { startWorkerd } from '../ground/workerd.ts'
import { median } from '../statistics.ts'

/** Milliseconds from asking for a fresh isolate until its first answer. It waits for nothing: what passes is CPU time, and the machine's noise. */
export interface Startup {
  empty: number
  bare: number
  /** The floor: what the SDKs of both providers and the driver take alone. */
  floor: number
  ledgerhook: number
  /** Over the bare Hono worker. */
  overBare: number
  /** The same without what an isolate costs that has an empty script. */
  scriptOverBare: number
}

const PROCESSES = 4
/** In one process: more would fill its memory. The first ones warm it up. */
const ROUNDS = 7
const WARM_UP = 2

const NAMES = ['empty', 'bare', 'floor', 'ledgerhook'] as const
type Name = (typeof NAMES)[number]

/** The scripts in turn, so that whatever the machine does meanwhile meets all of them alike. */
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
  if (!response.ok) throw new Error(`${url} answered ${response.status}`)
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

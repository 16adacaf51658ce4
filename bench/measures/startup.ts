import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { exactCpuMs } from '../ground/cpu-time.ts'
import type { Ground } from '../ground/ground.ts'
import { startWorkerd, type Workerd } from '../ground/workerd.ts'
import { median } from '../statistics.ts'

/**
 * The scripts: an empty one; a bare Hono worker; Neon's driver and Stripe's SDK, each alone, as in their packages and
 * as in Ledgerhook's bundle; the floor, which is both whole SDKs and Svix's with a handler; and Ledgerhook, with whole
 * SDKs, without the operators' page, and as it is deployed.
 */
const SCRIPTS = [
  ...(['empty', 'bare', 'wholeDriver', 'driver', 'wholeStripe', 'stripe', 'floor'] as const),
  ...(['wholeLedgerhook', 'withoutPage', 'ledgerhook'] as const),
]
export type Script = (typeof SCRIPTS)[number]

/** From the request for a new isolate to its first response, for which the isolate waits for nothing. */
export interface Startup {
  /** `CPU`: the CPU time of workerd. `time`: used if the system does not report CPU time. */
  by: 'CPU' | 'time'
  /** Milliseconds. */
  taken: Record<Script, number>
  /** Ledgerhook's time over that of the bare Hono worker. */
  overBare: number
  /** Ledgerhook's time over that of both providers' SDKs and the driver, as in their packages. */
  overFloor: number
}

/** More rounds in one process would fill its memory. */
const SIZE = { processes: 4, rounds: 5 }
const WARM_UP = 2

/** Starts the scripts in turn, so that other load on the machine slows down all of them alike. */
export async function measureStartup(ground: Ground, { processes, rounds } = SIZE): Promise<Startup> {
  const { path: bundlePath } = await ground.bundle('isolates')
  const isolates = await scripts(ground, dirname(bundlePath))
  const taken = Object.fromEntries(SCRIPTS.map((name) => [name, [] as number[]])) as Record<Script, number[]>
  for (let process = 0; process < processes; process++) {
    const host = ground.holds(await startWorkerd({ bundlePath, settings: {}, isolates }))
    try {
      for (let round = 0; round < WARM_UP + rounds; round++) {
        for (const name of SCRIPTS) {
          const ms = await measureStart(host, name)
          if (round >= WARM_UP) taken[name].push(ms)
        }
      }
    } finally {
      await host.stop()
    }
  }
  return figures(taken)
}

async function scripts(ground: Ground, scratchDir: string): Promise<Record<Script, string>> {
  const empty = join(scratchDir, 'empty.js')
  await writeFile(empty, 'export default { fetch: () => new Response("ok") }')
  const bundled = SCRIPTS.filter((name) => name !== 'empty')
  const paths = await Promise.all(bundled.map(async (name) => [name, (await ground.bundle(name)).path]))
  return { empty, ...Object.fromEntries(paths) }
}

async function measureStart({ url, pid }: Workerd, name: Script): Promise<number> {
  const [startedAt, cpuBefore] = [performance.now(), await exactCpuMs(pid)]
  const response = await fetch(`${url}/${name}`)
  await response.text()
  if (!response.ok) throw new Error(`${name} returned ${response.status}`)
  const [ms, cpuAfter] = [performance.now() - startedAt, await exactCpuMs(pid)]
  return cpuBefore === null || cpuAfter === null ? ms : cpuAfter - cpuBefore
}

function figures(taken: Record<Script, number[]>): Startup {
  const medians = Object.fromEntries(SCRIPTS.map((name) => [name, median(taken[name])])) as Startup['taken']
  return {
    by: process.platform === 'linux' ? 'CPU' : 'time',
    taken: medians,
    overBare: medians.ledgerhook / medians.bare,
    overFloor: medians.ledgerhook / medians.floor,
  }
}

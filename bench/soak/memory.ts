import { readFile } from 'node:fs/promises'
import { query } from '../../local/postgres/query.ts'
import { median } from '../statistics.ts'
import type { World } from './world.ts'

/** MiB. */
export interface Memory {
  /** The Worker's heap after its garbage was collected. */
  heap: number
  /** Resident memory right after that. It would show memory that is kept outside the heap. */
  workerd: number
  /**
   * The private memory of all its processes. Shared buffers are left out: they fill once, and each process would count
   * them.
   */
  postgres: number
}

/** The medians of the first and the last fifth of the samples. */
export interface MemorySpan {
  first: Memory
  last: Memory
  seconds: number
}

/** The time after a restart in which a process fills its caches. Milliseconds. */
const WARM_UP_MS = 60_000
/** The least number of samples, because a fifth of fewer says nothing. */
const SAMPLES = 25

export interface MemoryWatch {
  /** Takes a sample, unless a process has started within the last minute. */
  sample(): Promise<void>
  /** Forgets all samples, because a process has restarted. */
  restarted(): void
  /** Null if the system does not report it, or if no process has run long enough. */
  span(): MemorySpan | null
}

export function watchMemory(world: World): MemoryWatch {
  let samples: (Memory & { at: number })[] = []
  let since = Date.now()
  return {
    async sample() {
      const startedAt = Date.now()
      if (startedAt - since < WARM_UP_MS) return
      const memory = await read(world).catch(() => null)
      if (memory && since <= startedAt) samples.push({ ...memory, at: startedAt })
    },
    restarted() {
      samples = []
      since = Date.now()
    },
    span() {
      if (samples.length < SAMPLES) return null
      const fifth = Math.floor(samples.length / 5)
      const of = (part: Memory[]): Memory => ({
        heap: median(part.map(({ heap }) => heap)),
        workerd: median(part.map(({ workerd }) => workerd)),
        postgres: median(part.map(({ postgres }) => postgres)),
      })
      const seconds = ((samples.at(-1)?.at ?? 0) - (samples[0]?.at ?? 0)) / 1000
      return { first: of(samples.slice(0, fifth)), last: of(samples.slice(-fifth)), seconds }
    },
  }
}

/** Reads the memory. Null if the system has no /proc, or if a process has just ended. */
async function read({ pid, databaseUrl, heldBytes }: World): Promise<Memory | null> {
  if (process.platform !== 'linux') return null
  const heap = (await heldBytes()) / 1024 ** 2
  const rows = await query<{ pid: number }>(
    databaseUrl,
    'select pid from pg_stat_activity where pid <> pg_backend_pid()',
  )
  const own = await Promise.all(rows.map(({ pid }) => mib(pid, 'RssAnon').catch(() => 0)))
  return { heap, workerd: await mib(pid(), 'VmRSS'), postgres: own.reduce((sum, one) => sum + one, 0) }
}

async function mib(pid: number, field: 'VmRSS' | 'RssAnon'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024
}

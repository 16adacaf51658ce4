import { readFile } from 'node:fs/promises'
import { query } from '../../local/postgres/query.ts'
import { median } from '../statistics.ts'
import type { World } from './world.ts'

/** MiB. */
export interface Memory {
  /** What the Worker's heap holds once its garbage is collected. */
  heap: number
  /** Resident, right after that: what is kept beside the heap would show here. */
  workerd: number
  /** Of all its processes, what each has for itself: the shared buffers fill once, and each process counts them. */
  postgres: number
}

/** The medians of the first and the last fifth of the samples. */
export interface MemorySpan {
  first: Memory
  last: Memory
  seconds: number
}

/** After a restart: a process fills its caches first. Milliseconds. */
const WARM_UP_MS = 60_000
/** Of fewer samples a fifth says nothing. */
const SAMPLES = 25

export interface MemoryWatch {
  /** Takes a sample, unless a process has started within the last minute. */
  sample(): Promise<void>
  /** Forgets all samples: a process has started anew. */
  restarted(): void
  /** Null where the system does not report it, and where no process has run long enough. */
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

/** Null where the system has no /proc, or a process has ended just then. */
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

import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** The unit of `utime` and `stime` on Linux (`getconf CLK_TCK`). */
const TICK_MS = 10

/** Returns the CPU time that the process has used so far, milliseconds. Null if the system does not report it. */
export async function cpuMs(pid: number): Promise<number | null> {
  if (process.platform === 'linux') {
    const [, fields = ''] = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')
    const [user, system] = fields.split(' ').slice(11, 13).map(Number)
    return ((user ?? 0) + (system ?? 0)) * TICK_MS
  }
  if (process.platform !== 'darwin') return null
  const { stdout } = await promisify(execFile)('ps', ['-o', 'time=', '-p', String(pid)])
  const [, minutes, seconds] = /(\d+):([\d.]+)\s*$/.exec(stdout) ?? []
  return minutes === undefined ? null : (Number(minutes) * 60 + Number(seconds)) * 1000
}

/**
 * Returns the CPU time of all threads that the process has now, milliseconds, to the nanosecond. Null if the system
 * does not report it.
 */
export async function exactCpuMs(pid: number): Promise<number | null> {
  if (process.platform !== 'linux') return null
  const threads = await readdir(`/proc/${pid}/task`)
  // A thread may end meanwhile.
  const read = (thread: string) => readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').catch(() => '0')
  const spent = (await Promise.all(threads.map(read))).map((text) => Number(text.split(' ', 1)[0]))
  return spent.reduce((sum, ns) => sum + ns, 0) / 1e6
}

/**
 * Returns the CPU time of all processes of a Postgres, including those that have ended, milliseconds. Null if the
 * system does not report it.
 * @param backend the process of one of its sessions
 */
export async function postgresCpuMs(backend: number): Promise<number | null> {
  if (process.platform !== 'linux') return null
  const server = Number(/^PPid:\s+(\d+)$/m.exec(await readFile(`/proc/${backend}/status`, 'utf8'))?.[1])
  const children = await readFile(`/proc/${server}/task/${server}/children`, 'utf8')
  const running = await Promise.all(
    children
      .trim()
      .split(' ')
      .map((pid) => exactCpuMs(Number(pid)).catch(() => 0)),
  )
  const [, fields = ''] = (await readFile(`/proc/${server}/stat`, 'utf8')).split(') ')
  const [user, system] = fields.split(' ').slice(13, 15).map(Number)
  return running.reduce<number>((sum, ms) => sum + (ms ?? 0), ((user ?? 0) + (system ?? 0)) * TICK_MS)
}

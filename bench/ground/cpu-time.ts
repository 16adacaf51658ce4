import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** The unit of `utime` and `stime` on Linux (`getconf CLK_TCK`). */
const TICK_MS = 10

/** Returns the CPU time that the process has used so far, milliseconds. Null where the system does not report it. */
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

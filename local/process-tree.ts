import { type ChildProcess, execFile, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { guardAgainstOrphan } from './postgres/guard.ts'
import { until } from './until.ts'

const STOP_DEADLINE_MS = 5_000
const KILL_DEADLINE_MS = 1_000

const isWindows = process.platform === 'win32'

/** A child process and its descendants. It never outlives this process. */
export interface ProcessTree {
  child: ChildProcess
  /** Resolves when all of its processes have ended. Calling it again does nothing. */
  stop(): Promise<void>
}

/**
 * Runs a script with this Node in a separate process group, so that the terminal's Ctrl-C reaches only this process.
 */
export function startTree(script: string, args: string[], options: SpawnOptions): ProcessTree {
  const child = spawn(process.execPath, [script, ...args], { ...options, detached: !isWindows })
  const { pid } = child
  if (pid === undefined) return { child, stop: async () => {} }

  const callOffGuard = guardAgainstOrphan(-pid)
  let stopped: Promise<void> | undefined
  const stop = () => {
    stopped ??= (isWindows ? stopOnWindows(child, pid) : stopGroup(pid)).finally(callOffGuard)
    return stopped
  }
  return { child, stop }
}

async function stopGroup(leader: number): Promise<void> {
  const isGone = () => !signalGroup(leader, 0)
  signalGroup(leader, 'SIGTERM')
  if (await until(isGone, STOP_DEADLINE_MS)) return
  signalGroup(leader, 'SIGKILL')
  await until(isGone, KILL_DEADLINE_MS)
}

/** Signals the group. Returns false when none of its processes is left. */
function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-leader, signal)
  } catch {
    return false
  }
}

async function stopOnWindows(child: ChildProcess, pid: number): Promise<void> {
  if (child.exitCode !== null) return
  const exited = once(child, 'exit')
  await promisify(execFile)('taskkill', ['/pid', String(pid), '/t', '/f']).catch(() => {})
  await exited
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { onTestFinished } from 'vitest'
import { projectDir } from '../../cli/shared/project.ts'
import { makeScratchDir } from '../../local/scratch.ts'
import { until } from '../../local/until.ts'

/** Shorter than the time limit of a test, so that the failure shows what was printed. */
const PRINT_DEADLINE_MS = 55_000

/** Starts a command as npm would in `cwd`, where the command looks for `.dev.vars`. */
export interface Command {
  process: ChildProcess
  /** What it has printed so far, on both streams. */
  output(): string
  /** Resolves once it has printed `text`. */
  printed(text: string): Promise<void>
  /** Resolves with its exit code. */
  ended: Promise<number>
}

export function start(
  script: string,
  args: string[],
  cwd: string,
  env: Record<string, string> = {},
): Command {
  const child = spawn(process.execPath, [resolve(projectDir, script), ...args], {
    cwd,
    env: { ...process.env, DATABASE_URL: '', NO_COLOR: '1', ...env },
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => (text += piece))
  const ended = once(child, 'close').then(([code]) => code as number)
  return { process: child, output: () => text, ended, printed }

  async function printed(wanted: string): Promise<void> {
    const isPrinted = () => {
      if (text.includes(wanted)) return true
      if (child.exitCode !== null) throw new Error(`ended without '${wanted}':\n${text}`)
      return false
    }
    if (!(await until(isPrinted, PRINT_DEADLINE_MS))) throw new Error(`never printed '${wanted}':\n${text}`)
  }
}

export async function run(script: string, args: string[], cwd: string, env?: Record<string, string>) {
  const command = start(script, args, cwd, env)
  const code = await command.ended
  return { code, output: command.output().trim() }
}

/**
 * Makes an empty directory, which the caller removes. If root runs the tests, Postgres is another user, who must be
 * able to enter it.
 */
export function makeDir(): string {
  const dir = makeScratchDir('command')
  chmodSync(dir, 0o755)
  return dir
}

/** An empty directory for the current test. */
export function scratchDir(): string {
  const dir = makeDir()
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

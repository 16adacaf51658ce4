import { rmSync } from 'node:fs'
import { tools } from '../cli/shared/project.ts'
import { runToolWith, type ToolOptions } from './check/run-tool.ts'
import { makeScratchDir } from './scratch.ts'

/** Runs drizzle-kit. Returns whether it exited with 0. */
export const drizzleKit = (args: string[], options: ToolOptions = {}): Promise<boolean> =>
  withOwnTmp((env) => runToolWith({ ...options, env }, tools.drizzleKit, ...args))

/**
 * Hands over an environment with a temporary directory of its own, which is removed afterwards: drizzle-kit leaves there
 * what it has compiled.
 */
export async function withOwnTmp<T>(act: (env: Record<string, string>) => Promise<T>): Promise<T> {
  const dir = makeScratchDir('drizzle-kit')
  try {
    return await act({ TMPDIR: dir, TEMP: dir, TMP: dir })
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

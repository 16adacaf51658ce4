import { spawn } from 'node:child_process'
import { once } from 'node:events'

export interface ToolOptions {
  /** In addition to the environment of this process. */
  env?: Record<string, string>
  /** `inherit` for a tool that may ask something. */
  stdin?: 'ignore' | 'inherit'
}

/** Runs an installed tool and shows its output at once. Returns whether it exited with 0. */
export const runTool = (script: string, ...args: string[]): Promise<boolean> =>
  runToolWith({}, script, ...args)

export async function runToolWith(
  { env = {}, stdin = 'ignore' }: ToolOptions,
  script: string,
  ...args: string[]
): Promise<boolean> {
  const quiet = { WRANGLER_SEND_METRICS: 'false', WRANGLER_HIDE_BANNER: 'true' }
  const tool = spawn(process.execPath, [script, ...args], {
    stdio: [stdin, 'inherit', 'inherit'],
    env: { ...process.env, ...quiet, ...env },
  })
  const [code] = await once(tool, 'exit')
  return code === 0
}

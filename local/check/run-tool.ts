import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** Runs an installed tool and shows its output at once. Returns whether it exited with 0. */
export async function runTool(script: string, ...args: string[]): Promise<boolean> {
  const tool = spawn(process.execPath, [script, ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, WRANGLER_SEND_METRICS: 'false', WRANGLER_HIDE_BANNER: 'true' },
  })
  const [code] = await once(tool, 'exit')
  return code === 0
}

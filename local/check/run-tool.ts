import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { stripVTControlCharacters } from 'node:util'

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

/**
 * Runs an installed tool and shows its output. Returns why it failed: what the pattern captures in each line of its
 * output, or else that the reason is above. Empty if it exited with 0.
 */
export async function reasonsOf(pattern: RegExp, script: string, ...args: string[]): Promise<string[]> {
  const tool = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const [stream, to] of [
    [tool.stdout, process.stdout],
    [tool.stderr, process.stderr],
  ] as const)
    stream.on('data', (piece: Buffer) => {
      text += piece
      to.write(piece)
    })
  const [code] = await once(tool, 'close')
  if (code === 0) return []
  const lines = stripVTControlCharacters(text).split('\n')
  const reasons = lines.flatMap((line) => pattern.exec(line)?.[1] ?? [])
  return reasons.length > 0 ? reasons : ['see above']
}

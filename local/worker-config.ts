import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectDir } from '../cli/shared/project.ts'

/**
 * Returns the project's `wrangler.toml` for a copy in another directory: with absolute paths and, with `spill`, the
 * queues of production, which are commented out there, for wrangler's own queues.
 */
export function workerConfig(
  { spill = false },
  toml = readFileSync(join(projectDir, 'wrangler.toml'), 'utf8'),
): string {
  const here = (path: string) => JSON.stringify(join(projectDir, path))
  const moved = toml
    .replace(/^main = .*$/m, `main = ${here('src/index.ts')}`)
    .replace(/^directory = .*$/m, `directory = ${here('assets')}`)
    .replaceAll(/= "\.\/(.*)"$/gm, (_, path: string) => `= ${here(path)}`)
  if (!spill) return moved
  return moved.replaceAll(/^#(?=\S)/gm, '').replaceAll('[[env.production.queues.', '[[queues.')
}

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectDir } from '../cli/shared/project.ts'

/**
 * Returns the project's configuration with the queues of production, which are commented out there, for wrangler's own
 * queues.
 */
export function configWithQueues(toml = readFileSync(join(projectDir, 'wrangler.toml'), 'utf8')): string {
  const here = (path: string) => JSON.stringify(join(projectDir, path))
  return toml
    .replace(/^main = .*$/m, `main = ${here('src/index.ts')}`)
    .replace(/^directory = .*$/m, `directory = ${here('assets')}`)
    .replaceAll(/= "\.\/(dist\/.*)"$/gm, (_, sdk: string) => `= ${here(sdk)}`)
    .replaceAll(/^#(?=\S)/gm, '')
    .replaceAll('[[env.production.queues.', '[[queues.')
}

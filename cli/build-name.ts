import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { hashOf } from './migrate/hash.ts'
import { projectDir } from './shared/project.ts'

/** Returns what a build of these sources is called: 12 digits that differ wherever a source or a migration does. */
export function buildName(): string {
  const paths = globSync('src/**/*.{ts,sql}', { cwd: projectDir }).map((path) => path.replaceAll('\\', '/'))
  const sources = [...paths.filter((path) => !path.endsWith('.gen.ts')), 'migrations/sealed.json'].sort()
  const texts = sources.flatMap((path) => [path, readFileSync(join(projectDir, path), 'utf8')])
  return hashOf(...texts).slice(0, 12)
}

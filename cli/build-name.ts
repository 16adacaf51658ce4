import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { hashOf } from './migrate/hash.ts'
import { projectDir } from './shared/project.ts'

/** Returns the name of a build of these sources: 12 digits that change with every source and every migration. */
export function buildName(): string {
  const paths = globSync('src/**/*.{ts,sql}', { cwd: projectDir }).map((path) => path.replaceAll('\\', '/'))
  const sources = [...paths.filter((path) => !path.endsWith('.gen.ts')), 'migrations/sealed.json'].sort()
  const texts = sources.flatMap((path) => [path, readFileSync(join(projectDir, path), 'utf8')])
  return hashOf(...texts).slice(0, 12)
}

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  brokenSeals,
  readMigrations,
  readSeals,
  SEALS_FILE,
  type Seals,
} from '../../cli/migrate/migrations.ts'
import { LocalError } from '../../cli/shared/errors.ts'
import { projectDir } from '../../cli/shared/project.ts'
import { commitsOf, fileAt, MAIN } from './git.ts'

const PATH = `migrations/${SEALS_FILE}`

/** Seals the migrations that are not committed yet. Throws a LocalError where one that is has changed. */
export function seal(dir = projectDir): void {
  const seals = Object.fromEntries(
    readMigrations(join(dir, 'migrations')).map(({ tag, hash }) => [tag, hash]),
  )
  const [broken] = changedSeals(dir, seals)
  if (broken !== undefined) throw new LocalError(broken)
  writeFileSync(join(dir, PATH), `${JSON.stringify(seals, null, 2)}\n`)
}

/** Says what is wrong with the migrations in the working tree: beside their seals, and beside what was committed. */
export function wrongSeals(dir = projectDir): string[] {
  const folder = join(dir, 'migrations')
  const seals = readSeals(folder) ?? {}
  return [...brokenSeals(readMigrations(folder), seals), ...changedSeals(dir, seals)]
}

/** Says which migrations have another text, or none, although some commit has sealed them. */
function changedSeals(dir: string, seals: Seals): string[] {
  const changed = new Set<string>()
  const gone = new Set<string>()
  for (const ref of ['HEAD', ...MAIN, ...commitsOf(dir, PATH)]) {
    const committed: Seals = JSON.parse(fileAt(dir, ref, PATH) ?? '{}')
    for (const [tag, hash] of Object.entries(committed)) {
      // A branch of which main is ahead lacks what main has.
      if (seals[tag] === undefined && ref === 'HEAD') gone.add(tag)
      if (seals[tag] !== undefined && seals[tag] !== hash) changed.add(tag)
    }
  }
  return [
    ...[...gone].map((tag) => `migrations/${tag}.sql was committed and is gone: put it back`),
    ...[...changed].map(
      (tag) => `migrations/${tag}.sql was committed with another text: put it back, and make a new migration`,
    ),
  ]
}

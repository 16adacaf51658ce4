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

/** Seals the migrations that are not committed yet. Throws a LocalError if a committed one has changed. */
export function seal(dir = projectDir): void {
  const seals = Object.fromEntries(
    readMigrations(join(dir, 'migrations')).map(({ tag, hash }) => [tag, hash]),
  )
  const [broken] = changedSeals(dir, seals)
  if (broken !== undefined) throw new LocalError(broken)
  writeFileSync(join(dir, PATH), `${JSON.stringify(seals, null, 2)}\n`)
}

/** Returns how the migrations in the working tree differ from their seals and from the commits. */
export function wrongSeals(dir = projectDir): string[] {
  const folder = join(dir, 'migrations')
  const seals = readSeals(folder) ?? {}
  return [...brokenSeals(readMigrations(folder), seals), ...changedSeals(dir, seals)]
}

/** Returns the migrations that a commit has sealed but whose text has changed or is missing. */
function changedSeals(dir: string, seals: Seals): string[] {
  const changed = new Set<string>()
  const gone = new Set<string>()
  for (const ref of ['HEAD', ...MAIN, ...commitsOf(dir, PATH)]) {
    const committed: Seals = JSON.parse(fileAt(dir, ref, PATH) ?? '{}')
    for (const [tag, hash] of Object.entries(committed)) {
      // A branch behind main lacks migrations that main has.
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

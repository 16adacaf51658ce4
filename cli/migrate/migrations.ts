import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { projectDir } from '../shared/project.ts'
import { FileError } from './failure.ts'
import { hashOf, normalized } from './hash.ts'

/** A change of tables. It is applied once, in the order of the tags, and its file never changes. */
export interface Migration {
  tag: string
  sql: string
  hash: string
}

/** The hash of each committed migration by its tag. */
export type Seals = Record<string, string>

/** The folder of the migrations. */
export const MIGRATIONS = join(projectDir, 'migrations')
export const SEALS_FILE = 'sealed.json'

/** Reads the migrations of a folder, in the order in which they are applied. */
export function readMigrations(folder = MIGRATIONS): Migration[] {
  return globSync('*.sql', { cwd: folder })
    .sort()
    .map((name) => {
      const sql = normalized(readFileSync(join(folder, name), 'utf8'))
      return { tag: basename(name, '.sql'), sql, hash: hashOf(sql) }
    })
}

/** Reads the seals of a folder. Returns undefined if it has none. */
export function readSeals(folder = MIGRATIONS): Seals | undefined {
  const path = join(folder, SEALS_FILE)
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined
}

/** Returns a sentence for each migration whose seal is wrong, usually none. */
export function brokenSeals(migrations: Migration[], seals: Seals): string[] {
  const missing = Object.keys(seals).filter((tag) => !migrations.some((migration) => migration.tag === tag))
  return [
    ...missing.map((tag) => `migrations/${tag}.sql is gone: put it back, a database may have it`),
    ...migrations.flatMap(({ tag, hash }) => {
      if (seals[tag] === hash) return []
      return seals[tag] === undefined
        ? `migrations/${tag}.sql is not sealed: npm run generate`
        : `migrations/${tag}.sql has changed since it was sealed: put it back, and make a new migration`
    }),
  ]
}

/**
 * Throws a LocalError if a migration differs from its seal, because the Worker would not recognise its own migrations.
 */
export function assertSealed(migrations: Migration[], seals: Seals): void {
  const [first] = brokenSeals(migrations, seals)
  if (first !== undefined) throw new FileError(first, '')
}

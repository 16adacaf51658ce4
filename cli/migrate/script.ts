import type { Migrated } from './run.ts'
import { BEGIN, LOCK } from './sql.ts'

/** Returns what a migration would send, as one script. SQL that it sends twice is printed once. */
export function script({ host, database, steps }: Migrated): string {
  const printed = new Set<string>()
  const parts = steps.flatMap(({ kind, sends }) => [
    `-- ${kind}`,
    ...sends.flatMap(({ path, sql }) => {
      if (path === undefined) return [sql]
      if (printed.has(path)) return []
      printed.add(path)
      return [`-- ${path}\n${sql.trimEnd()}${sql.trimEnd().endsWith(';') ? '' : ';'}`]
    }),
  ])
  return [`-- ${database} at ${host}`, BEGIN, LOCK, ...parts, 'commit;'].join('\n')
}

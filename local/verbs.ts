import { globSync, readdirSync, readFileSync } from 'node:fs'

/** A SQL file under `src`, and the text that stands for it in a migration. */
interface Verb {
  path: string
  section: string
}

/**
 * The verbs whose newest text stands in no migration yet. A verb is edited in place beside the TypeScript that calls
 * it; `create or replace` makes each new text a migration of its own.
 */
export function changedVerbs(): Verb[] {
  const migrated = readdirSync('migrations')
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => readFileSync(`migrations/${name}`, 'utf8'))
    .join('\n')

  return globSync('src/*/*.sql')
    .sort()
    .map((path) => ({ path, section: `-- ${path}\n${readFileSync(path, 'utf8').trimEnd()}\n` }))
    .filter(({ path, section }) => {
      const newest = migrated.lastIndexOf(`-- ${path}\n`)
      return newest === -1 || !migrated.startsWith(section, newest)
    })
}

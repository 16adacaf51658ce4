import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, sep } from 'node:path'

export const read = (path: string) => readFileSync(path, 'utf8')

const found = (pattern: string) =>
  globSync(pattern)
    .map((path) => path.replaceAll(sep, '/'))
    .sort()

/** The deployed sources. */
export const sources = found('src/**/*.ts')
export const sqlFiles = found('src/*/*.sql')
/** The documents, except decisions, which describe history. */
export const documents = ['README.md', ...found('docs/*.md')]
export const decisions = found('docs/decisions/*.md')
/** Returns all TypeScript and SQL files in these folders. */
export const filesOf = (...folders: string[]) =>
  folders.flatMap((folder) => [...found(`${folder}/**/*.ts`), ...found(`${folder}/**/*.sql`)])

export const documented = documents.map(read).join('\n')

/** Returns the room of a file of `src`: its folder, or its own name if it is in none. */
export const roomOf = (path: string) => relative('src', path).split(/[/.\\]/)[0] ?? ''
export const isSchema = (path: string) => basename(path) === 'schema.ts'

/** Returns a file's imports: our paths relative to the project, and names of libraries. */
export const importsOf = (path: string, code = read(path)) =>
  [...code.matchAll(/\b(?:from|import) ?\(?'([^']+)'/g)].map(([, name = '']) =>
    name.startsWith('.') ? join(dirname(path), name).replaceAll(sep, '/') : name,
  )

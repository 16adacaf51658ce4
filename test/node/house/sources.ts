import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, sep } from 'node:path'

export const read = (path: string) => readFileSync(path, 'utf8')

const found = (pattern: string) =>
  globSync(pattern)
    .map((path) => path.replaceAll(sep, '/'))
    .sort()

/** What is deployed. */
export const sources = found('src/**/*.ts')
export const sqlFiles = found('src/*/*.sql')
/** What a person reads, but for decisions, which tell how it came to be. */
export const documents = ['README.md', ...found('docs/*.md')]
export const decisions = found('docs/decisions/*.md')
/** All TypeScript and SQL in these folders. */
export const filesOf = (...folders: string[]) =>
  folders.flatMap((folder) => [...found(`${folder}/**/*.ts`), ...found(`${folder}/**/*.sql`)])

export const documented = documents.map(read).join('\n')

/** Which room a file of `src` is in: its folder, or its own name where it is in none. */
export const roomOf = (path: string) => relative('src', path).split(/[/.\\]/)[0] ?? ''
export const isSchema = (path: string) => basename(path) === 'schema.ts'

/** What a file imports: a path of ours, from the project on, or the name of a library. */
export const importsOf = (path: string) =>
  [...read(path).matchAll(/\b(?:from|import) ?\(?'([^']+)'/g)].map(([, name = '']) =>
    name.startsWith('.') ? join(dirname(path), name).replaceAll(sep, '/') : name,
  )

import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { projectDir } from '../shared/project.ts'
import { FileError } from './failure.ts'
import { hashOf, normalized } from './hash.ts'
import { statementsOf } from './statements.ts'

/** From the bottom up: a room calls only rooms before it. */
const ROOMS = [
  'webhook',
  'wallet',
  'users',
  'payments',
  'subscriptions',
  'clerk',
  'stripe',
  'reconcile',
  'queue',
  'ops',
  'api',
]

export interface SqlFile {
  /** Relative to the project, with forward slashes. */
  path: string
  sql: string
}

/** All database functions of a build. */
export interface FunctionSet {
  /** Identifies the set: it changes with every file. */
  hash: string
  files: SqlFile[]
  /** The names of all functions, sorted. */
  names: string[]
  /** The names of the functions that the Worker calls, sorted. */
  entryPoints: string[]
}

/** Reads the functions in `<folder>/<room>/*.sql`. Throws a LocalError if a file contains anything else. */
export function readFunctions(folder = join(projectDir, 'src')): FunctionSet {
  const files = globSync('*/*.sql', { cwd: folder })
    .map((path) => path.replaceAll('\\', '/'))
    .sort(byRoom)
    .map((path) => ({
      path: `${basename(folder)}/${path}`,
      sql: normalized(readFileSync(join(folder, path), 'utf8')),
    }))
  const functions = files.flatMap(functionsOf)
  return {
    hash: hashOf(...files.flatMap(({ path, sql }) => [path, sql])),
    files,
    names: [...new Set(functions.map(({ name }) => name))].sort(),
    entryPoints: functions
      .filter(({ isEntryPoint }) => isEntryPoint)
      .map(({ name }) => name)
      .sort(),
  }
}

function byRoom(a: string, b: string): number {
  const rank = (path: string) =>
    (ROOMS.indexOf(path.split('/')[0] ?? '') + ROOMS.length + 1) % (ROOMS.length + 1)
  return rank(a) - rank(b) || (a < b ? -1 : 1)
}

function functionsOf({ path, sql }: SqlFile): { name: string; isEntryPoint: boolean }[] {
  return statementsOf(sql).map(({ outline, line }) => {
    const [, name] = /^create or replace function (\w+) ?\(/i.exec(outline) ?? []
    if (name === undefined) {
      throw new FileError(
        `${path}:${line} is not \`create or replace function name(…)\`: what is made once belongs in a migration`,
      )
    }
    // A function that the Worker calls runs as the owner, because the Worker's role has no right to any table.
    const isEntryPoint = /\bsecurity definer\b/i.test(outline) && !/\breturns trigger\b/i.test(outline)
    return { name, isEntryPoint }
  })
}

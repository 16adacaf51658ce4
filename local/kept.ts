import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { LocalError } from '../cli/shared/errors.ts'
import { makeDirOf } from './postgres/reachable.ts'

/** The objects of a stand-in, by kind and id. */
type State = { [kind: string]: Map<string, unknown> }

/**
 * Fills a state from the file of an earlier run. Existing objects win over those of the file. Throws a LocalError if the
 * file is damaged.
 */
export function restore(state: State, file: string): void {
  if (!existsSync(file)) return
  const text = readFileSync(file, 'utf8')
  try {
    const kept = JSON.parse(text) as Record<string, [string, never][]>
    for (const [kind, map] of Object.entries(state)) {
      for (const [id, object] of kept[kind] ?? []) if (!map.has(id)) map.set(id, object)
    }
  } catch {
    throw new LocalError(`${file} is damaged: remove it, or start over with --fresh`)
  }
}

/**
 * Writes a state to a file, so that the objects that the database knows still exist after a restart. It replaces the
 * file as a whole, because a process that is killed while it writes would leave half of it.
 */
export function keep(state: State, file: string): void {
  makeDirOf(file)
  const kinds = Object.entries(state).map(([kind, map]) => [kind, [...map]])
  writeFileSync(`${file}.new`, JSON.stringify(Object.fromEntries(kinds)))
  renameSync(`${file}.new`, file)
}

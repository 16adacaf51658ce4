import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { makeDirOf } from './postgres/reachable.ts'

/** The objects of a stand-in, by kind and id. */
type State = { [kind: string]: Map<string, unknown> }

/** Fills a state from the file of an earlier run. Existing objects win over those of the file. */
export function restore(state: State, file: string): void {
  if (!existsSync(file)) return
  const kept = JSON.parse(readFileSync(file, 'utf8')) as Record<string, [string, never][]>
  for (const [kind, map] of Object.entries(state)) {
    for (const [id, object] of kept[kind] ?? []) if (!map.has(id)) map.set(id, object)
  }
}

/** Writes a state to a file, so that the objects that the database knows still exist after a restart. */
export function keep(state: State, file: string): void {
  makeDirOf(file)
  const kinds = Object.entries(state).map(([kind, map]) => [kind, [...map]])
  writeFileSync(file, JSON.stringify(Object.fromEntries(kinds)))
}

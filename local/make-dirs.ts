import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

const isDirectory = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false

/**
 * Creates a directory and those above it. Node's own `recursive` never returns if the system lets nobody make one there,
 * as below `/proc`.
 */
export function makeDirs(path: string): void {
  if (isDirectory(path)) return
  if (dirname(path) !== path) makeDirs(dirname(path))
  try {
    mkdirSync(path)
  } catch (error) {
    // Another process may have made it meanwhile.
    if (!isDirectory(path)) throw error
  }
}

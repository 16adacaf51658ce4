import { existsSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'

/** Returns what `.dev.vars` says. Without the file, nothing. */
export function devVars(): Record<string, string> {
  return existsSync('.dev.vars')
    ? (parseEnv(readFileSync('.dev.vars', 'utf8')) as Record<string, string>)
    : {}
}

import { existsSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'

/** Returns the variables of `.dev.vars`, or none if the file does not exist. */
export function devVars(): Record<string, string> {
  return existsSync('.dev.vars')
    ? (parseEnv(readFileSync('.dev.vars', 'utf8')) as Record<string, string>)
    : {}
}

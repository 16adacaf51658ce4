import { readFileSync, statSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { LocalError } from './errors.ts'

const FILE = '.dev.vars'

/** Returns the text of `.dev.vars`, or undefined if the file does not exist. */
export function devVarsText(): string | undefined {
  const found = statSync(FILE, { throwIfNoEntry: false })
  if (found?.isDirectory())
    throw new LocalError(
      `${FILE} is a directory (Docker makes one if a file that it mounts does not exist): remove it`,
    )
  return found && readFileSync(FILE, 'utf8')
}

/** Returns the variables of `.dev.vars`, or none if the file does not exist. */
export const devVars = () => parseEnv(devVarsText() ?? '') as Record<string, string>

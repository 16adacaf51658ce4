import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, type TomlError } from 'smol-toml'
import { LocalError } from './errors.ts'
import { projectDir } from './project.ts'

const NAME = 'wrangler.toml'

/**
 * Returns the variables of `wrangler.toml`: those of an environment, or of none, which is this machine. Throws a
 * LocalError.
 */
export function deployedVars(environment: string | undefined): Record<string, string> {
  return varsIn(readFileSync(join(projectDir, NAME), 'utf8'), environment)
}

/** Returns what wrangler deploys as variables: an environment has its own alone. wrangler itself takes a second to load. */
export function varsIn(toml: string, environment: string | undefined): Record<string, string> {
  const config = tableIn(toml)
  const environments = config.env ?? {}
  // Wrangler itself would take the variables of no environment instead.
  if (environment && !Object.hasOwn(environments, environment))
    throw new LocalError(`${NAME} has no environment ${environment}`)
  const { vars = {} } = (environment && environments[environment]) || config
  return Object.fromEntries(Object.entries(vars).map(([name, value]) => [name, String(value)]))
}

interface Config {
  vars?: object
  env?: Record<string, { vars?: object }>
}

function tableIn(toml: string): Config {
  try {
    return parse(toml)
  } catch (error) {
    const { message, line, column } = error as TomlError
    throw new LocalError(`${NAME}:${line}:${column} is not TOML: ${message.split('\n')[0]}`)
  }
}

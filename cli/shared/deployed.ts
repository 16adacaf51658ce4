import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, type TomlError } from 'smol-toml'
import { LocalError } from './errors.ts'
import { projectDir } from './project.ts'

/** Variables and bindings. An environment has only its own. */
interface Deployed {
  vars?: object
  queues?: { producers?: Binding[] }
  analytics_engine_datasets?: Binding[]
}
interface Binding {
  binding: string
}

const NAME = 'wrangler.toml'

/**
 * Returns the variables of `wrangler.toml` for an environment. Without an environment they are those for this machine.
 * Throws a LocalError.
 */
export function deployedVars(environment: string | undefined, toml = read()): Record<string, string> {
  const { vars = {} } = deployedConfig(environment, toml)
  return Object.fromEntries(Object.entries(vars).map(([name, value]) => [name, String(value)]))
}

/** Returns the names of the queues and datasets that `wrangler.toml` binds in an environment. Throws a LocalError. */
export function deployedBindings(environment: string | undefined, toml = read()): string[] {
  const { queues, analytics_engine_datasets = [] } = deployedConfig(environment, toml)
  return [...(queues?.producers ?? []), ...analytics_engine_datasets].map(({ binding }) => binding)
}

const read = () => readFileSync(join(projectDir, NAME), 'utf8')

/** Reads the file by wrangler's own code, which takes a second to load. */
function deployedConfig(environment: string | undefined, toml: string): Deployed {
  const config = parsed(toml)
  if (!environment) return config
  // Wrangler itself would use the top-level variables instead.
  const found = Object.hasOwn(config.env ?? {}, environment) ? config.env?.[environment] : undefined
  if (found === undefined) throw new LocalError(`${NAME} has no environment ${environment}`)
  return found
}

function parsed(toml: string): Deployed & { env?: Record<string, Deployed> } {
  try {
    return parse(toml)
  } catch (error) {
    const { message, line, column } = error as TomlError
    throw new LocalError(`${NAME}:${line}:${column} is not TOML: ${message.split('\n')[0]}`)
  }
}

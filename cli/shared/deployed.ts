import { join } from 'node:path'
import { LocalError } from './errors.ts'
import { projectDir } from './project.ts'

/**
 * Returns the variables of `wrangler.toml`: those of an environment, or of none, which is this machine. Throws a
 * LocalError.
 */
export async function deployedVars(environment: string | undefined): Promise<Record<string, string>> {
  const { vars } = await deployedConfig(environment)
  return Object.fromEntries(Object.entries(vars).map(([name, value]) => [name, String(value)]))
}

/** Returns the names of the queues and datasets that `wrangler.toml` binds in an environment. Throws a LocalError. */
export async function deployedBindings(environment: string | undefined): Promise<string[]> {
  const { queues, analytics_engine_datasets } = await deployedConfig(environment)
  return [...(queues.producers ?? []), ...analytics_engine_datasets].map(({ binding }) => binding)
}

async function deployedConfig(environment: string | undefined) {
  // It is large, and nobody waits for it to read the help.
  const { experimental_readRawConfig: readRaw, unstable_readConfig: readConfig } = await import('wrangler')
  const config = join(projectDir, 'wrangler.toml')
  // Wrangler itself would take the variables of no environment instead.
  if (environment && !Object.hasOwn(readRaw({ config }).rawConfig.env ?? {}, environment))
    throw new LocalError(`wrangler.toml has no environment ${environment}`)
  return readConfig({ config, ...(environment && { env: environment }) }, { hideWarnings: true })
}

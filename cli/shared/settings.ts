import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Misconfigured, reasonOf } from '../../src/settings/misconfigured.ts'
import { type Settings, settingsOf, settingsSchema } from '../../src/settings.ts'
import { isThisMachine } from './database.ts'
import { deployedVars } from './deployed.ts'
import { devVars } from './dev-vars.ts'
import { LocalError } from './errors.ts'
import { projectDir } from './project.ts'
import { type LocalProviders, withLocalProviders, withoutLocalProviders } from './stand-ins.ts'

/** Secrets that only the Worker needs, because a command verifies no webhook. These values are nobody's secrets. */
const UNUSED_SECRETS = {
  CLERK_WEBHOOK_SECRET: `whsec_${Buffer.alloc(24).toString('base64')}`,
  STRIPE_WEBHOOK_SECRET: 'whsec_unused_by_commands',
}

/**
 * Settings that only the Worker uses. They are emptied, because those of `npm run dev` name addresses of this machine,
 * which are refused elsewhere.
 */
const OF_THE_WORKER = {
  ALERT_WEBHOOK_URL: '',
  HEARTBEAT_URL: '',
  ACCESS_TEAM_DOMAIN: '',
  ACCESS_AUD: '',
  QUEUE_SPEED: '',
}

/** Nothing is asked there: a setting for development only says that others of its kind are accepted. */
export const DEVELOPMENT = { NEON_FETCH_ENDPOINT: 'http://127.0.0.1/sql' }

/**
 * Returns the settings by which the Worker decides, for a command that makes the same decisions and asks the same
 * providers. Throws a LocalError.
 */
export function commandSettings(databaseUrl: string, local: LocalProviders, environment?: string): Settings {
  const isLocal = isThisMachine(databaseUrl) || isInDevVars(databaseUrl, environment)
  const given = commandEnvironment(databaseUrl, environment)
  try {
    return settingsOf(isLocal ? withLocalProviders(given, local) : withoutLocalProviders(given, databaseUrl))
  } catch (error) {
    if (!(error instanceof Misconfigured)) throw error
    const of = isInDevVars(databaseUrl, environment) ? undefined : (environment ?? 'production')
    throw new LocalError(`${error.message}: ${whereToSet(error.settings, of)}`)
  }
}

/** Returns where to correct refused settings. For an environment, variables of `.dev.vars` do not count. */
function whereToSet(names: string[], environment: string | undefined): string {
  const written = 'in the environment or in .dev.vars'
  const known = secretNames()
  const secrets = names.filter((name) => environment === undefined || known.includes(name))
  const variables = names.filter((name) => !secrets.includes(name))
  const deployed = `in the environment or in ${varsOf(environment)}`
  const them = names.length > 1 ? 'them' : 'it'
  if (variables.length === 0) return `set ${them} ${written}`
  if (secrets.length === 0) return `set ${them} ${deployed}`
  return `set ${secrets.join(', ')} ${written}, and ${variables.join(', ')} ${deployed}`
}

const varsOf = (environment: string | undefined) => `[env.${environment}.vars] of wrangler.toml`

/** Whether `.dev.vars` describes the Worker of this database: that of `npm run dev`. */
const isInDevVars = (databaseUrl: string, environment: string | undefined) =>
  environment === undefined && (isThisMachine(databaseUrl) || devVars().DATABASE_URL === databaseUrl)

/**
 * Returns the environment that `settingsOf` parses for a command: the variables of `wrangler.toml`, then `.dev.vars`,
 * then the environment. Later ones win. For a database that is not on this machine, the variables are those of
 * production, unless another environment is named. Throws a LocalError.
 */
export function commandEnvironment(
  databaseUrl: string,
  environment?: string,
): Record<string, string | undefined> {
  const given = configuredFor(databaseUrl, environment)
  if (!isInDevVars(databaseUrl, environment))
    noteUnused(given, varsOf(environmentOf(databaseUrl, environment)))
  return {
    ...UNUSED_SECRETS,
    ...(isThisMachine(databaseUrl) && DEVELOPMENT),
    ...given,
    ...OF_THE_WORKER,
    DATABASE_URL: databaseUrl,
  }
}

/**
 * Prints which settings of `.dev.vars` do not count, because somebody may have set them for this command. Those of the
 * Worker never count.
 */
function noteUnused(given: Record<string, string | undefined>, elsewhere: string): void {
  const names = Object.entries(devVars())
    .filter(([name, value]) => value !== '' && given[name] !== value && !process.env[name])
    .map(([name]) => name)
    .filter((name) => isSetting(name) && name !== 'DATABASE_URL' && !Object.hasOwn(OF_THE_WORKER, name))
  if (names.length > 0)
    console.error(
      `not used from .dev.vars: ${names.join(', ')}. They come from the environment, or ${elsewhere}`,
    )
}

/**
 * Returns the settings as they are given: the variables of `wrangler.toml`, then `.dev.vars`, then the environment.
 * Later ones win. With an environment of `wrangler.toml`, only the secrets of `.dev.vars` count, because its variables
 * are examples of `npm run dev`: compared with those PLANS, everything that is sold elsewhere would differ.
 * @param isInDevVars whether `.dev.vars` describes the Worker in that environment
 */
export function configuredSettings(
  environment: string | undefined,
  isInDevVars = environment === undefined,
): Record<string, string | undefined> {
  const secrets = secretNames()
  const written = Object.entries(devVars()).filter(([name]) => isInDevVars || secrets.includes(name))
  const given: Record<string, string | undefined> = {
    ...deployedVars(environment),
    ...Object.fromEntries(written),
  }
  for (const name of Object.keys(settingsSchema().shape))
    if (process.env[name]) given[name] = process.env[name]
  return given
}

/**
 * Returns the settings as they are given for the Worker of a database: those of production, unless the database is on
 * this machine or another environment is named. Throws a LocalError.
 */
export function configuredFor(
  databaseUrl: string,
  environment: string | undefined,
): Record<string, string | undefined> {
  return configuredSettings(environmentOf(databaseUrl, environment), isInDevVars(databaseUrl, environment))
}

const environmentOf = (databaseUrl: string, environment: string | undefined) =>
  environment ?? (isThisMachine(databaseUrl) ? undefined : 'production')

/** Returns one setting of those that are given, for a command that needs no others. Throws a LocalError. */
export function readSetting<Name extends keyof Settings>(
  name: Name,
  given: Record<string, string | undefined>,
): Settings[Name] {
  const { success, data, error } = settingsSchema().shape[name].safeParse(given[name])
  if (success) return data as Settings[Name]
  const { message = '', path = [] } = error.issues[0] ?? {}
  throw new LocalError(reasonOf({ message, path: [name, ...path] }, given))
}

/** The settings that are set as secrets, and not as variables. */
const secretNames = (): string[] =>
  Object.keys(JSON.parse(readFileSync(join(projectDir, 'package.json'), 'utf8')).cloudflare.bindings)

export const isSetting = (name: string) => Object.hasOwn(settingsSchema().shape, name)

/**
 * Checks that the names given by a flag are settings, and returns them with their values. Throws a LocalError.
 * @param whyNotDatabase why the flag does not take `DATABASE_URL`, and where to set it
 */
export function givenVars(vars: Record<string, string>, whyNotDatabase: string): Record<string, string> {
  if (vars.DATABASE_URL !== undefined)
    throw new LocalError(`--var does not take DATABASE_URL, ${whyNotDatabase}`)
  const unknown = Object.keys(vars).find((name) => !isSetting(name))
  if (unknown !== undefined) throw new LocalError(`${unknown} is not a setting: docs/settings.md lists them`)
  return vars
}

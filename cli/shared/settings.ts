import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Misconfigured } from '../../src/settings/misconfigured.ts'
import { type Settings, settingsOf, settingsSchema } from '../../src/settings.ts'
import { isThisMachine } from './database.ts'
import { deployedVars } from './deployed.ts'
import { devVars } from './dev-vars.ts'
import { LocalError } from './errors.ts'
import { projectDir } from './project.ts'

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
const DEVELOPMENT = { NEON_FETCH_ENDPOINT: 'http://127.0.0.1/sql' }

/** A key of the local providers of `npm run dev`. It is sent only to this machine. */
const LOCAL_KEY = /^sk_test_local_/

/** Where the providers of `npm run dev` listen. */
export interface LocalProviders {
  stripePort: number
  clerkPort: number
}

/**
 * Returns the settings by which the Worker decides, for a command that makes the same decisions. Throws a LocalError.
 */
export function commandSettings(
  databaseUrl: string,
  { stripePort, clerkPort }: LocalProviders,
  environment?: string,
): Settings {
  const given = commandEnvironment(databaseUrl, environment)
  const { STRIPE_SECRET_KEY = '', CLERK_SECRET_KEY = '', STRIPE_API_BASE, CLERK_API_BASE } = given
  if (LOCAL_KEY.test(STRIPE_SECRET_KEY))
    given.STRIPE_API_BASE = STRIPE_API_BASE || `http://127.0.0.1:${stripePort}`
  if (LOCAL_KEY.test(CLERK_SECRET_KEY))
    given.CLERK_API_BASE = CLERK_API_BASE || `http://127.0.0.1:${clerkPort}`
  try {
    return settingsOf(given)
  } catch (error) {
    if (!(error instanceof Misconfigured)) throw error
    throw new LocalError(`${error.message}: set it in the environment or in .dev.vars`)
  }
}

/**
 * Returns the environment that `settingsOf` parses for a command: the variables of `wrangler.toml`, then `.dev.vars`,
 * then the environment. Later ones win. For a database that is not on this machine, the variables are those of
 * production, unless another environment is named. Throws a LocalError.
 */
export function commandEnvironment(
  databaseUrl: string,
  environment?: string,
): Record<string, string | undefined> {
  const isNamed = environment !== undefined || !isThisMachine(databaseUrl)
  const isInDevVars = !isNamed || (environment === undefined && devVars().DATABASE_URL === databaseUrl)
  const given = configuredSettings(isNamed ? (environment ?? 'production') : undefined, isInDevVars)
  if (!isInDevVars) noteUnused(given, `[env.${environment ?? 'production'}.vars] of wrangler.toml`)
  return {
    ...UNUSED_SECRETS,
    ...(isThisMachine(databaseUrl) && DEVELOPMENT),
    ...given,
    ...OF_THE_WORKER,
    DATABASE_URL: databaseUrl,
  }
}

/** Prints which settings of `.dev.vars` do not count, because somebody may have set them for this command. */
function noteUnused(given: Record<string, string | undefined>, elsewhere: string): void {
  const unused = Object.entries(devVars()).filter(
    ([name, value]) => value !== '' && isSetting(name) && name !== 'DATABASE_URL' && given[name] !== value,
  )
  const names = unused.map(([name]) => name).filter((name) => !process.env[name])
  if (names.length > 0)
    console.error(
      `not used of .dev.vars: ${names.join(', ')}. They come from the environment, or ${elsewhere}`,
    )
}

/**
 * Returns the settings as they are given: the variables of `wrangler.toml`, then `.dev.vars`, then the environment.
 * Later ones win. With an environment of `wrangler.toml`, only the secrets of `.dev.vars` count, because the rest are
 * examples of `npm run dev`: with its PLANS, whatever is sold elsewhere would differ.
 * @param isInDevVars whether `.dev.vars` describes the Worker in that environment
 */
export function configuredSettings(
  environment: string | undefined,
  isInDevVars = environment === undefined,
): Record<string, string | undefined> {
  const written = Object.entries(devVars()).filter(([name]) => isInDevVars || secretNames().includes(name))
  const given: Record<string, string | undefined> = {
    ...deployedVars(environment),
    ...Object.fromEntries(written),
  }
  for (const name of Object.keys(settingsSchema().shape))
    if (process.env[name]) given[name] = process.env[name]
  return given
}

/** The settings that are set as secrets, and not as variables. */
const secretNames = (): string[] =>
  Object.keys(JSON.parse(readFileSync(join(projectDir, 'package.json'), 'utf8')).cloudflare.bindings)

export const isSetting = (name: string) => Object.hasOwn(settingsSchema().shape, name)

/** Checks that the names given by a flag are settings, and returns them with their values. Throws a LocalError. */
export function givenVars(vars: Record<string, string>): Record<string, string> {
  const unknown = Object.keys(vars).find((name) => !isSetting(name))
  if (unknown !== undefined) throw new LocalError(`${unknown} is not a setting: docs/settings.md lists them`)
  return vars
}

import { settingsSchema } from '../../src/settings.ts'
import { LOCAL_PORTS } from '../shared/configured.ts'
import { deployedVars } from '../shared/deployed.ts'
import { devVars } from '../shared/dev-vars.ts'
import { portNumber } from '../shared/flags.ts'
import { isLoopback, type Vars } from './context.ts'

export interface Given {
  url: string
  /** An environment of `wrangler.toml`. */
  environment?: string | undefined
  ports: Partial<Record<'pg' | 'gateway' | 'stripe' | 'clerk', string | undefined>>
}

/**
 * Returns the settings that the Worker at this address should have: the variables of `wrangler.toml`, the secrets of
 * the environment, and for a Worker on this machine those of `.dev.vars` and the local addresses of `npm run dev`.
 */
export function givenSettings({ url, environment, ports }: Given): Vars {
  const names = Object.keys(settingsSchema().shape)
  const fromEnvironment = names.filter((name) => process.env[name] !== undefined)
  const environmentVars = Object.fromEntries(fromEnvironment.map((name) => [name, process.env[name] ?? '']))
  const given = {
    ...deployedVars(environment),
    ...(isLoopback(url) && devVars()),
    ...environmentVars,
  }
  return isLoopback(url) ? { ...localParts(given, ports), ...given, ...blankless(given, ports) } : given
}

/** Returns the environment of `wrangler.toml`: production by default, and none for a Worker on this machine. */
export const environmentOf = (url: string, flag: string | undefined) =>
  flag ?? (isLoopback(url) ? undefined : 'production')

/** Returns the addresses of the local providers of `npm run dev`, if the keys are theirs. */
function localParts(given: Vars, { gateway, stripe, clerk }: Given['ports']): Vars {
  const at = (port: number) => `http://127.0.0.1:${port}`
  const isLocal = (key: string | undefined) => key?.startsWith('sk_test_local_')
  return {
    ...(isLocal(given.STRIPE_SECRET_KEY) && {
      STRIPE_API_BASE: at(portNumber(stripe, '--stripe-port', LOCAL_PORTS.stripe)),
    }),
    ...(isLocal(given.CLERK_SECRET_KEY) && {
      CLERK_API_BASE: at(portNumber(clerk, '--clerk-port', LOCAL_PORTS.clerk)),
    }),
    // `npm run dev -- --gateway` starts one for a DATABASE_URL that is not Neon's, such as one on this machine.
    ...((!given.DATABASE_URL || isLoopback(given.DATABASE_URL) || gateway !== undefined) && {
      NEON_FETCH_ENDPOINT: `${at(portNumber(gateway, '--gateway-port', LOCAL_PORTS.gateway))}/sql`,
    }),
  }
}

/** An empty DATABASE_URL means the local Postgres. */
function blankless(given: Vars, { pg }: Given['ports']): Vars {
  if (given.DATABASE_URL) return {}
  const port = portNumber(pg, '--pg-port', LOCAL_PORTS.postgres)
  return { DATABASE_URL: `postgres://postgres:postgres@127.0.0.1:${port}/ledgerhook` }
}

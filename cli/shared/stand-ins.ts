import { hostOf } from './database.ts'
import { devVars } from './dev-vars.ts'
import { LocalError } from './errors.ts'

/** Where the providers of `npm run dev` listen. */
export interface LocalProviders {
  stripePort: number
  clerkPort: number
}

type Given = Record<string, string | undefined>

/** A key of the local providers of `npm run dev`. It is sent only to this machine. */
const LOCAL_KEY = /^sk_test_local_/

/** Returns the settings with the addresses of the local providers, if the keys are theirs. */
export function withLocalProviders(given: Given, { stripePort, clerkPort }: LocalProviders): Given {
  const { STRIPE_SECRET_KEY = '', CLERK_SECRET_KEY = '', STRIPE_API_BASE, CLERK_API_BASE } = given
  const at = (port: number) => `http://127.0.0.1:${port}`
  return {
    ...given,
    STRIPE_API_BASE: STRIPE_API_BASE || (LOCAL_KEY.test(STRIPE_SECRET_KEY) ? at(stripePort) : undefined),
    CLERK_API_BASE: CLERK_API_BASE || (LOCAL_KEY.test(CLERK_SECRET_KEY) ? at(clerkPort) : undefined),
  }
}

/**
 * Returns the settings without the local providers' keys of `.dev.vars`, and says so. The local providers know nothing
 * of a database elsewhere: a comparison would report its users as deleted, and store made-up ones there. If a local
 * provider is named in another place, throws a LocalError.
 */
export function withoutLocalProviders(given: Given, databaseUrl: string): Given {
  const keys = ['STRIPE_SECRET_KEY', 'CLERK_SECRET_KEY'].filter((name) => LOCAL_KEY.test(given[name] ?? ''))
  const written = keys.filter((name) => !process.env[name] && devVars()[name] === given[name])
  const bases = ['STRIPE_API_BASE', 'CLERK_API_BASE'].filter((name) => given[name])
  const refused = [...keys.filter((name) => !written.includes(name)), ...bases]
  const why = `for the providers of npm run dev, and ${hostOf(databaseUrl)} is not on this machine`
  if (refused.length > 0)
    throw new LocalError(
      `${refused.join(', ')} ${refused.length > 1 ? 'are' : 'is'} ${why}: what they have is not what belongs there. Set the keys of your own accounts`,
    )
  if (written.length > 0)
    console.error(
      `not used from .dev.vars: ${written.join(', ')}. ${written.length > 1 ? 'They are' : 'It is'} ${why}`,
    )
  return { ...given, ...Object.fromEntries(written.map((name) => [name, undefined])) }
}

import { createPublicKey } from 'node:crypto'
import { isLiveKey } from '../../src/stripe/key.ts'
import { counted } from '../shared/counted.ts'
import { type Check, fail, pass, warn } from './check.ts'
import { askClerk, ClerkTrouble } from './clerk-api.ts'
import { type Context, whereAway } from './context.ts'
import { rows } from './database.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const PORTAL = 'https://dashboard.clerk.com/last-active?path=webhooks'

interface Instance {
  id: string
  environment_type: string
}

/** Whether the Worker on this machine uses the local Clerk, whose events nobody else can sign. */
const isStandIn = ({ isLocal, settings }: Context) => isLocal && settings.CLERK_API_BASE !== undefined

const instanceOf = (context: Context) => askClerk<Instance>(context, '/v1/instance')

const key: Check = {
  group: 'clerk',
  name: 'clerk-key',
  isGate: true,
  needs: ['CLERK_SECRET_KEY'],
  costs: 'the first session of a user has no name and no bonus, and users cannot be compared with Clerk',
  async run(context) {
    try {
      await instanceOf(context)
      return pass('the key is valid')
    } catch (error) {
      if (!(error instanceof ClerkTrouble)) throw error
      if (error.status !== 401)
        return fail(
          error.message,
          whereAway(context.settings.CLERK_API_BASE, 'try again when it can be reached'),
        )
      return fail('Clerk refuses CLERK_SECRET_KEY', 'take the key from the Dashboard, Configure, API keys')
    }
  },
}

const instance: Check = {
  group: 'clerk',
  name: 'clerk-instance',
  needs: ['CLERK_SECRET_KEY'],
  costs: 'users of another instance count as yours, or yours are ignored',
  async run(context) {
    const { id } = await instanceOf(context)
    const wanted = context.settings.CLERK_INSTANCE_ID
    if (wanted === id) return pass(`the key is of ${id}, as CLERK_INSTANCE_ID says`)
    if (wanted === undefined && isStandIn(context))
      return pass('nothing but the local Clerk sends events here')
    if (wanted === undefined)
      return warn('CLERK_INSTANCE_ID is not set', `set it to ${id}, so that no other instance is listened to`)
    return fail(
      `the key is of ${id}, and CLERK_INSTANCE_ID is ${wanted}`,
      'set both to the same instance: production or development',
    )
  },
}

const mode: Check = {
  group: 'clerk',
  name: 'clerk-mode',
  needs: ['CLERK_SECRET_KEY'],
  costs: 'people of one instance pay with cards of the other mode',
  async run(context) {
    const { environment_type: type } = await instanceOf(context)
    const isLive = isLiveKey(context.settings)
    if (isLive && type !== 'production')
      return warn(
        `Stripe is live, and Clerk's instance is for ${type}`,
        'use the production instance of Clerk',
      )
    if (!context.isLocal && !isLive && type === 'production')
      return warn(
        "Clerk's instance is for production, and Stripe is in test mode",
        'set the live key of Stripe',
      )
    return pass(`an instance for ${type}`)
  },
}

interface Jwk {
  n?: string
  e?: string
}

const jwks: Check = {
  group: 'clerk',
  name: 'clerk-jwks',
  needs: ['CLERK_SECRET_KEY'],
  costs: 'every signed-in user gets 401',
  async run(context) {
    const { CLERK_JWT_KEY } = context.settings
    if (!CLERK_JWT_KEY)
      return warn(
        'CLERK_JWT_KEY is not set',
        'set it to the JWKS public key of the Dashboard, API keys, as PEM',
        'the routes for signed-in users return 500',
      )
    const { keys } = await askClerk<{ keys: Jwk[] }>(context, '/v1/jwks')
    const mine = modulusOf(CLERK_JWT_KEY)
    if (mine && keys.some(({ n }) => n === mine)) return pass('CLERK_JWT_KEY verifies its session tokens')
    return fail(
      'CLERK_JWT_KEY is not a key of this instance',
      'take the JWKS public key from the Dashboard, API keys, as PEM',
    )
  },
}

function modulusOf(pem: string): string | undefined {
  try {
    return createPublicKey(pem).export({ format: 'jwk' }).n
  } catch {
    return undefined
  }
}

const webhooks: Check = {
  group: 'clerk',
  name: 'clerk-webhooks',
  needs: ['CLERK_SECRET_KEY'],
  costs: 'no user is ever created, changed or deleted here',
  async run(context) {
    try {
      // The URL in the response opens the page without signing in, so it is not printed.
      await askClerk(context, '/v1/webhooks/svix_url', 'POST')
      return pass(`webhooks are set up; their endpoints cannot be listed by a key: see ${PORTAL}`)
    } catch (error) {
      if (!(error instanceof ClerkTrouble) || error.status !== 400) throw error
      return fail(
        'webhooks were never set up in this instance',
        `add an endpoint for ${context.url}/api/webhooks/clerk: ${PORTAL}`,
      )
    }
  },
}

const deliveries: Check = {
  group: 'clerk',
  name: 'clerk-deliveries',
  needs: ['DATABASE_URL', 'CLERK_SECRET_KEY'],
  costs: 'users who sign up, change or leave are not known here',
  async run(context) {
    const [newest] = await rows<{ at: Date | null }>(
      context,
      `select max(received_at) as at from ledgerhook.webhook_events where provider = 'clerk' and type like 'user.%'`,
    )
    const { total_count: there } = await askClerk<{ total_count: number }>(context, '/v1/users/count')
    const endpoint = `look at the endpoint: ${PORTAL}`
    if (!newest?.at) {
      if (there === 0) return pass('no delivery has come, and there are no users yet')
      return fail(`no user.* delivery has ever come, and Clerk has ${counted(there, 'user')}`, endpoint)
    }
    const days = Math.floor((context.now() - newest.at.getTime()) / DAY_MS)
    if (days > 7) return warn(`the newest user.* delivery is ${days} days old`, endpoint)
    return pass(`the newest user.* delivery is ${days === 0 ? 'of today' : `${counted(days, 'day')} old`}`)
  },
}

const users: Check = {
  group: 'clerk',
  name: 'clerk-users',
  needs: ['DATABASE_URL', 'CLERK_SECRET_KEY'],
  costs: 'users who are missing here have no wallet, and users who are gone at Clerk still have one',
  async run(context) {
    const { total_count: there } = await askClerk<{ total_count: number }>(context, '/v1/users/count')
    const [known] = await rows<{ here: string }>(
      context,
      'select count(*) as here from ledgerhook.users where deactivated_at is null',
    )
    const here = Number(known?.here)
    if (here === there) return pass(`${counted(there, 'user')} at Clerk and here`)
    if (isStandIn(context))
      return pass(
        `${counted(there, 'user')} at the local Clerk, ${here} here: it does not know those of \`npm run send\``,
      )
    return warn(
      `${counted(there, 'user')} at Clerk, ${here} here`,
      'npm run reconcile -- --only clerk says who',
    )
  },
}

export const clerkChecks = [key, instance, mode, jwks, webhooks, deliveries, users]

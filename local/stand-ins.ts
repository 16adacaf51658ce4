import { rm } from 'node:fs/promises'
import { stripe } from '../src/stripe/index.ts'
import { type LocalClerk, startClerk } from './clerk/server.ts'
import { webhookUrl } from './deliver.ts'
import { LOCAL_CLERK_KEY, LOCAL_STRIPE_KEY, type Vars } from './dev-vars.ts'
import { signingSecret } from './sign.ts'
import { plannedPrices } from './stripe/prices.ts'
import { type LocalStripe, startStripe } from './stripe/server.ts'

export interface StandInOptions {
  ports: { worker: number; stripe: number; clerk: number }
  /** The files in which they keep their objects. Without them they are in memory only. */
  stripeFile?: string
  clerkFile?: string
  /** Whether to discard the objects of an earlier run. */
  fresh?: boolean
}

/** Whether the local Stripe is used. A key of Stripe itself means Stripe, as a DATABASE_URL means that database. */
export const isLocalStripe = ({ STRIPE_SECRET_KEY = '', STRIPE_API_BASE }: Vars) =>
  STRIPE_SECRET_KEY.startsWith(LOCAL_STRIPE_KEY) && !STRIPE_API_BASE

/** Whether the local Clerk is used, by the same rule. */
export const isLocalClerk = ({ CLERK_SECRET_KEY = '', CLERK_API_BASE }: Vars) =>
  CLERK_SECRET_KEY.startsWith(LOCAL_CLERK_KEY) && !CLERK_API_BASE

export async function startLocalStripe(
  settings: Vars,
  { ports, stripeFile, fresh }: StandInOptions,
): Promise<LocalStripe> {
  if (stripeFile && fresh) await rm(stripeFile, { force: true })
  return await startStripe({
    port: ports.stripe,
    secretKey: settings.STRIPE_SECRET_KEY ?? '',
    webhookUrl: webhookUrl(`http://127.0.0.1:${ports.worker}`, 'stripe'),
    webhookSecret: signingSecret('stripe', settings),
    webhookEvents: Object.keys(stripe.events),
    prices: plannedPrices(settings),
    file: stripeFile,
  })
}

/** Returns the settings for the local Stripe. Without APP_URL, people come back to one of its pages. */
export const stripeSettings = ({ url }: LocalStripe): Vars => ({
  STRIPE_API_BASE: url,
  APP_URL: `${url}/app`,
})

export async function startLocalClerk(
  settings: Vars,
  { ports, clerkFile, fresh }: StandInOptions,
): Promise<LocalClerk> {
  if (clerkFile && fresh) await rm(clerkFile, { force: true })
  return await startClerk({
    port: ports.clerk,
    secretKey: settings.CLERK_SECRET_KEY ?? '',
    instanceId: settings.CLERK_INSTANCE_ID || 'ins_local',
    publicKey: settings.CLERK_JWT_KEY,
    webhookUrl: webhookUrl(`http://127.0.0.1:${ports.worker}`, 'clerk'),
    webhookSecret: signingSecret('clerk', settings),
    file: clerkFile,
  })
}

import Stripe from 'stripe'
import { Webhook } from 'svix'
import type { ProviderName } from '../src/webhook/provider.ts'
import { randomId } from './ids.ts'

export interface Signing {
  secret: string
  /** Svix's message id, which is Clerk's event id. Stripe's event id is in the event itself. */
  messageId?: string | undefined
  /** The moment of signing, milliseconds. */
  signedAt?: number | undefined
}

/** Signs a body as its provider does, and returns the headers with the signature. */
export async function sign(
  provider: ProviderName,
  body: string,
  signing: Signing,
): Promise<Record<string, string>> {
  return provider === 'clerk' ? signAsSvix(body, signing) : await signAsStripe(body, signing)
}

function signAsSvix(
  body: string,
  { secret, messageId = randomId('msg'), signedAt = Date.now() }: Signing,
): Record<string, string> {
  return {
    'svix-id': messageId,
    'svix-timestamp': String(Math.floor(signedAt / 1000)),
    'svix-signature': new Webhook(secret).sign(messageId, new Date(signedAt), body),
  }
}

async function signAsStripe(
  body: string,
  { secret, signedAt = Date.now() }: Signing,
): Promise<Record<string, string>> {
  const timestamp = Math.floor(signedAt / 1000)
  const header = await Stripe.webhooks.generateTestHeaderStringAsync({ payload: body, secret, timestamp })
  return { 'stripe-signature': header }
}

/** Returns the name of the setting with a provider's secrets. */
export const secretName = (provider: ProviderName) =>
  `${provider.toUpperCase()}_WEBHOOK_SECRET` as 'CLERK_WEBHOOK_SECRET' | 'STRIPE_WEBHOOK_SECRET'

/** Returns the secret to sign with: the first of the list, which has several while a secret is being rotated. */
export function signingSecret(
  provider: ProviderName,
  settings: Record<string, string | undefined>,
): string | undefined {
  return settings[secretName(provider)]?.split(',')[0]?.trim() || undefined
}

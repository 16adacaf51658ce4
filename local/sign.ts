import Stripe from 'stripe'
import { Webhook } from 'svix'

/** Signs as Svix does for Clerk. `at`: the moment of signing, milliseconds. */
export function signClerk(
  body: string,
  secret: string,
  messageId: string,
  at = Date.now(),
): Record<string, string> {
  return {
    'svix-id': messageId,
    'svix-timestamp': String(Math.floor(at / 1000)),
    'svix-signature': new Webhook(secret).sign(messageId, new Date(at), body),
  }
}

/** Signs as Stripe does. `at`: the moment of signing, milliseconds. */
export async function signStripe(
  body: string,
  secret: string,
  at = Date.now(),
): Promise<Record<string, string>> {
  const timestamp = Math.floor(at / 1000)
  const header = await Stripe.webhooks.generateTestHeaderStringAsync({ payload: body, secret, timestamp })
  return { 'stripe-signature': header }
}

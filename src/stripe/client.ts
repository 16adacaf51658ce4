import Stripe from 'stripe'
import type { Settings } from '../settings.ts'

/** Checkout waits 10 s for a webhook's answer, and a person no longer for a page: give up before either does. */
const TIMEOUT_MS = 5_000

/** Stripe's API for this account. The SDK retries once, with one idempotency key for both attempts. */
export function stripeClient({ STRIPE_SECRET_KEY, STRIPE_API_BASE }: Settings): Stripe {
  const base = STRIPE_API_BASE ? new URL(STRIPE_API_BASE) : undefined
  return new Stripe(STRIPE_SECRET_KEY, {
    httpClient: Stripe.createFetchHttpClient(),
    timeout: TIMEOUT_MS,
    maxNetworkRetries: 1,
    telemetry: false,
    ...(base && {
      protocol: base.protocol === 'http:' ? 'http' : 'https',
      host: base.hostname,
      port: base.port || '80',
    }),
  })
}

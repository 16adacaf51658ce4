import Stripe from 'stripe'
import type { Settings } from '../settings.ts'

/**
 * Checkout waits 10 s for the response to a webhook, and a person waits no longer for a page. Ledgerhook gives up
 * earlier.
 */
const TIMEOUT_MS = 5_000

/**
 * A redirect would carry the key to wherever it points. The SDK gets the redirect's status, which it treats as an
 * error.
 */
const withoutRedirects =
  (fetcher: typeof fetch): typeof fetch =>
  (input, init) =>
    fetcher(input, { ...init, redirect: 'manual' })

/** Returns a client of Stripe's API. The SDK retries once, with one idempotency key for both attempts. */
export function stripeClient(
  { STRIPE_SECRET_KEY, STRIPE_API_BASE }: Settings,
  fetcher: typeof fetch = (input, init) => fetch(input, init),
): Stripe {
  const base = STRIPE_API_BASE ? new URL(STRIPE_API_BASE) : undefined
  return new Stripe(STRIPE_SECRET_KEY, {
    httpClient: Stripe.createFetchHttpClient(withoutRedirects(fetcher)),
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

/**
 * Returns Stripe's clock when it returned this object, from the header `Date`. With `fetch`, the SDK's last response is
 * the `Response` itself.
 */
export function dateOf(object: object): string | null {
  const { lastResponse } = object as { lastResponse?: { headers?: unknown } }
  return lastResponse?.headers instanceof Headers ? lastResponse.headers.get('date') : null
}

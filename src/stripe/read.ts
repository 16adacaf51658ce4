import Stripe from 'stripe'
import { ProviderTrouble, troubleOf } from '../provider-trouble.ts'
import type { Settings } from '../settings.ts'
import { dateOf, stripeClient } from './client.ts'

export interface Read {
  body: unknown
  /** Stripe's clock when the request was sent: the data is at least as new. */
  at: Date
}

/** A list takes longer than one object. The caller retries if it may. */
const OPTIONS: Stripe.RawRequestOptions = { timeout: 10_000, maxNetworkRetries: 0 }

/** Reads a path of Stripe's API, with its query. @throws ProviderTrouble */
export async function readStripe(path: string, settings: Settings, fetcher?: typeof fetch): Promise<Read> {
  const startedAt = Date.now()
  try {
    const body = await stripeClient(settings, fetcher).rawRequest('GET', path, undefined, OPTIONS)
    const receivedAt = Date.parse(dateOf(body) ?? '') || Date.now()
    return { body, at: new Date(receivedAt - (Date.now() - startedAt)) }
  } catch (error) {
    if (!(error instanceof Stripe.errors.StripeError)) throw error
    const { statusCode, code, type, headers } = error
    const kind = statusCode === undefined ? 'unavailable' : troubleOf(statusCode)
    throw new ProviderTrouble(kind, code ?? type, headers?.['retry-after'])
  }
}

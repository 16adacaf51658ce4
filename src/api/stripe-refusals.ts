import * as z from 'zod/mini'
import { BuyerRefused } from '../stripe/customer.ts'
import { StripeTrouble, type TroubleKind } from '../stripe/trouble.ts'
import { Refusal, refusal } from './route.ts'
import { granted } from './signed-in.ts'

/** What the app can do about each kind: ask the person, do nothing, or try again after this many seconds. */
const RESPONSES: Record<TroubleKind, [status: 402 | 502 | 503, error: string, retryAfter?: string]> = {
  declined: [402, 'payment_declined'],
  refused: [502, 'stripe_refused'],
  busy: [503, 'stripe_busy', '2'],
  unavailable: [503, 'stripe_unavailable', '10'],
}

const code = () => ({ code: z.nullable(z.string()) })

/** The refusals of a route that calls Stripe. */
export const stripeRefusals = {
  402: refusal('payment_declined', code),
  502: refusal('stripe_refused', code),
  503: () =>
    z.object({
      error: z.enum(['unavailable', 'stripe_busy', 'stripe_unavailable']),
      code: z.optional(z.nullable(z.string())),
    }),
}

/**
 * Runs a call to Stripe. Refuses with Stripe's code, which says what went wrong, and nothing about a person.
 * @throws Refusal
 */
export async function orStripeRefusal<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (error instanceof BuyerRefused) granted(error.refusal)
    if (!(error instanceof StripeTrouble)) throw error
    const [status, name, retryAfter] = RESPONSES[error.kind]
    const headers = retryAfter ? { 'Retry-After': retryAfter } : {}
    throw new Refusal(status, name, { code: error.code }, headers)
  }
}

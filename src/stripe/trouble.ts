import Stripe from 'stripe'
import { log } from '../log.ts'
import { Misconfigured } from '../settings/misconfigured.ts'

/**
 * - `declined`: a card or its bank said no, which only the person can change
 * - `busy`: too many calls, or another click of the same person is being processed
 * - `unavailable`: no response, or Stripe's own error; whether the call had an effect is not known
 * - `refused`: Stripe will not do this, however often it is asked
 */
export type TroubleKind = 'declined' | 'busy' | 'unavailable' | 'refused'

/** A failed call to Stripe. Carries Stripe's codes, never its message, which repeats the input. */
export class StripeTrouble extends Error {
  override name = 'StripeTrouble'
  readonly kind: TroubleKind
  readonly code: string | null
  readonly param: string | null
  /** Whether the idempotency key returns this same failure again: Stripe keeps a 500 for a day, like any result. */
  readonly keyIsSpent: boolean
  /**
   * Whether Stripe refused a second currency: a customer pays for all subscriptions in one. Stripe has no code for it,
   * and the message is not kept.
   */
  readonly mixesCurrencies: boolean

  constructor(kind: TroubleKind, cause?: Stripe.errors.StripeError) {
    super(cause?.code ?? kind)
    this.kind = kind
    this.code = cause?.code ?? null
    this.param = cause?.param ?? null
    this.mixesCurrencies =
      kind === 'refused' && /combine currencies|match the customer currency/i.test(cause?.message ?? '')
    this.keyIsSpent =
      cause instanceof Stripe.errors.StripeIdempotencyError ||
      cause?.headers?.['idempotent-replayed'] === 'true'
  }
}

/**
 * Returns the result of a call to Stripe.
 * @throws StripeTrouble; Misconfigured if Stripe does not accept the key
 */
export async function ask<T>(call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (error) {
    if (!(error instanceof Stripe.errors.StripeError)) throw error
    const trouble = new StripeTrouble(kindOf(error), error)
    log({
      message: 'stripe',
      level: trouble.kind === 'refused' ? 'error' : 'warn',
      cause: error.type,
      code: trouble.code,
      param: trouble.param,
      request: error.requestId ?? null,
    })
    if (isUnauthorized(error)) throw Misconfigured.of('STRIPE_SECRET_KEY', 'Stripe does not accept it')
    throw trouble
  }
}

function kindOf(error: Stripe.errors.StripeError): TroubleKind {
  const { StripeCardError, StripeConnectionError, StripeRateLimitError } = Stripe.errors
  if (error instanceof StripeCardError) return 'declined'
  if (error instanceof StripeRateLimitError || error.statusCode === 409) return 'busy'
  if (error instanceof StripeConnectionError || (error.statusCode ?? 500) >= 500) return 'unavailable'
  return 'refused'
}

function isUnauthorized(error: Stripe.errors.StripeError): boolean {
  const { StripeAuthenticationError, StripePermissionError } = Stripe.errors
  return error instanceof StripeAuthenticationError || error instanceof StripePermissionError
}

/** Whether Stripe does not find what this parameter, or the path, names. */
export function isMissing(error: unknown, param?: string): boolean {
  if (!(error instanceof StripeTrouble) || error.code !== 'resource_missing') return false
  return param === undefined || error.param === param
}

import type { State, StripeObject } from './state.ts'

/** One Stripe account: its objects, and what every part of the stand-in needs to act on them. */
export interface Account {
  state: State
  /** Where this server is reached: payment pages are shown there. */
  url(): string
  /** Seconds, as Stripe counts. */
  now(): number
  /** Records an event with the object as it is now, to be delivered after the answer. */
  emit(type: string, object: StripeObject, previousAttributes?: Record<string, unknown>): void
}

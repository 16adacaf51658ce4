import type { State, StripeObject } from './state.ts'

/** One Stripe account: its objects, and what the parts of the stand-in need to act on them. */
export interface Account {
  state: State
  /** Returns the address of this server, which shows the payment pages. */
  url(): string
  /** Returns the time in seconds, as Stripe counts. */
  now(): number
  /** Records an event with the object's present state. It is delivered after the response. */
  emit(type: string, object: StripeObject, previousAttributes?: Record<string, unknown>): void
}

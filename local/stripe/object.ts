/** An object of Stripe's API. The types name the members that this stand-in uses; the others come from the fixtures. */
export interface StripeObject {
  [member: string]: unknown
  id: string
  object: string
}

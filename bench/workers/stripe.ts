import Stripe from 'stripe'

export interface Env {
  DATABASE_URL: string
  NEON_FETCH_ENDPOINT: string
  STRIPE_WEBHOOK_SECRET: string
}

/** Returns the event of a request, as Stripe's SDK verifies and reads it. Throws when the signature is wrong. */
export async function verifiedByStripe(request: Request, body: string, env: Env): Promise<Stripe.Event> {
  const signature = request.headers.get('stripe-signature') ?? ''
  return await Stripe.webhooks.constructEventAsync(body, signature, env.STRIPE_WEBHOOK_SECRET)
}

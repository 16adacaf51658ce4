import Stripe from 'stripe'

export interface Env {
  DATABASE_URL: string
  NEON_FETCH_ENDPOINT: string
  STRIPE_WEBHOOK_SECRET: string
}

/** Verifies and reads the event of a request by Stripe's SDK. Throws when the signature is wrong. */
export async function verifiedByStripe(request: Request, body: string, env: Env): Promise<Stripe.Event> {
  const signature = request.headers.get('stripe-signature') ?? ''
  return await Stripe.webhooks.constructEventAsync(body, signature, env.STRIPE_WEBHOOK_SECRET)
}

// Stripe's SDK and nothing else: shows its share of an isolate's start.
import Stripe from 'stripe'

export default {
  fetch: ({ url }: Request) => new Response(url.endsWith('/stripe') ? typeof new Stripe('sk_test_1') : 'ok'),
}

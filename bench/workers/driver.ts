// Neon's driver and nothing else: shows its share of an isolate's start.
import { neon } from '@neondatabase/serverless'

export default {
  fetch: ({ url }: Request) =>
    new Response(url.endsWith('/driver') ? typeof neon('postgres://a:b@c/d') : 'ok'),
}

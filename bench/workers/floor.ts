// The floor: verifies the signature and inserts one row, with the libraries and the driver that Ledgerhook uses. No
// handler that stores what it receives can do less.
import { Webhook } from 'svix'
import { connect } from './connect.ts'
import { type Env as StripeEnv, verifiedByStripe } from './stripe.ts'

interface Env extends StripeEnv {
  CLERK_WEBHOOK_SECRET: string
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    if (request.method !== 'POST') return new Response('ok')
    const body = await request.text()
    const event = new URL(request.url).pathname.endsWith('clerk')
      ? verifiedByClerk(request, body, env)
      : await verifiedByStripe(request, body, env)
    await connect(env).query(
      'insert into deliveries (event_id, type, payload) values ($1, $2, $3::jsonb) on conflict do nothing',
      [event.id, event.type, body],
    )
    return Response.json({ event: event.id, outcome: 'applied' })
  },
}

function verifiedByClerk(request: Request, body: string, env: Env) {
  const id = request.headers.get('svix-id') ?? ''
  new Webhook(env.CLERK_WEBHOOK_SECRET).verify(body, {
    'svix-id': id,
    'svix-timestamp': request.headers.get('svix-timestamp') ?? '',
    'svix-signature': request.headers.get('svix-signature') ?? '',
  })
  return { id, type: JSON.parse(body).type as string }
}

// The usual handler for a top-up today: the same driver, and one awaited statement after another. It is here to be
// measured, not to be used: it credits twice when two deliveries overlap.
import { connect } from './connect.ts'
import { type Env, verifiedByStripe } from './stripe.ts'

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const body = await request.text()
    const event = await verifiedByStripe(request, body, env)
    if (event.type !== 'checkout.session.completed') return Response.json({ outcome: 'ignored' })
    const sql = connect(env)
    const session = event.data.object
    const userId = session.metadata?.user_id
    const credits = Number(session.metadata?.credits)
    const payment = session.payment_intent

    if ((await sql`select id from events where id = ${event.id}`).length > 0) return duplicate(event.id)
    if ((await sql`select id from users where id = ${userId}`).length === 0) {
      return Response.json({ error: 'unknown user' }, { status: 404 })
    }
    if ((await sql`select id from ledger where payment_id = ${payment}`).length > 0)
      return duplicate(event.id)
    await sql`insert into ledger (user_id, amount, payment_id) values (${userId}, ${credits}, ${payment})`
    await sql`update users set balance = balance + ${credits} where id = ${userId}`
    await sql`insert into events (id, type, payload) values (${event.id}, ${event.type}, ${body}::jsonb)`
    return Response.json({ event: event.id, outcome: 'applied' })
  },
}

const duplicate = (event: string) => Response.json({ event, outcome: 'duplicate' })

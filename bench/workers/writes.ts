// Writes the rows that a top-up leaves in Ledgerhook, in one statement, and checks nothing: it takes no lock, reads
// nothing, and has no trigger and no foreign key. It is here to be measured: a Worker with a ledger and a wallet can
// hardly do less.
import { connect } from './connect.ts'
import { type Env, verifiedByStripe } from './stripe.ts'

const STATEMENT = `
  with event as (
    insert into ledgerhook.webhook_events (provider, event_id, type, outcome, user_id, payload, occurred_at, settled_at)
    values ('stripe', $1, $2, 'applied', $3, $4::jsonb, to_timestamp($5), now())
  ), payment as (
    insert into ledgerhook.payments (stripe_payment_id, user_id, credits, amount, currency, stripe_checkout_session_id,
      stripe_payment_intent_id)
    values ($6, $3, $7, $8, $9, $10, $6)
  ), wallet as (
    update ledgerhook.wallets set balance = balance + $7, updated_at = now() where user_id = $3 returning balance
  )
  insert into ledgerhook.credit_ledger (user_id, kind, amount, balance_after, idempotency_key, stripe_payment_id, event_id)
  select $3, 'purchase', $7, balance, 'purchase:' || $6, $6, $1 from wallet`

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const body = await request.text()
    const event = await verifiedByStripe(request, body, env)
    if (event.type !== 'checkout.session.completed') return Response.json({ outcome: 'ignored' })
    const { id, metadata, payment_intent, amount_total, currency } = event.data.object
    await connect(env).query(STATEMENT, [
      event.id,
      event.type,
      metadata?.user_id,
      body,
      event.created,
      payment_intent,
      metadata?.credits,
      amount_total,
      currency,
      id,
    ])
    return Response.json({ event: event.id, outcome: 'applied' })
  },
}

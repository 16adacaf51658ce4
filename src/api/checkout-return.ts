import * as z from 'zod/mini'
import { log } from '../log.ts'
import { stripeClient } from '../stripe/client.ts'
import { decideReturn, readSession } from '../stripe/returned.ts'
import { Refusal, refusal, route } from './route.ts'
import { settleReturn } from './settle-return.ts'
import { asSignedIn, deactivated } from './signed-in.ts'
import { orStripeRefusal, stripeRefusals } from './stripe-refusals.ts'

export const finishCheckout = route({
  method: 'get',
  path: '/api/checkout/{id}',
  caller: 'user',
  summary: 'What became of a Checkout Session, after the person has come back',
  description:
    'Reads the session from Stripe and settles it as its webhook does. Whichever comes first credits it, and the other does nothing. With `payment_pending`, ask again; the webhook credits it once the money has arrived. If the bank refuses, it stays `payment_pending`.',
  params: () =>
    z.object({
      id: z.string().check(z.describe('The `session_id` that Stripe puts into the success URL')),
    }),
  response: () =>
    z.object({
      id: z.string(),
      status: z.nullable(z.string()).check(z.describe('Stripe’s: `open`, `complete` or `expired`')),
      payment_status: z.string().check(z.describe('Stripe’s: `paid`, `unpaid` or `no_payment_required`')),
      outcome: z.string().check(z.describe('As for a webhook: `applied`, `duplicate`, `ignored`, …')),
      reason: z.nullable(z.string()),
      balance: z.int().check(z.describe('Credits, now')),
    }),
  refusals: { 403: deactivated, 404: refusal('not_found'), ...stripeRefusals },
  handle: async (call) => {
    const { userId, params, settings } = call
    const session = await orStripeRefusal(() => readSession(stripeClient(settings), params.id, userId))
    if (!session) throw new Refusal(404, 'not_found')

    const decision = await decideReturn(session, settings)
    const effect = 'verb' in decision ? decision : null
    const { livemode } = session
    const settled = await asSignedIn(call, (db, who) => settleReturn(db, { ...who, livemode, effect }))
    const { outcome, reason } = 'verb' in decision ? settled.verdict : decision
    const { id, status, payment_status } = session
    const level = outcome === 'rejected' ? 'warn' : 'info'
    log({ message: 'checkout', level, session: id, outcome, reason, user: userId })
    return { id, status, payment_status, outcome, reason, balance: settled.balance }
  },
})

import { randomId } from '../../local/events.ts'
import { providers } from '../../src/providers.ts'
import { settingsOf } from '../../src/settings.ts'
import type { Statement } from '../support/transactions.ts'
import { type Env, holdOpen, settings, waitingForLocks } from './support.ts'

/**
 * Starts requests while an open transaction has run these statements, and commits it once every request waits for a
 * lock. `meanwhile` runs just before the commit.
 */
export async function during<Started extends readonly Promise<unknown>[] | []>(
  held: Statement[],
  start: () => Started,
  meanwhile: () => Promise<void> = async () => {},
) {
  const commit = await holdOpen(...held)
  const started = start()
  try {
    await waitingForLocks(started.length)
    await meanwhile()
  } finally {
    await commit()
  }
  return await Promise.all(started)
}

/** Calls a verb of the database as the Worker does. `delivery`: changed members of the usual delivery. */
export const verb = (name: string, type: string, facts: object, delivery: object = {}): Statement => [
  `select ${name}($1, $2)`,
  [JSON.stringify({ ...envelope(type), ...delivery }), JSON.stringify(facts)],
]
const envelope = (type: string) => ({
  provider: type.startsWith('user.') ? 'clerk' : 'stripe',
  event_id: randomId('held'),
  type,
  via: 'webhook',
  body: '{}',
  erase: false,
})
export const heldCreate = (id: string) =>
  verb('sync_user', 'user.created', {
    user_id: id,
    email: `${id}@example.com`,
    email_verified: true,
    updated_at: '2026-05-01T12:00:00Z',
    created_at: '2026-05-01T12:00:00Z',
    signup_bonus: 40,
    signup_bonus_since: '2020-01-01T00:00:00Z',
  })
export const heldDelete = (id: string, erase = false) =>
  verb('close_user', 'user.deleted', { user_id: id }, { erase })
export const heldSession = (id: string): Statement => [
  'select read_me($1)',
  [JSON.stringify({ user_id: id, bring: true, erase: false })],
]
export const heldPayment = (id: string, customer: string | null = null, payment = randomId('pi')) =>
  verb('settle_payment', 'checkout.session.completed', {
    user_id: id,
    credits: 500,
    stripe_payment_id: payment,
    amount: 500,
    currency: 'usd',
    stripe_checkout_session_id: `cs_${payment}`,
    stripe_payment_intent_id: payment,
    stripe_invoice_id: null,
    stripe_customer_id: customer,
  })

/**
 * Returns the verb and the facts of an event that the Worker would send with these settings. `at`: its moment,
 * milliseconds.
 */
export function heldEvent(event: object, env: Env, at: number): Statement {
  const { type } = event as { type: string }
  const decision = providers.stripe.events[type]?.(event, settingsOf({ ...settings, ...env }))
  if (!decision || !('verb' in decision)) throw new Error(`${type} has no verb`)
  return verb(decision.verb, type, decision.facts, { occurred_at: new Date(at) })
}

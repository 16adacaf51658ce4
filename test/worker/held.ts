import { randomId } from '../../local/events.ts'
import { providers } from '../../src/providers.ts'
import { settingsOf } from '../../src/settings.ts'
import { type Answer, type Env, holdOpen, settings } from './support.ts'

/** Starts deliveries while a transaction is open, and lets it commit once they wait for it. */
export async function during(held: [string, unknown[]][], start: () => Promise<Answer>[]): Promise<Answer[]> {
  const commit = await holdOpen(...held)
  const deliveries = start()
  await new Promise((resolve) => setTimeout(resolve, 300))
  await commit()
  return await Promise.all(deliveries)
}

const envelope = (provider: string, type: string) =>
  JSON.stringify({ provider, event_id: randomId('held'), type, via: 'webhook', body: '{}', erase: false })
export const verb = (name: string, type: string, facts: object): [string, unknown[]] => [
  `select ledgerhook.${name}($1, $2)`,
  [envelope(type.startsWith('user.') ? 'clerk' : 'stripe', type), JSON.stringify(facts)],
]
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
export const heldDelete = (id: string) => verb('close_user', 'user.deleted', { user_id: id })
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

/** The verb and the facts of an event, as the Worker would send them with these settings. `at`: its moment, milliseconds. */
export function heldEvent(event: object, env: Env, at: number): [string, unknown[]] {
  const { type } = event as { type: string }
  const decision = providers.stripe.events[type]?.(event, settingsOf({ ...settings, ...env }))
  if (!decision || !('verb' in decision)) throw new Error(`${type} has no verb`)
  const delivery = { ...JSON.parse(envelope('stripe', type)), occurred_at: new Date(at) }
  return [`select ledgerhook.${decision.verb}($1, $2)`, [JSON.stringify(delivery), JSON.stringify(decision.facts)]]
}

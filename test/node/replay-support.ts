import { inject } from 'vitest'
import { type Event, sign } from '../../bench/arena/deliveries.ts'
import { invoiceEvent, subscriptionEvent } from '../../local/billing-events.ts'
import { checkoutEvent, clerkEvent } from '../../local/events.ts'
import { reversalEvent } from '../../local/reversal-events.ts'
import { connect } from '../../src/db.ts'
import { providers } from '../../src/providers.ts'
import { settingsOf } from '../../src/settings.ts'
import { receive } from '../../src/webhook/receive.ts'
import type { Stack } from '../support/control.ts'

export const SECRETS = {
  CLERK_WEBHOOK_SECRET: `whsec_${'AAAA'.repeat(8)}`,
  STRIPE_WEBHOOK_SECRET: 'whsec_of_the_replays',
}
export const plans = (credits: number) => JSON.stringify({ price_pro: { key: 'pro', credits } })

/** The settings of the Worker that made the history. */
export const VARS = {
  STRIPE_SECRET_KEY: 'sk_test_of_the_replays',
  SIGNUP_BONUS_SINCE: '2020-01-01T00:00:00Z',
  PLANS: plans(1000),
}

const clerk = (type: 'user.created' | 'user.deleted', user: string): Event => ({
  provider: 'clerk',
  messageId: `msg_${type}_${user}`,
  body: clerkEvent(type, { user, email: `${user}@example.com` }),
})
const stripe = (body: Event['body']): Event => ({ provider: 'stripe', body })

export const signUp = (user: string) => clerk('user.created', user)
export const leave = (user: string) => clerk('user.deleted', user)
export const topUp = (user: string) =>
  stripe(
    checkoutEvent('checkout.session.completed', {
      user,
      payment: `pi_${user}`,
      event: `evt_topup_${user}`,
      session: { customer: `cus_${user}`, amount_total: 1000 },
    }),
  )
export const subscribe = (user: string) =>
  stripe(
    subscriptionEvent('customer.subscription.created', {
      subscription: `sub_${user}`,
      customer: `cus_${user}`,
      user,
      event: `evt_sub_${user}`,
    }),
  )
export const renew = (user: string) =>
  stripe(
    invoiceEvent('invoice.paid', {
      event: `evt_renewal_${user}`,
      invoice: `in_${user}`,
      subscription: `sub_${user}`,
      user,
      customer: `cus_${user}`,
      price: 'price_pro',
    }),
  )
export const refund = (user: string, amount: number) =>
  stripe(
    reversalEvent('refund.created', {
      payment: `pi_${user}`,
      amount,
      status: 'succeeded',
      event: `evt_refund_${user}`,
    }),
  )

/** A database with a Worker in front of it, whose handler runs here. */
export async function startHistory() {
  const response = await fetch(`${inject('control')}/stack`, { method: 'POST' })
  const stack = (await response.json()) as Stack
  const at = { DATABASE_URL: stack.workerUrl, NEON_FETCH_ENDPOINT: stack.gatewayUrl }
  return { ...stack, deliver: deliverer({ ...at, STRIPE_API_BASE: stack.stripeUrl }) }
}

/** Returns a function that delivers events to the handler one after another, and returns their outcomes. */
export function deliverer(places: Record<string, string>) {
  const settings = settingsOf({ ...SECRETS, ...VARS, ...places })
  return async (...events: Event[]): Promise<string[]> => {
    const outcomes: string[] = []
    for (const event of events) {
      const { url, headers, body } = await sign(event, 'http://ledgerhook.test', SECRETS)
      const request = new Request(url, { method: 'POST', headers, body })
      const answer = await receive(providers[event.provider], request, settings, connect(settings))
      outcomes.push(((await answer.json()) as { outcome: string }).outcome)
    }
    return outcomes
  }
}

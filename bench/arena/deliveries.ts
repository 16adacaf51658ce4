import { subscriptionEvent } from '../../local/billing-events.ts'
import { type SignedRequest, signedRequest } from '../../local/deliver.ts'
import type { Vars } from '../../local/dev-vars.ts'
import { checkoutEvent, clerkEvent } from '../../local/events.ts'
import { reversalEvent } from '../../local/reversal-events.ts'
import { signingSecret } from '../../local/sign.ts'
import type { ProviderName } from '../../src/webhook/provider.ts'

export interface Event {
  provider: ProviderName
  /** Clerk's event id, which is sent in a header. */
  messageId?: string
  body: { type: string }
}

/** An event that is frequent in production: what must happen to its subject first, and what is measured. */
export interface HotEvent {
  name: string
  outcome: 'applied' | 'duplicate'
  before(subject: string): Event[]
  event(subject: string): Event
}

const AN_HOUR_AGO = Date.now() - 3_600_000

const clerk = (type: 'user.created' | 'user.updated', user: string, at: number): Event => ({
  provider: 'clerk',
  messageId: `msg_${type}_${user}`,
  body: clerkEvent(type, { user, at }),
})
const stripe = (body: Event['body']): Event => ({ provider: 'stripe', body })

export const signUp = (user: string) => clerk('user.created', user, AN_HOUR_AGO)
/** Returns the n-th payment of this user. All are from one Stripe customer. */
export const topUp = (user: string, n: number): Event =>
  stripe(
    checkoutEvent('checkout.session.completed', {
      user,
      payment: `pi_${n}_${user}`,
      event: `evt_topup_${n}_${user}`,
      session: { customer: `cus_${user}` },
    }),
  )
const subscription = (user: string, type: 'created' | 'updated', at: number, previous?: object) =>
  stripe(
    subscriptionEvent(`customer.subscription.${type}`, {
      subscription: `sub_${user}`,
      customer: `cus_${user}`,
      user,
      at,
      event: `evt_sub_${type}_${user}`,
      ...(previous && { previous: previous as Record<string, unknown>, set: { cancel_at_period_end: true } }),
    }),
  )

export const hotEvents: HotEvent[] = [
  { name: 'user created', outcome: 'applied', before: () => [], event: signUp },
  {
    name: 'user updated',
    outcome: 'applied',
    before: (user) => [signUp(user)],
    event: (user) => clerk('user.updated', user, Date.now()),
  },
  {
    name: 'first top-up',
    outcome: 'applied',
    before: (user) => [signUp(user)],
    event: (user) => topUp(user, 1),
  },
  {
    name: 'top-up',
    outcome: 'applied',
    before: (user) => [signUp(user), topUp(user, 1)],
    event: (user) => topUp(user, 2),
  },
  {
    name: 'subscription updated',
    outcome: 'applied',
    before: (user) => [signUp(user), subscription(user, 'created', AN_HOUR_AGO)],
    event: (user) => subscription(user, 'updated', Date.now(), { cancel_at_period_end: false }),
  },
  {
    name: 'refund',
    outcome: 'applied',
    before: (user) => [signUp(user), topUp(user, 1)],
    event: (user) =>
      stripe(
        reversalEvent('refund.created', {
          payment: `pi_1_${user}`,
          amount: 100,
          event: `evt_refund_${user}`,
          status: 'succeeded',
        }),
      ),
  },
  {
    name: 'duplicate top-up',
    outcome: 'duplicate',
    before: (user) => [signUp(user), topUp(user, 1)],
    event: (user) => topUp(user, 1),
  },
]

/** Signs an event, dated now. */
export async function sign(
  { provider, messageId, body }: Event,
  url: string,
  secrets: Vars,
): Promise<SignedRequest> {
  const secret = signingSecret(provider, secrets) ?? ''
  return await signedRequest(url, provider, body, { secret, messageId })
}

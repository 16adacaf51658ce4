import * as z from 'zod/mini'
import { once } from '../once.ts'
import type { Settings } from '../settings.ts'
import type { SubscriptionState } from '../subscriptions/verbs.ts'
import * as subscriptions from '../subscriptions/verbs.ts'
import { type Handler, read } from '../webhook/provider.ts'
import { namedUser, seconds } from './payload.ts'
import { stateOf, subscriptionSchema } from './subscription.ts'

const subscriptionEvent = once(() =>
  z.object({
    type: z.string(),
    created: seconds(),
    livemode: z.boolean(),
    data: z.object({
      object: subscriptionSchema(),
      previous_attributes: z.nullish(z.record(z.string(), z.unknown())),
    }),
  }),
)

/** Handles a subscription that began, changed, paused, resumed or ended. */
export const syncSubscription: Handler = (event, { PLANS }) => {
  const { type, livemode, data } = read(subscriptionEvent, event)
  const state = stateOf(data.object, PLANS)
  if (type === 'customer.subscription.deleted' && state.status !== 'incomplete_expired') {
    state.status = 'canceled'
  }
  return subscriptions.sync({
    stripe_subscription_id: data.object.id,
    stripe_customer_id: data.object.customer,
    user_id: namedUser(event),
    livemode,
    source: type === 'customer.subscription.created' ? 'created' : 'updated',
    state,
    previous: previousState(event, PLANS),
  })
}

/**
 * Returns the state before the change: the object with its `previous_attributes`, which Stripe sends complete, put
 * back.
 */
function previousState(event: unknown, plans: Settings['PLANS']): SubscriptionState | null {
  const { object, previous_attributes } = (
    event as { data: Record<'object' | 'previous_attributes', object | undefined> }
  ).data
  if (!previous_attributes) return null
  const before = subscriptionSchema().safeParse({ ...object, ...previous_attributes })
  return before.success ? stateOf(before.data, plans) : null
}

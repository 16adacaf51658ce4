import * as z from 'zod'
import type { Account } from './account.ts'
import { endNow, renew } from './billing.ts'
import { cancelWithCredit, changePlan } from './changes.ts'
import { found, invalid, missing } from './errors.ts'
import { bool, expand, metadata } from './params.ts'
import { changing } from './previous.ts'
import type { Subscription } from './state.ts'

export const cancelParams = z.strictObject({ invoice_now: bool.optional(), prorate: bool.optional(), expand })

export const updateParams = z.strictObject({
  cancel_at_period_end: bool.optional(),
  metadata: metadata.optional(),
  expand,
})

export const retrieveSubscription = ({ state }: Account, id: string): Subscription =>
  found(state.subscriptions, 'subscription', id)

/** Cancels a subscription. Stripe treats an ended one as missing, so canceling it again returns 404. */
export function cancelSubscription(account: Account, id: string): Subscription {
  const subscription = retrieveSubscription(account, id)
  if (subscription.status === 'canceled') throw missing('subscription', id, 'id', 404)
  return endNow(account, subscription)
}

export function updateSubscription(
  account: Account,
  id: string,
  { cancel_at_period_end, metadata }: z.output<typeof updateParams>,
): Subscription {
  const subscription = retrieveSubscription(account, id)
  if (cancel_at_period_end !== undefined && subscription.status === 'canceled')
    throw invalid('A canceled subscription can only update its cancellation_details and metadata.')
  const previous = changing(subscription, () => {
    if (metadata) subscription.metadata = merged(subscription.metadata, metadata)
    if (cancel_at_period_end === undefined) return
    Object.assign(subscription, {
      cancel_at_period_end,
      cancel_at: cancel_at_period_end ? subscription.items.data[0]?.current_period_end : null,
      // For a subscription that will end, this is the moment of the request (Stripe: Subscription, canceled_at).
      canceled_at: cancel_at_period_end ? account.now() : null,
    })
  })
  account.emit('customer.subscription.updated', subscription, previous)
  return subscription
}

function merged(old: Record<string, string>, given: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries({ ...old, ...given }).filter(([, value]) => value !== ''))
}

type Happening = (account: Account, subscription: Subscription, body: Record<string, unknown>) => void

/** What happens to a subscription without an API call of ours: by time, by a card, in the portal, in the Dashboard. */
export const lifecycle: Record<string, Happening> = {
  renew: (account, subscription) => {
    // As at Stripe, a subscription with a planned cancellation ends with its period.
    if (subscription.cancel_at_period_end || endsWithPeriod(subscription)) endNow(account, subscription)
    else renew(account, running(subscription))
  },
  'fail-renewal': (account, subscription) => renew(account, running(subscription), false),
  cancel: (account, subscription) => void endNow(account, subscription),
  end: (account, subscription) => void endNow(account, subscription),
  'cancel-with-credit': cancelWithCredit,
  change: (account, subscription, change) => void changePlan(account, running(subscription), change),
  // Under flexible billing the portal sets the moment, and not the flag.
  'cancel-in-portal': (account, subscription) => {
    const previous = changing(subscription, () => {
      const [item] = subscription.items.data
      Object.assign(subscription, { cancel_at: item?.current_period_end, canceled_at: account.now() })
    })
    account.emit('customer.subscription.updated', subscription, previous)
  },
  'cancel-at-period-end': (account, { id }) =>
    void updateSubscription(account, id, { cancel_at_period_end: true }),
  pause: (account, subscription) => setStatus(account, running(subscription), 'paused'),
  resume: (account, subscription) => {
    if (subscription.status === 'paused') setStatus(account, subscription, 'active')
    else updateSubscription(account, subscription.id, { cancel_at_period_end: false })
  },
}

const endsWithPeriod = ({ cancel_at, items }: Subscription) =>
  typeof cancel_at === 'number' && cancel_at <= (items.data[0]?.current_period_end ?? 0)

function setStatus(account: Account, subscription: Subscription, status: 'active' | 'paused'): void {
  const previous = changing(subscription, () => {
    subscription.status = status
  })
  const event = status === 'paused' ? 'paused' : 'resumed'
  account.emit(`customer.subscription.${event}`, subscription, previous)
  account.emit('customer.subscription.updated', subscription, previous)
}

function running(subscription: Subscription): Subscription {
  if (['active', 'trialing', 'past_due'].includes(subscription.status)) return subscription
  throw invalid(`This subscription is ${subscription.status}.`)
}

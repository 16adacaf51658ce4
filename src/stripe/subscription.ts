import * as z from 'zod/mini'
import { once } from '../once.ts'
import type { Settings } from '../settings.ts'
import type { SubscriptionState } from '../subscriptions/verbs.ts'
import { id, storableText } from '../values.ts'
import { reference, seconds } from './payload.ts'
import { groupOf, planOf } from './plans.ts'

const item = () =>
  z.object({
    price: z.object({ id: id(), lookup_key: z.nullish(z.string()), product: z.nullish(reference()) }),
    /** Since 2025-03-31. Before, the subscription itself had it. */
    current_period_end: z.nullish(seconds()),
  })

export const subscriptionSchema = once(() =>
  z.object({
    id: id(),
    customer: reference(),
    /** A status that we do not know yet is kept, because Stripe adds new ones. */
    status: z.string().check(z.regex(/^[a-z_]{1,50}$/)),
    created: seconds(),
    cancel_at_period_end: z.boolean(),
    cancel_at: z.nullish(seconds()),
    canceled_at: z.nullish(seconds()),
    ended_at: z.nullish(seconds()),
    current_period_end: z.nullish(seconds()),
    /** Set while Stripe collects no money for it. Its status stays as it is. */
    pause_collection: z.nullish(z.looseObject({})),
    items: z.object({ data: z.array(item()) }),
    metadata: z.nullish(z.record(z.string(), z.unknown())),
  }),
)

type Subscription = z.output<ReturnType<typeof subscriptionSchema>>
type Price = Subscription['items']['data'][number]['price']

/** Returns our key for what the price sells: its `lookup_key`, else the key from PLANS, else null. */
function planKey(price: Price, plans: Settings['PLANS']): string | null {
  return storableText(price.lookup_key) ?? planOf(named(price), plans)?.key ?? null
}

const named = ({ id, lookup_key, product }: Price) => ({ price: id, lookupKey: lookup_key, product })

/**
 * Returns what is stored of a subscription. If it has several items, one counts, with its own period: the others are
 * seats and extras, whose periods may differ. Stripe promises no order of items, so one that PLANS knows comes first,
 * then one with a lookup key, then the first.
 */
export function stateOf(subscription: Subscription, plans: Settings['PLANS']): SubscriptionState {
  const items = subscription.items.data.map((item) => ({ ...item, plan: planKey(item.price, plans) }))
  const isSold = ({ price }: (typeof items)[number]) => planOf(named(price), plans) !== undefined
  const main = items.find(isSold) ?? items.find(({ plan }) => plan !== null) ?? items[0]
  return {
    status: subscription.status,
    stripe_price_id: main?.price.id ?? null,
    plan_key: main?.plan ?? null,
    plan_group: groupOf({ price: main?.price.id ?? null, plan: main?.plan ?? null }, plans) || null,
    current_period_end: main?.current_period_end ?? subscription.current_period_end ?? null,
    cancel_at_period_end: subscription.cancel_at_period_end,
    collection_paused: subscription.pause_collection != null,
    cancel_at: subscription.cancel_at ?? null,
    canceled_at: subscription.canceled_at ?? null,
    ended_at: subscription.ended_at ?? null,
    created_at: subscription.created,
  }
}

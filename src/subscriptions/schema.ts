import { sql } from 'drizzle-orm'
import { bigint, boolean, index, jsonb, pgTable, pgView, text, timestamp } from 'drizzle-orm/pg-core'
import { wallets } from '../credits/schema.ts'

const moment = (name: string) => timestamp(name, { withTimezone: true, precision: 3 })

/** A Stripe subscription as last told. It outlives its user: what still runs for a deleted one must be seen. */
export const subscriptions = pgTable(
  'subscriptions',
  {
    id: text().primaryKey(),
    userId: text('user_id')
      .notNull()
      .references(() => wallets.userId),
    stripeCustomerId: text('stripe_customer_id').notNull(),
    /** Of the item that carries the plan. */
    stripePriceId: text('stripe_price_id'),
    /** The price's `lookup_key`, else PLANS; null where neither knows it. */
    planKey: text('plan_key'),
    /** Stripe's word. `canceled` and `incomplete_expired` are the end: no event changes them back. */
    status: text().notNull(),
    currentPeriodEnd: moment('current_period_end'),
    cancelAtPeriodEnd: boolean('cancel_at_period_end').notNull(),
    cancelAt: moment('cancel_at'),
    canceledAt: moment('canceled_at'),
    endedAt: moment('ended_at'),
    /** Stripe's `created` of the newest event applied, in whole seconds: what orders the events. */
    lastEventAt: moment('last_event_at').notNull(),
    /** What told it: the event that created it, a later one, or Stripe itself when it was read back. Decides ties. */
    lastSource: text('last_source', { enum: ['created', 'updated', 'read'] }).notNull(),
    /** What the newest event says was before it. Null where it says nothing, or a tie was decided by it already. */
    previous: jsonb(),
    /** When Stripe was told to cancel it, because its user is deleted. */
    cancelRequestedAt: timestamp('cancel_requested_at', { withTimezone: true }),
    /** When Stripe created the subscription. */
    createdAt: moment('created_at').notNull(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (subscriptions) => [index('subscriptions_user').on(subscriptions.userId)],
)

/** One row per user: of several subscriptions the one that entitles most, then the newest. */
export const userBilling = pgView('user_billing', {
  id: text().notNull(),
  email: text(),
  stripeCustomerId: text('stripe_customer_id'),
  stripeSubscriptionId: text('stripe_subscription_id'),
  stripePriceId: text('stripe_price_id'),
  subscriptionStatus: text('subscription_status'),
  subscriptionCurrentPeriodEnd: moment('subscription_current_period_end'),
  cancelAtPeriodEnd: boolean('cancel_at_period_end'),
  planKey: text('plan_key'),
  balance: bigint({ mode: 'number' }),
}).as(sql`
  select u.id, u.email, u.stripe_customer_id, s.id as stripe_subscription_id, s.stripe_price_id,
    s.status as subscription_status, s.current_period_end as subscription_current_period_end,
    s.cancel_at_period_end, s.plan_key, w.balance
  from users u
  left join wallets w on w.user_id = u.id
  left join lateral (
    select * from subscriptions where user_id = u.id
    order by case status
      when 'active' then 1 when 'trialing' then 2 when 'past_due' then 3 when 'paused' then 4
      when 'unpaid' then 5 when 'incomplete' then 6 when 'canceled' then 8 when 'incomplete_expired' then 9
      else 7 end, created_at desc, id desc
    limit 1
  ) s on true`)

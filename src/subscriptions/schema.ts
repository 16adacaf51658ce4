import { sql } from 'drizzle-orm'
import { bigint, boolean, index, integer, jsonb, text } from 'drizzle-orm/pg-core'
import { ledgerhook, moment, providerMoment, updatedAt } from '../schema.ts'
import { wallets } from '../wallet/schema.ts'

/**
 * A Stripe subscription as last reported. It outlives its user, because what still runs for a deleted user must be
 * found.
 */
export const subscriptions = ledgerhook.table(
  'subscriptions',
  {
    id: text().primaryKey(),
    userId: text('user_id')
      .notNull()
      .references(() => wallets.userId),
    /** The user whom its metadata names. If that is another user who is not deleted, it is not cancelled. */
    namedUserId: text('named_user_id'),
    stripeCustomerId: text('stripe_customer_id').notNull(),
    /** Whether it is of live mode. Null for subscriptions from before this was kept. */
    livemode: boolean(),
    /** The price of the item that carries the plan. */
    stripePriceId: text('stripe_price_id'),
    /** The price's `lookup_key`, else the key from PLANS. Null if there is neither. */
    planKey: text('plan_key'),
    /** The plan's `group` in PLANS. Null if it has none. */
    planGroup: text('plan_group'),
    /** Since when the user has another live plan of the same group, so that both are paid. */
    doubleSince: moment('double_since'),
    /** Stripe's word. `canceled` and `incomplete_expired` are the end: no event changes them back. */
    status: text().notNull(),
    currentPeriodEnd: providerMoment('current_period_end'),
    cancelAtPeriodEnd: boolean('cancel_at_period_end').notNull(),
    /** Whether Stripe collects no money for it, though its status stays as it is. */
    collectionPaused: boolean('collection_paused').notNull().default(false),
    cancelAt: providerMoment('cancel_at'),
    canceledAt: providerMoment('canceled_at'),
    endedAt: providerMoment('ended_at'),
    /** Stripe's `created` of the newest event applied, in whole seconds: it orders the events. */
    lastEventAt: providerMoment('last_event_at').notNull(),
    /** Whether the newest report was its creation, a later event, or a read from Stripe's API. Decides ties. */
    lastSource: text('last_source', { enum: ['created', 'updated', 'read'] }).notNull(),
    /**
     * The state before the newest event, as that event says. Null if it does not say so, or if a tie was decided by it.
     */
    previous: jsonb(),
    /** When to try to cancel it, because its user is deleted. */
    cancelDueAt: moment('cancel_due_at'),
    cancelTries: integer('cancel_tries').notNull().default(0),
    /** When Stripe cancelled it at our request. */
    cancelRequestedAt: moment('cancel_requested_at'),
    /** When Stripe created the subscription. */
    createdAt: providerMoment('created_at').notNull(),
    updatedAt: updatedAt(),
  },
  (subscriptions) => [
    index('subscriptions_user').on(subscriptions.userId),
    index('subscriptions_cancel_due')
      .on(subscriptions.cancelDueAt)
      .where(sql`${subscriptions.cancelDueAt} is not null`),
    index('subscriptions_double')
      .on(subscriptions.doubleSince)
      .where(sql`${subscriptions.doubleSince} is not null`),
  ],
)

/**
 * One row for each user, with one subscription of the served mode: a live plan first, else the one that entitles to
 * most, else the newest. One that is known only by a reference, which anybody could have bought, comes after others of
 * its kind.
 */
export const userBilling = ledgerhook
  .view('user_billing', {
    id: text().notNull(),
    email: text(),
    stripeCustomerId: text('stripe_customer_id'),
    stripeSubscriptionId: text('stripe_subscription_id'),
    stripePriceId: text('stripe_price_id'),
    subscriptionStatus: text('subscription_status'),
    subscriptionCurrentPeriodEnd: providerMoment('subscription_current_period_end'),
    cancelAtPeriodEnd: boolean('cancel_at_period_end'),
    planKey: text('plan_key'),
    balance: bigint({ mode: 'number' }),
    cancelAt: providerMoment('cancel_at'),
    collectionPaused: boolean('collection_paused'),
  })
  .as(sql`
  select u.id, u.email, u.stripe_customer_id, s.id as stripe_subscription_id, s.stripe_price_id,
    s.status as subscription_status, s.current_period_end as subscription_current_period_end,
    s.cancel_at_period_end or coalesce(s.cancel_at <= s.current_period_end, false) as cancel_at_period_end,
    s.plan_key, w.balance, s.cancel_at, s.collection_paused
  from ledgerhook.users u
  left join ledgerhook.wallets w on w.user_id = u.id
  left join lateral (
    select * from ledgerhook.subscriptions subscription where user_id = u.id
      and not exists (select from ledgerhook.stripe_account served
        where served.one and served.livemode <> coalesce(subscription.livemode, served.first_livemode))
    order by status in ('active', 'trialing', 'past_due') and plan_key is not null desc,
      named_user_id is distinct from user_id and coalesce((select customer.by_reference
        from ledgerhook.stripe_customers customer where customer.id = stripe_customer_id), false), case status
      when 'active' then 1 when 'trialing' then 2 when 'past_due' then 3 when 'paused' then 4
      when 'unpaid' then 5 when 'incomplete' then 6 when 'canceled' then 8 when 'incomplete_expired' then 9
      else 7 end, created_at desc, id desc
    limit 1
  ) s on true`)

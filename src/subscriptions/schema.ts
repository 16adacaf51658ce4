import { sql } from 'drizzle-orm'
import { bigint, boolean, index, integer, jsonb, text } from 'drizzle-orm/pg-core'
import { ledgerhook, moment, providerMoment, updatedAt } from '../schema.ts'
import { wallets } from '../wallet/schema.ts'

/** A Stripe subscription as last reported. It outlives its user: what still runs for a deleted one must be seen. */
export const subscriptions = ledgerhook.table(
  'subscriptions',
  {
    id: text().primaryKey(),
    userId: text('user_id')
      .notNull()
      .references(() => wallets.userId),
    /** The user that its metadata names. Where that is somebody else who is not deleted, nothing is cancelled. */
    namedUserId: text('named_user_id'),
    stripeCustomerId: text('stripe_customer_id').notNull(),
    /** Whether it is of live mode. Null of subscriptions from before that was kept. */
    livemode: boolean(),
    /** Of the item that carries the plan. */
    stripePriceId: text('stripe_price_id'),
    /** The price's `lookup_key`, else PLANS; null where neither knows it. */
    planKey: text('plan_key'),
    /** The plan's `group` in PLANS. Null where it names none. */
    planGroup: text('plan_group'),
    /** Since when the user has another live plan of the same group: both are paid. */
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
    /** Stripe's `created` of the newest event applied, in whole seconds: what orders the events. */
    lastEventAt: providerMoment('last_event_at').notNull(),
    /** The event that created it, a later one, or Stripe itself when it was read back. Decides ties. */
    lastSource: text('last_source', { enum: ['created', 'updated', 'read'] }).notNull(),
    /** What the newest event says was before it. Null where it says nothing, or a tie was decided by it already. */
    previous: jsonb(),
    /** When it is to be cancelled, because its user is deleted: now, or when it is tried again. */
    cancelDueAt: moment('cancel_due_at'),
    cancelTries: integer('cancel_tries').notNull().default(0),
    /** When Stripe has cancelled it on request. */
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
 * One row for each user: of several subscriptions of the mode that is served a live plan, else the one that entitles most, then the newest. One
 * that is known by a reference alone, which anybody could have bought, comes after its likes.
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

import type { Effect } from '../db.ts'

/** A subscription as Stripe reports it: columns of `subscriptions`. */
export interface SubscriptionState {
  status: string
  stripe_price_id: string | null
  plan_key: string | null
  /** Null if PLANS names none. */
  plan_group: string | null
  current_period_end: Date | null
  cancel_at_period_end: boolean
  /** Whether Stripe collects no money for it, though its status stays. */
  collection_paused: boolean
  cancel_at: Date | null
  canceled_at: Date | null
  ended_at: Date | null
  created_at: Date
}

export interface ReportedSubscription {
  stripe_subscription_id: string
  stripe_customer_id: string
  /** The user whom its metadata names. A living one comes before the customer's owner. */
  user_id: string | null
  /** Whether the report is its creation, any later event, or a read from Stripe's API. */
  source: 'created' | 'updated' | 'read'
  livemode: boolean
  state: SubscriptionState
  /** The state before the event, as the event says. Null if it does not say so. */
  previous: SubscriptionState | null
}

/** Reports a subscription. `sync_subscription.sql` says who its owner is, and which of two reports counts. */
export const sync = (facts: ReportedSubscription): Effect => ({
  verb: 'sync_subscription',
  facts: { ...facts },
})

/** An effect of an event that names no app, in a Stripe account that several apps share. */
export interface Conditional extends Effect {
  /** Ids of Stripe's that the event names: if one of them is known here, the event is ours. */
  about: string[]
  user_id: string | null
}

/** Makes an effect conditional. `if_known.sql` says when it runs, and how long it is kept. */
export const ifKnown = (facts: Conditional): Effect => ({ verb: 'if_known', facts: { ...facts } })

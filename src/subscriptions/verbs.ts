import type { Effect } from '../db.ts'

/** A subscription as Stripe reports it: columns of `subscriptions`. */
export interface SubscriptionState {
  status: string
  stripe_price_id: string | null
  plan_key: string | null
  /** Null where PLANS names none. */
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
  /** The user that its metadata names. A living one comes before whoever holds the customer. */
  user_id: string | null
  /** The event of its creation, any later one, or Stripe itself when it was read back. */
  source: 'created' | 'updated' | 'read'
  livemode: boolean
  state: SubscriptionState
  /** What the event says was before it. Null where it says nothing. */
  previous: SubscriptionState | null
}

/** `sync_subscription.sql` says whose it is and which of two reports holds. */
export const sync = (facts: ReportedSubscription): Effect => ({
  verb: 'sync_subscription',
  facts: { ...facts },
})

/** An effect of an event that names no app, on a Stripe account that several share. */
export interface Conditional extends Effect {
  /** Ids of Stripe's that the event names: if one of them is known here, the event is ours. */
  about: string[]
  user_id: string | null
}

/** `if_known.sql` says when the effect is taken, and how long it is kept. */
export const ifKnown = (facts: Conditional): Effect => ({ verb: 'if_known', facts: { ...facts } })

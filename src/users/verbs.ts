import type { Effect } from '../db.ts'

/** What Clerk says about a user. `sync_user.sql` says what it causes. */
export interface UserClaim {
  user_id: string
  email: string | null
  /** Only a verified address may displace another active user's. */
  email_verified: boolean
  /** Whether a claim without an address is refused. */
  email_required: boolean
  name: string | null
  /** By Clerk's clock, to the millisecond: orders the claims about one user. */
  updated_at: Date
  /** When the person signed up at Clerk. Null if the event does not say so: then there is no bonus. */
  created_at: Date | null
  /** Whether the person is banned in Clerk. */
  banned: boolean
  /**
   * Credits for a person who signed up at `signup_bonus_since` or later. If that is null: since Ledgerhook was
   * installed.
   */
  signup_bonus: number
  signup_bonus_since: string | null
  /** Once per user, or once per user and per address. */
  signup_bonus_once_per: 'user' | 'email'
  /** Every address that Clerk has verified, if the bonus is given once per address. Else null. */
  verified_addresses: string[] | null
}

export const sync = (facts: UserClaim): Effect => ({ verb: 'sync_user', facts: { ...facts } })

export const close = (facts: {
  user_id: string
  /** Whether the signup bonus is given once per address: this user's address is then used up. */
  use_address: boolean
}): Effect => ({ verb: 'close_user', facts })

export const linkCustomer = (facts: {
  user_id: string
  /** Another id that the session names. If it is another user's, the two contradict each other. */
  reference: string | null
  stripe_customer_id: string
}): Effect => ({
  verb: 'link_customer',
  facts,
})

/** Links a customer by a reference only: the user gets what the customer pays for, and never holds the customer. */
export const referCustomer = (facts: { user_id: string; stripe_customer_id: string }): Effect => ({
  verb: 'refer_customer',
  facts,
})

/** Reports that a customer is gone at Stripe. */
export const unlinkCustomer = (facts: { stripe_customer_id: string }): Effect => ({
  verb: 'unlink_customer',
  facts,
})

/**
 * Has no effect, but is kept under the owner of the customer it is about, or under the user whom it names. It is
 * rejected only if that user is known here.
 */
export const recordForCustomer = (facts: {
  outcome: 'ignored' | 'rejected'
  reason: 'no_effect' | 'before_start'
  user_id: string | null
  stripe_customer_id: string | null
}): Effect => ({ verb: 'record_for_customer', facts })

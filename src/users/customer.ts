import { call, type Database } from '../db.ts'
import type { SignedIn, UserRefusal } from './signed-in.ts'

/** What Stripe learns about a user, and the customer that the user already is there. */
export interface Buyer {
  email: string | null
  name: string | null
  stripe_customer_id: string | null
  /** Why the user may not buy now, though the customer portal is open. */
  barred: 'user_banned' | null
}

/** @throws DatabaseUnavailable */
export const readBuyer = (db: Database, who: SignedIn) => call<Buyer | UserRefusal>(db, 'read_buyer', [who])

export interface Adoption {
  user_id: string
  /** Whether deleted users' payloads are erased. */
  erase: boolean
  stripe_customer_id: string
  /** The customer that this one replaces: Stripe says that it is deleted. */
  gone: string | null
  /** The customer that this one replaces: Stripe has never heard of it. Then the key's account must be known. */
  unknown: string | null
  /** Of the Stripe key. Null where nobody asked. */
  account: string | null
  livemode: boolean
}

/**
 * The user's customer from now on: this one, unless the user has got another meanwhile. Null where this one is deleted.
 * @throws DatabaseUnavailable
 */
export const adoptCustomer = (db: Database, adoption: Adoption) =>
  call<{ stripe_customer_id: string | null } | UserRefusal | { refused: 'wrong_key' }>(db, 'adopt_customer', [
    adoption,
  ])

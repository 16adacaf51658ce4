import { call, type Database } from '../db.ts'
import type { SignedIn, UserRefusal } from './signed-in.ts'

/** What Stripe learns about a user, and the user's present customer there. */
export interface Buyer {
  email: string | null
  name: string | null
  stripe_customer_id: string | null
  /** Why the user may not buy now. The customer portal is open all the same. */
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
  /** The customer that this one replaces: Stripe does not know it. Then the key's account must be known. */
  unknown: string | null
  /** The account of the Stripe key. Null if it was not read. */
  account: string | null
  livemode: boolean
}

/**
 * Stores the user's customer and returns the one that holds from now on: another one if another request was faster, or
 * null if this one is deleted.
 * @throws DatabaseUnavailable
 */
export const adoptCustomer = (db: Database, adoption: Adoption) =>
  call<{ stripe_customer_id: string | null } | UserRefusal | { refused: 'wrong_key' }>(db, 'adopt_customer', [
    adoption,
  ])

import type Stripe from 'stripe'
import type { Database } from '../db.ts'
import { adoptCustomer, type Buyer } from '../users/customer.ts'
import type { UserRefusal } from '../users/signed-in.ts'
import { serveStripeAccount } from '../users/stripe-account.ts'
import { readAccount, wrongKey } from './key.ts'
import { ask, isMissing, StripeTrouble } from './trouble.ts'

/** A client of Stripe with the key, and the database. */
export interface Shop {
  stripe: Stripe
  db: Database
  /** Whether the key is of live mode. */
  livemode: boolean
}

/** What a sale needs in addition: who buys. */
export interface Sale extends Shop {
  userId: string
  /** The metadata of everything that is created for the sale: the user, and the app if several share the account. */
  names: { user_id: string; app?: string }
  /** Whether deleted users' payloads are erased. */
  erase: boolean
  buyer: Buyer
}

/** The most attempts with a spent key or a deleted customer before the person is asked to try again. */
const ATTEMPTS = 4

/** The user may not buy: deleted or banned since the sale began. */
export class BuyerRefused extends Error {
  override name = 'BuyerRefused'
  readonly refusal: UserRefusal

  constructor(refusal: UserRefusal) {
    super(refusal.refused)
    this.refusal = refusal
  }
}

/**
 * Does something with the user's Stripe customer. Creates one if there is none. Replaces one that Stripe has deleted,
 * or that is of another mode or account than the key and the database now serve. A customer is stored before it is
 * used, so that the database knows the customer of each purchase.
 * @throws StripeTrouble, BuyerRefused, DatabaseUnavailable; Misconfigured if the key is of another account or mode
 */
export async function withCustomer<T>(sale: Sale, use: (customer: string) => Promise<T>): Promise<T> {
  let customer = sale.buyer.stripe_customer_id ?? (await makeCustomer(sale, {}))
  for (let attempt = 1; ; attempt++) {
    try {
      return await use(customer)
    } catch (error) {
      if (!isMissing(error, 'customer') || attempt === ATTEMPTS) throw error
      const isGone = await isDeleted(sale.stripe, customer)
      customer = await makeCustomer(sale, isGone ? { gone: customer } : { unknown: customer })
    }
  }
}

/**
 * Whether Stripe itself says that a customer is deleted. One that it does not know belongs to another account or mode:
 * either the key is wrong, or the customer dates from an earlier key.
 */
export async function isDeleted(stripe: Stripe, customer: string): Promise<boolean> {
  try {
    return (await ask(stripe.customers.retrieve(customer))).deleted === true
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

/** The customer that is replaced: Stripe has deleted it (`gone`), or does not know it (`unknown`). */
interface Replaced {
  gone?: string
  unknown?: string
}

/**
 * Creates and stores a customer. Two clicks at once get the same one: Stripe's idempotency key and the user's row see
 * to that.
 */
async function makeCustomer(sale: Sale, { gone, unknown }: Replaced): Promise<string> {
  const { db, userId: user_id, erase, livemode } = sale
  const account = unknown ? await servedAccount(sale) : null
  let replaces = gone ?? unknown ?? null
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const made = await createOnce(sale, replaces)
    const adopted = await adoptCustomer(db, {
      user_id,
      erase,
      stripe_customer_id: made,
      account,
      livemode,
      gone: gone ?? null,
      unknown: unknown ?? null,
    })
    if ('refused' in adopted) {
      if (adopted.refused === 'wrong_key') throw wrongKey()
      throw new BuyerRefused(adopted)
    }
    if (adopted.stripe_customer_id !== null) return adopted.stripe_customer_id
    // Stripe keeps a key's result for a day, and this customer has been deleted since.
    replaces = made
  }
  throw new StripeTrouble('unavailable')
}

/**
 * Returns the account of the key, which is the one that the database serves.
 * @throws StripeTrouble, DatabaseUnavailable; Misconfigured if it is another account or mode, or may not be read
 */
export async function servedAccount({ stripe, db, livemode }: Shop): Promise<string> {
  const account = await readAccount(stripe)
  const { served } = await serveStripeAccount(db, { account, livemode })
  if (!served) throw wrongKey()
  return account
}

/**
 * Creates a customer with a key that names the user and the customer that is replaced, so that one key creates one
 * customer however often it is used. For a day after a failure Stripe repeats that failure, and for a day after a
 * change of the user's address it refuses the key. Then the next key is used, which is again the same for every
 * request.
 */
async function createOnce({ stripe, userId, names, buyer }: Sale, replaces: string | null): Promise<string> {
  const params = {
    ...(buyer.email && { email: buyer.email }),
    ...(buyer.name && { name: buyer.name }),
    metadata: names,
  }
  const key = `customer:${userId}:${replaces ?? 'none'}`
  for (let attempt = 1; ; attempt++) {
    const idempotencyKey = attempt === 1 ? key : `${key}:${attempt}`
    try {
      return (await ask(stripe.customers.create(params, { idempotencyKey }))).id
    } catch (error) {
      if (!(error instanceof StripeTrouble && error.keyIsSpent) || attempt === ATTEMPTS) throw error
    }
  }
}

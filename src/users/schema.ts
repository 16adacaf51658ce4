import { sql } from 'drizzle-orm'
import { boolean, check, index, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { createdAt, ledgerhook, moment, providerMoment, updatedAt } from '../schema.ts'

/** The people of your Clerk instance. A user is known while the user's wallet is open. */
export const users = ledgerhook.table(
  'users',
  {
    id: text().primaryKey(),
    email: text(),
    /** Whether Clerk has verified `email`: only a verified address may displace another user's. */
    emailVerified: boolean('email_verified').notNull().default(false),
    name: text(),
    stripeCustomerId: text('stripe_customer_id').unique(),
    provisionedBy: text('provisioned_by', { enum: ['webhook', 'session', 'reconcile'] })
      .notNull()
      .default('webhook'),
    /** Clerk's `data.updated_at` of the newest event applied: it orders user events. */
    clerkUpdatedAt: providerMoment('clerk_updated_at'),
    deactivatedAt: moment('deactivated_at'),
    /** Whether the signup bonus waits for a verified address. Null if that was never decided. */
    bonusWithheld: boolean('bonus_withheld'),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (users) => [
    uniqueIndex('users_active_email')
      .on(sql`lower(${users.email})`)
      .where(sql`${users.deactivatedAt} is null`),
    check('users_provisioned_by', sql`${users.provisionedBy} in ('webhook', 'session', 'reconcile')`),
  ],
)

/** The present or last owner of each Stripe customer. A row outlives the user's row, and the customer. */
export const stripeCustomers = ledgerhook.table(
  'stripe_customers',
  {
    id: text().primaryKey(),
    /** Null for a customer that was gone before anybody was known to have it. */
    userId: text('user_id'),
    /**
     * Whether its owner is known only by a `client_reference_id`, which the buyer's browser can change. The user gets
     * what the customer pays for, but nothing is sold to the user through it.
     */
    byReference: boolean('by_reference').notNull().default(false),
    /** When Ledgerhook learned that it is gone: nothing links it again. */
    deletedAt: moment('deleted_at'),
    /** Whether it is of live mode. Null for customers from before this was kept. */
    livemode: boolean(),
    /** When Ledgerhook learned that the served account and mode do not have it: nothing links it again. */
    unlinkedAt: moment('unlinked_at'),
    createdAt: createdAt(),
  },
  (customers) => [index('stripe_customers_user').on(customers.userId)],
)

/** This database's own key for the HMACs of addresses. A migration creates it, and nothing changes it. */
export const bonusKey = ledgerhook.table('bonus_key', {
  /** Always true: there is one row. */
  one: boolean().primaryKey().default(true),
  /** 32 random bytes, in hexadecimal. */
  key: text().notNull(),
})

/** Addresses whose signup bonus is used up, each as its HMAC. They outlive their users, and the erasure of those. */
export const bonusAddresses = ledgerhook.table('bonus_addresses', {
  address: text().primaryKey(),
  createdAt: createdAt(),
})

/** The account and mode of Stripe that this database serves. */
export const stripeAccount = ledgerhook.table('stripe_account', {
  /** Always true: there is one row. */
  one: boolean().primaryKey().default(true),
  /** `acct_…`. Null until it was read from Stripe. */
  account: text(),
  livemode: boolean().notNull(),
  /** The mode of rows that have no mode of their own. */
  firstLivemode: boolean('first_livemode').notNull(),
  since: moment('since').notNull().defaultNow(),
})

import { sql } from 'drizzle-orm'
import { boolean, check, pgTable, text, timestamp, uniqueIndex } from 'drizzle-orm/pg-core'

export const users = pgTable(
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
    /** Clerk's `data.updated_at` of the newest event applied: what orders user events. */
    clerkUpdatedAt: timestamp('clerk_updated_at', { withTimezone: true, precision: 3 }),
    deactivatedAt: timestamp('deactivated_at', { withTimezone: true }),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (users) => [
    uniqueIndex('users_active_email')
      .on(sql`lower(${users.email})`)
      .where(sql`${users.deactivatedAt} is null`),
    check('users_provisioned_by', sql`${users.provisionedBy} in ('webhook', 'session', 'reconcile')`),
  ],
)

/** Whose a Stripe customer is or was: outlives the user's row, and the customer. */
export const stripeCustomers = pgTable('stripe_customers', {
  id: text().primaryKey(),
  /** Null for a customer that was gone before anybody was known to have it. */
  userId: text('user_id'),
  /** When we learned that it is gone: nothing links it again. */
  deletedAt: timestamp('deleted_at', { withTimezone: true }),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
})

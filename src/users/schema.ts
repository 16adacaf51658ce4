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

import { sql } from 'drizzle-orm'
import { index, primaryKey, text } from 'drizzle-orm/pg-core'
import { ledgerhook, moment, wholeNumber } from '../schema.ts'

/** Differences that the scheduled comparison with the providers found. A row is deleted once its difference is gone. */
export const differences = ledgerhook.table(
  'differences',
  {
    provider: text().notNull(),
    /** The provider's id: of a session, an invoice, a user, an event, … */
    object: text().notNull(),
    kind: text().notNull(),
    userId: text('user_id'),
    /** Credits that would move. Null if that is not known. */
    credits: wholeNumber('credits'),
    reason: text(),
    /** The pass that saw it first: another one has to confirm it. */
    firstPass: text('first_pass').notNull(),
    firstSeenAt: moment('first_seen_at').notNull().defaultNow(),
    lastSeenAt: moment('last_seen_at').notNull().defaultNow(),
    /** When a second pass had seen it, and it was reported. */
    reportedAt: moment('reported_at'),
    /** When a person had dealt with it. Nothing reports it any more until it differs in another way. */
    settledAt: moment('settled_at'),
    /** An operator's name, or the role of the database that ran the command. */
    settledBy: text('settled_by'),
    /** Why, in that person's words. */
    note: text(),
  },
  (differences) => [
    primaryKey({ columns: [differences.provider, differences.object] }),
    index('differences_seen').on(differences.lastSeenAt),
    index('differences_reported')
      .on(differences.reportedAt)
      .where(sql`${differences.reportedAt} is not null`),
  ],
)

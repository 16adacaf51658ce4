import { sql } from 'drizzle-orm'
import { check, index, integer, jsonb, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { createdAt, ledgerhook, moment, wholeNumber } from '../schema.ts'

/** The number of the newest event of each user. A transaction that adds or ends an event locks the user's row here. */
export const outgoingQueues = ledgerhook.table('outgoing_queues', {
  /** Empty for events about no user. */
  userId: text('user_id').primaryKey(),
  sequence: wholeNumber('sequence').notNull(),
})

/** Events for your app, each written in the commit of its cause. */
export const outgoingEvents = ledgerhook.table(
  'outgoing_events',
  {
    id: text().primaryKey(),
    userId: text('user_id').notNull(),
    /** The order in which this user's events are delivered. */
    sequence: wholeNumber('sequence').notNull(),
    type: text().notNull(),
    /** The business fact that it reports, so that each fact is reported once. */
    fact: text().notNull().unique(),
    /** Ids, amounts and balance. */
    data: jsonb().notNull(),
    state: text({ enum: ['open', 'sent', 'undelivered'] })
      .notNull()
      .default('open'),
    /**
     * When the scheduled run sends it. It is in the future while the event is being sent, and between two tries. Null
     * unless it is the user's first open event: only that one is sent.
     */
    nextAt: moment('next_at'),
    /** How often it was sent. A report of a try names this number, so that an outdated report is recognized. */
    tries: integer().notNull().default(0),
    /** The status of the receiver's last response. Null if there was none. */
    lastStatus: integer('last_status'),
    createdAt: createdAt(),
    /**
     * When a person had it sent again: its three days begin anew then. What is sent stays the same, including
     * `created_at`.
     */
    resentAt: moment('resent_at'),
    endedAt: moment('ended_at'),
  },
  (events) => [
    uniqueIndex('outgoing_events_order').on(events.userId, events.sequence),
    uniqueIndex('outgoing_events_open')
      .on(events.userId, events.sequence)
      .where(sql`${events.state} = 'open'`),
    index('outgoing_events_due').on(events.nextAt).where(sql`${events.nextAt} is not null`),
    index('outgoing_events_sent').on(events.endedAt).where(sql`${events.state} = 'sent'`),
    index('outgoing_events_undelivered').on(events.endedAt).where(sql`${events.state} = 'undelivered'`),
    check('outgoing_events_state', sql`${events.state} in ('open', 'sent', 'undelivered')`),
  ],
)

import { sql } from 'drizzle-orm'
import { check, index, integer, jsonb, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { createdAt, ledgerhook, moment, wholeNumber } from '../schema.ts'

/** The number of the newest event of each user. Its row is locked by whoever adds an event or ends one. */
export const outgoingQueues = ledgerhook.table('outgoing_queues', {
  /** Empty for events about no user. */
  userId: text('user_id').primaryKey(),
  sequence: wholeNumber('sequence').notNull(),
})

/** What your app is told, written in the commit of its cause. */
export const outgoingEvents = ledgerhook.table(
  'outgoing_events',
  {
    id: text().primaryKey(),
    userId: text('user_id').notNull(),
    /** Of this user: the order in which the events are delivered. */
    sequence: wholeNumber('sequence').notNull(),
    type: text().notNull(),
    /** The business fact that it tells, so that a fact is told once. */
    fact: text().notNull().unique(),
    /** Ids, amounts and balance. */
    data: jsonb().notNull(),
    state: text({ enum: ['open', 'sent', 'undelivered'] })
      .notNull()
      .default('open'),
    /**
     * When the scheduled run sends it. In the future while somebody sends it, and between two tries. Null unless it is
     * the user's first open one: only that has its turn.
     */
    nextAt: moment('next_at'),
    /** How often it was sent: which of them ends is told by it. */
    tries: integer().notNull().default(0),
    /** What the receiver has said last; null where it said nothing. */
    lastStatus: integer('last_status'),
    createdAt: createdAt(),
    /** When a person had it sent again: its three days begin anew then. What is sent stays the same, `created_at` too. */
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

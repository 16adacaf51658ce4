import { sql } from 'drizzle-orm'
import { bigint, check, foreignKey, index, integer, jsonb, primaryKey, text } from 'drizzle-orm/pg-core'
import { createdAt, ledgerhook, moment, providerMoment } from '../schema.ts'

/** One row for each verified delivery that had a handler, or that could not be read. */
export const webhookEvents = ledgerhook.table(
  'webhook_events',
  {
    provider: text({ enum: ['clerk', 'stripe'] }).notNull(),
    eventId: text('event_id').notNull(),
    /** Null if the body named no type. */
    type: text(),
    outcome: text({ enum: ['applied', 'duplicate', 'stale', 'ignored', 'parked', 'rejected'] }).notNull(),
    reason: text(),
    userId: text('user_id'),
    /** The body that was signed. Null if jsonb cannot hold it, once its user is erased, and after its retention. */
    payload: jsonb(),
    /**
     * The verb and the facts that a waiting delivery runs once it can, with `livemode` if it is of Stripe's test mode.
     * Null if the body could not be read.
     */
    effect: jsonb(),
    /**
     * The provider's ids of what a delivery that is not applied is about, so that `explain` finds it by each of them.
     */
    about: text().array(),
    /** The SQLSTATE with which Postgres refused the effect for its content. */
    sqlstate: text(),
    /** What settled it last: the provider's own delivery, its release from parking, or a comparison with the provider. */
    via: text({ enum: ['webhook', 'release', 'reconcile'] })
      .notNull()
      .default('webhook'),
    /** The build that decided it, as `/api/ready` names it. Null for rows from before this was kept. */
    build: text(),
    /** A hash of the settings by which it was decided: see `settings/deciding.ts`. */
    settingsHash: text('settings_hash'),
    /** How often it was processed. */
    attempts: integer().notNull().default(1),
    occurredAt: providerMoment('occurred_at'),
    receivedAt: moment('received_at').notNull().defaultNow(),
    /** Null while parked. */
    settledAt: moment('settled_at'),
    /** How it came to its effect, if not by its own request and the database only: see `roll_up`. Mostly null. */
    fallback: text(),
    /**
     * Which of the configured secrets matched, counted from 1. Null for the first, and for rows from before this was
     * kept.
     */
    secret: integer(),
  },
  (events) => [
    primaryKey({ columns: [events.provider, events.eventId] }),
    index('webhook_events_user').on(events.userId, events.receivedAt),
    index('webhook_events_user_unsettled')
      .on(events.userId, events.receivedAt)
      .where(sql`${events.outcome} in ('parked', 'rejected')`),
    index('webhook_events_unsettled')
      .on(events.outcome, events.reason, events.receivedAt)
      .where(sql`${events.outcome} in ('parked', 'rejected')`),
    // For `give_up`: ids that no Clerk instance creates.
    index('webhook_events_foreign_user')
      .on(events.receivedAt, events.eventId)
      .where(
        sql`${events.outcome} = 'parked' and ${events.reason} = 'unknown_user' and ${events.userId} !~ '^user_\\w+$'`,
      ),
    index('webhook_events_unread')
      .on(events.userId)
      .where(sql`${events.outcome} = 'parked' and ${events.effect} is null`),
    // For `roll_up` and the page: all that came within a period. Because of its condition, the planner uses it for no
    // other query.
    index('webhook_events_received')
      .on(events.receivedAt)
      .where(sql`${events.provider} in ('clerk', 'stripe')`),
    // For `expire_payloads`: the payloads that `PAYLOAD_RETENTION_DAYS` has yet to empty, the oldest first.
    index('webhook_events_payload_settled')
      .on(events.settledAt)
      .where(sql`${events.payload} is not null and ${events.outcome} not in ('parked', 'rejected')`),
    index('webhook_events_about').using('gin', events.about).where(sql`${events.about} is not null`),
    check(
      'webhook_events_outcome',
      sql`${events.outcome} in ('applied', 'duplicate', 'stale', 'ignored', 'parked', 'rejected')`,
    ),
    check('webhook_events_provider', sql`${events.provider} in ('clerk', 'stripe')`),
    check('webhook_events_via', sql`${events.via} in ('webhook', 'release', 'reconcile')`),
  ],
)

/** What a delivery waits for: one row for each subject, in the form in which locks name it (`user:user_1`). */
export const waiting = ledgerhook.table(
  'waiting',
  {
    subject: text().notNull(),
    provider: text().notNull(),
    eventId: text('event_id').notNull(),
    /** The delivery's own moment, or else when it was received: releases follow this order. */
    occurredAt: providerMoment('occurred_at').notNull(),
    /** When the scheduled run tries it next: its provider has to be asked, or it has failed before. */
    retryAt: moment('retry_at'),
    /** How often the scheduled run has tried it in vain. */
    tries: integer().notNull().default(0),
  },
  (waiting) => [
    primaryKey({ columns: [waiting.provider, waiting.eventId, waiting.subject] }),
    index('waiting_subject').on(waiting.subject, waiting.occurredAt, waiting.eventId),
    index('waiting_retry').on(waiting.retryAt).where(sql`${waiting.retryAt} is not null`),
    foreignKey({
      columns: [waiting.provider, waiting.eventId],
      foreignColumns: [webhookEvents.provider, webhookEvents.eventId],
    }),
  ],
)

/** A subject that has come, and for which more was waiting than one commit releases. */
export const arrived = ledgerhook.table(
  'arrived',
  {
    subject: text().primaryKey(),
    dueAt: moment('due_at').notNull().defaultNow(),
    /** The last waiting row that was looked at. Null: begin with the first. */
    lastOccurredAt: providerMoment('last_occurred_at'),
    lastEventId: text('last_event_id'),
  },
  (arrived) => [index('arrived_due').on(arrived.dueAt)],
)

/** What an isolate has counted that no row of a delivery shows. Read and deleted by `roll_up`. */
export const tallies = ledgerhook.table('tallies', {
  id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  at: moment('at').notNull().defaultNow(),
  /** How often each thing was counted: `stripe refused no_match`, `database 50` (a commit took 50 ms or less). */
  counts: jsonb().notNull(),
})

/** The database functions that a stored effect may name. Filled by `npm run migrate`. */
export const verbs = ledgerhook.table('verbs', { name: text().primaryKey() })

/** What a person has settled by hand, so that nothing credits, grants or reverses it again. */
export const settledFacts = ledgerhook.table('settled_facts', {
  subject: text().primaryKey(),
  provider: text().notNull(),
  eventId: text('event_id').notNull(),
  note: text().notNull(),
  /** The database role of the person. */
  settledBy: text('settled_by').notNull(),
  settledAt: moment('settled_at').notNull().defaultNow(),
})

/** Users whose stored payloads are to be erased. From `asked_at` on, nothing reads those payloads. */
export const erasures = ledgerhook.table(
  'erasures',
  {
    userId: text('user_id').primaryKey(),
    askedAt: moment('asked_at').notNull().defaultNow(),
    /** When the newest payload erased so far was received: the next bite begins there. */
    erasedUntil: moment('erased_until'),
    doneAt: moment('done_at'),
    /** When its next bite is due. A bite that failed delays it. */
    dueAt: moment('due_at').notNull().defaultNow(),
  },
  (erasures) => [index('erasures_open').on(erasures.dueAt).where(sql`${erasures.doneAt} is null`)],
)

/** Work that the scheduled run does in bites: when each task is due, and how often it has failed in a row. */
export const tasks = ledgerhook.table('tasks', {
  name: text().primaryKey(),
  leasedUntil: moment('leased_until'),
  nextAt: moment('next_at').notNull().defaultNow(),
  failures: integer().notNull().default(0),
  /** Where the next bite begins, in a form that only the task knows. */
  cursor: jsonb(),
  lastGoodAt: moment('last_good_at'),
  createdAt: createdAt(),
})

/** What was last seen of something that no row shows: `dead_letters`, or Stripe's newest event. */
export const sightings = ledgerhook.table('sightings', {
  name: text().primaryKey(),
  seenAt: moment('seen_at').notNull().defaultNow(),
  /** The moment that was seen: when Stripe's newest event was created, for instance. */
  moment: moment('moment'),
  count: integer().notNull().default(0),
})

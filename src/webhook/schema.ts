import { sql } from 'drizzle-orm'
import {
  type AnyPgColumn,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
} from 'drizzle-orm/pg-core'

const fact = (effect: AnyPgColumn, name: string) => sql`(${effect}->'facts'->>${sql.raw(`'${name}'`)})`
const known = (effect: AnyPgColumn, name: string) => sql`${fact(effect, name)} is not null`

/** One row per verified delivery that had a handler, or that could not be read. */
export const webhookEvents = pgTable(
  'webhook_events',
  {
    provider: text({ enum: ['clerk', 'stripe'] }).notNull(),
    eventId: text('event_id').notNull(),
    /** Null where the body named no type. */
    type: text(),
    outcome: text({ enum: ['applied', 'duplicate', 'stale', 'ignored', 'parked', 'rejected'] }).notNull(),
    reason: text(),
    userId: text('user_id'),
    /** The body as it was signed. Null where jsonb cannot hold it; personal data erased once its user is deleted with `USER_DELETION` "delete". */
    payload: jsonb(),
    /** What a parked delivery will do once it can: a verb and its facts (ids and amounts). Null where it could not be read. */
    effect: jsonb(),
    /** What settled it last: the provider's own delivery, or its release from parking. */
    via: text({ enum: ['webhook', 'release'] })
      .notNull()
      .default('webhook'),
    /** How often it was looked at. */
    attempts: integer().notNull().default(1),
    occurredAt: timestamp('occurred_at', { withTimezone: true, precision: 3 }),
    receivedAt: timestamp('received_at', { withTimezone: true }).notNull().defaultNow(),
    /** Null while parked. */
    settledAt: timestamp('settled_at', { withTimezone: true }),
  },
  (events) => [
    primaryKey({ columns: [events.provider, events.eventId] }),
    index('webhook_events_user').on(events.userId),
    // By what a delivery waits for. Each has those rows alone, so that none is read in another's place.
    index('webhook_events_customer')
      .on(fact(events.effect, 'stripe_customer_id'))
      .where(known(events.effect, 'stripe_customer_id')),
    index('webhook_events_payment')
      .on(fact(events.effect, 'payment_intent_id'))
      .where(known(events.effect, 'payment_intent_id')),
    index('webhook_events_charge')
      .on(fact(events.effect, 'charge_id'))
      .where(known(events.effect, 'charge_id')),
    index('webhook_events_unsettled')
      .on(events.outcome, events.userId)
      .where(sql`${events.outcome} in ('parked', 'rejected')`),
    check(
      'webhook_events_outcome',
      sql`${events.outcome} in ('applied', 'duplicate', 'stale', 'ignored', 'parked', 'rejected')`,
    ),
    check('webhook_events_provider', sql`${events.provider} in ('clerk', 'stripe')`),
  ],
)

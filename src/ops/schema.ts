import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  doublePrecision,
  index,
  integer,
  jsonb,
  primaryKey,
  text,
} from 'drizzle-orm/pg-core'
import { createdAt, ledgerhook, moment, wholeNumber } from '../schema.ts'

/** How many deliveries came within ten minutes, by what became of them. An empty text means none. */
export const rates = ledgerhook.table(
  'rates',
  {
    provider: text({ enum: ['clerk', 'stripe'] }).notNull(),
    /** When the ten minutes began. */
    at: moment('at').notNull(),
    /** `rows`: counted from `webhook_events`, and counted again later. `tallies`: counted by isolates. */
    source: text({ enum: ['rows', 'tallies'] }).notNull(),
    type: text().notNull(),
    /** Also `refused` (wrong signature) and `unavailable` (5xx), which have no row. */
    outcome: text().notNull(),
    reason: text().notNull(),
    fallback: text().notNull(),
    /** Which secret matched, counted from 1. */
    secret: integer().notNull(),
    count: bigint({ mode: 'number' }).notNull(),
    firstAt: moment('first_at').notNull(),
    lastAt: moment('last_at').notNull(),
  },
  (rates) => [
    primaryKey({
      columns: [
        rates.provider,
        rates.at,
        rates.source,
        rates.type,
        rates.outcome,
        rates.reason,
        rates.fallback,
        rates.secret,
      ],
    }),
    // These are few: they come only while a secret is being rotated.
    index('rates_old_secret').on(rates.at).where(sql`${rates.secret} > 1`),
  ],
)

/** How long the database took, within ten minutes: how many queries took this many milliseconds or less. */
export const queryTimes = ledgerhook.table(
  'query_times',
  {
    at: moment('at').notNull(),
    uptoMs: doublePrecision('upto_ms').notNull(),
    queries: bigint({ mode: 'number' }).notNull(),
  },
  (times) => [primaryKey({ columns: [times.at, times.uptoMs] })],
)

/** For how long the oldest parked delivery had waited, at most, within ten minutes. Without a run there is no row. */
export const parkedAges = ledgerhook.table('parked_ages', {
  /** When the ten minutes began. */
  at: moment('at').primaryKey(),
  /** 0 if none waited. */
  hours: doublePrecision('hours').notNull(),
})

/** What operators have done on the page `/ops`. Append-only: a trigger refuses every change of a row. */
export const operatorActions = ledgerhook.table(
  'operator_actions',
  {
    id: wholeNumber('id').primaryKey().generatedAlwaysAsIdentity(),
    at: moment('at').notNull().defaultNow(),
    /** The name of the token in OPS_TOKEN with which the person signed in; `operator` if it has none. */
    operator: text().notNull(),
    action: text({
      enum: ['sign_in', 'read_payload', 'look_again', 'settle', 'settle_difference', 'adjust'],
    }).notNull(),
    provider: text(),
    /** The object that differs, if the action is `settle_difference`. */
    eventId: text('event_id'),
    userId: text('user_id'),
    /** Credits of an adjustment, signed. */
    amount: wholeNumber('amount'),
    /** Why, in the operator's words. */
    note: text(),
  },
  (actions) => [
    index('operator_actions_event')
      .on(actions.eventId, actions.id)
      .where(sql`${actions.eventId} is not null`),
    index('operator_actions_user').on(actions.userId, actions.id).where(sql`${actions.userId} is not null`),
    check(
      'operator_actions_action',
      sql`${actions.action} in ('sign_in', 'read_payload', 'look_again', 'settle', 'settle_difference', 'adjust')`,
    ),
  ],
)

/**
 * Failed attempts to sign in to the page, by bucket: the network they come from, hashed to one of 1,024. So strangers
 * cannot fill the table, and somebody who guesses delays few others.
 */
export const signInFailures = ledgerhook.table('sign_in_failures', {
  bucket: integer().primaryKey(),
  failures: integer().notNull(),
  /** Until when no attempt of this bucket is checked. */
  blockedUntil: moment('blocked_until').notNull(),
})

/** An alert that is open, about to be, or was: one row for each alert and what it is about. */
export const alerts = ledgerhook.table(
  'alerts',
  {
    name: text().notNull(),
    /** A reason of parked deliveries, for instance. Empty if the name says everything. */
    about: text().notNull(),
    /** `pending`: its cause is there, but not for long enough yet, or it was open a moment ago. */
    state: text({ enum: ['pending', 'open', 'closed'] }).notNull(),
    critical: boolean().notNull(),
    /** In the unit of the alert: a share, hours, minutes, milliseconds, or a number. */
    value: doublePrecision().notNull(),
    threshold: doublePrecision(),
    /** Ids behind the value. */
    details: jsonb().notNull(),
    /** Since when its cause is there. */
    since: moment('since').notNull(),
    openedAt: moment('opened_at'),
    closedAt: moment('closed_at'),
    /** While it is open: since when the value is far enough below the threshold for it to close. */
    belowSince: moment('below_since'),
    repeats: integer().notNull().default(0),
    /** When it is repeated. */
    nextRepeatAt: moment('next_repeat_at'),
    checkedAt: moment('checked_at').notNull().defaultNow(),
  },
  (alerts) => [primaryKey({ columns: [alerts.name, alerts.about] })],
)

/** Messages that `ALERT_WEBHOOK_URL` has yet to receive. A row is deleted once its message was accepted. */
export const alertMessages = ledgerhook.table('alert_messages', {
  /** The same in each try, so that a receiver recognizes what it has received already. */
  id: text().primaryKey(),
  sequence: bigint({ mode: 'number' }).notNull().generatedAlwaysAsIdentity(),
  name: text().notNull(),
  about: text().notNull(),
  body: jsonb().notNull(),
  tries: integer().notNull().default(0),
  nextAt: moment('next_at').notNull().defaultNow(),
  createdAt: createdAt(),
})

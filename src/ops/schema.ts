import { bigint, doublePrecision, integer, primaryKey, text } from 'drizzle-orm/pg-core'
import { ledgerhook, moment } from '../schema.ts'

/** How many deliveries came within ten minutes, by what became of them. An empty text is none. */
export const rates = ledgerhook.table(
  'rates',
  {
    provider: text({ enum: ['clerk', 'stripe'] }).notNull(),
    /** When the ten minutes began. */
    at: moment('at').notNull(),
    /** `rows`: counted from `webhook_events`, and counted again later. `tallies`: what an isolate has counted. */
    source: text({ enum: ['rows', 'tallies'] }).notNull(),
    type: text().notNull(),
    /** Also `refused` (its signature) and `unavailable` (5xx), which have no row. */
    outcome: text().notNull(),
    reason: text().notNull(),
    fallback: text().notNull(),
    /** Which secret has matched, counted from 1. */
    secret: integer().notNull(),
    count: bigint({ mode: 'number' }).notNull(),
    firstAt: moment('first_at').notNull(),
    lastAt: moment('last_at').notNull(),
  },
  (rates) => [
    primaryKey({
      columns: [
        ...[rates.provider, rates.at, rates.source, rates.type, rates.outcome, rates.reason],
        ...[rates.fallback, rates.secret],
      ] as [typeof rates.provider],
    }),
  ],
)

/** How long the database took, within ten minutes: how many queries took so many milliseconds or less. */
export const queryTimes = ledgerhook.table(
  'query_times',
  {
    at: moment('at').notNull(),
    uptoMs: doublePrecision('upto_ms').notNull(),
    queries: bigint({ mode: 'number' }).notNull(),
  },
  (times) => [primaryKey({ columns: [times.at, times.uptoMs] })],
)

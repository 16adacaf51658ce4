import type { Context } from 'hono'
import { call, connect, type Database } from '../db.ts'
import { settingsOf } from '../settings.ts'
import { returnTally, takeTally } from '../tally.ts'
import { fromMetrics, type Measured } from './metrics-sql.ts'

/** What came to the webhooks within a period. */
export interface Rate {
  /** All requests, including those that were no verified delivery. */
  requests: number
  verified: number
  /** Those whose signature was missing, wrong or old. */
  refused: number
  /** Those that got a 5xx. */
  unavailable: number
  /** (5xx + refused) ÷ all. Null if nothing came. */
  error_rate: number | null
  /** All fallbacks but `none` ÷ verified. Null if nothing was verified. */
  fallback_rate: number | null
  outcomes: Record<string, number>
  fallbacks: Record<string, number>
  /** The upper bound of a step. Null if nothing is known. */
  database_p95_ms: number | null
  /** The highest value that a scheduled run has seen. Null if no run has looked. */
  oldest_parked_hours: number | null
}

export interface Rates {
  since: string
  total: Rate
  /** The oldest first. */
  hours: ({ hour: string } & Rate)[]
  kinds: {
    provider: string
    type: string | null
    outcome: string
    reason: string | null
    fallback: string
    secret: number
    count: number
  }[]
}

/** Returns rates by the hour, from the tables. @throws DatabaseUnavailable */
export const readRates = (db: Database, hours: number) => call<Rates>(db, 'read_rates', [{ hours }])

/** The most hours that are shown: 30 days. */
const MOST_HOURS = 720

/** Returns to an operator what came, hour by hour, with what Analytics Engine counted if that can be read. */
export async function rates(c: Context): Promise<Response> {
  const hours = Number(c.req.query('hours') ?? 24)
  if (!Number.isInteger(hours) || hours < 1 || hours > MOST_HOURS) {
    return c.json({ error: 'invalid_request', fields: { hours: [`takes 1 to ${MOST_HOURS}`] } }, 400)
  }
  const settings = settingsOf(c.env)
  const [series, metrics] = await Promise.all([
    readRates(connect(settings), hours),
    fromMetrics(settings, hours),
  ])
  const measured = new Map<string, Measured>(metrics?.hours.map((one) => [one.hour, one]))
  return c.json({
    ...series,
    metrics: metrics?.status ?? 'off',
    hours: series.hours.map((hour) => ({
      ...hour,
      metrics: measured.get(new Date(hour.hour).toISOString()) ?? null,
    })),
  })
}

/** Counts a bite of what has come. @throws DatabaseUnavailable */
export async function rollUp(db: Database, until: unknown): Promise<{ more: boolean; cursor: unknown }> {
  const tally = takeTally(0) ?? null
  try {
    const { more, until: cursor } = await call<{ until: string; more: boolean }>(db, 'roll_up', [
      { until: until ?? null, tally },
    ])
    return { more, cursor }
  } catch (error) {
    returnTally(tally ?? undefined)
    throw error
  }
}

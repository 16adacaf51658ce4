/** Cloudflare's Analytics Engine, as far as it is used here. */
interface Dataset {
  writeDataPoint(point: { indexes: string[]; blobs: string[]; doubles: number[] }): void
}

/** Something that is counted. Ids and personal data are no part of it. */
export interface Point {
  /** `clerk`, `stripe`, or `api` for any other route. */
  provider: string
  /** The event's type, or the route. */
  type: string | null
  outcome: string
  reason: string | null
  /** The HTTP status of the response. Null where there was none: a later look at a delivery. */
  status: number | null
  fallback: string
  /** Which of the configured secrets has matched, counted from 1. */
  secret: number | null
  /** Zero for a later look at a delivery, which was counted when it came. */
  count: 0 | 1
  duration_ms: number
  database_ms: number
}

/**
 * Writes one point to the dataset that is bound as `METRICS`, if one is. What cannot be written is left out: it is for
 * rates, not for money. docs/operations.md names the columns.
 */
export function record(env: object, point: Point): void {
  const { provider, type, outcome, reason, status, fallback, secret, count, ...timing } = point
  const blobs = [provider, type, outcome, reason, status, fallback, secret].map((value) => `${value ?? ''}`)
  try {
    const doubles = [count, timing.duration_ms, timing.database_ms]
    ;(env as { METRICS?: Dataset }).METRICS?.writeDataPoint({ indexes: [provider], blobs, doubles })
  } catch {
    // More than an invocation may write.
  }
}

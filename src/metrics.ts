/** The part of a Cloudflare Analytics Engine dataset that is used here. */
interface Dataset {
  writeDataPoint(point: { indexes: string[]; blobs: string[]; doubles: number[] }): void
}

/** One thing to count. It has no ids and no personal data. */
export interface Point {
  /** `clerk`, `stripe`, or `api` for any other route. */
  provider: string
  /** The event's type, or the route. */
  type: string | null
  outcome: string
  reason: string | null
  /** The HTTP status of the response. Null if there was none: the delivery was only looked at again. */
  status: number | null
  fallback: string
  /** Which of the configured secrets matched, counted from 1. */
  secret: number | null
  /** Zero if the delivery was only looked at again: it was counted when it came. */
  count: 0 | 1
  duration_ms: number
  database_ms: number
}

/**
 * Writes one point to the dataset that is bound as `METRICS`, if one is. If that fails, the point is dropped: it serves
 * rates, not money. docs/operations.md names the columns.
 */
export function record(env: object, point: Point): void {
  const { provider, type, outcome, reason, status, fallback, secret, count, ...timing } = point
  const blobs = [provider, type, outcome, reason, status, fallback, secret].map((value) => `${value ?? ''}`)
  try {
    const doubles = [count, timing.duration_ms, timing.database_ms]
    ;(env as { METRICS?: Dataset }).METRICS?.writeDataPoint({ indexes: [provider], blobs, doubles })
  } catch {
    // One invocation may write only a limited number of points.
  }
}

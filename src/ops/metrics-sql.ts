import type { Settings } from '../settings.ts'
import { member } from '../values.ts'

/** What Analytics Engine counted within an hour. */
export interface Measured {
  hour: string
  requests: number
  refused: number
  unavailable: number
  duration_p95_ms: number
  database_p95_ms: number
}

const READ_MS = 5_000

/**
 * Reads the points that this Worker has written, hour by hour. They are sampled, so they serve rates, not money. Null
 * if `METRICS_READ` is unset. Never throws.
 */
export async function fromMetrics(
  { METRICS_READ }: Settings,
  hours: number,
): Promise<{ status: 'read' | 'unavailable'; hours: Measured[] } | null> {
  if (!METRICS_READ) return null
  const { account, dataset, token } = METRICS_READ
  try {
    const response = await fetch(
      `https://api.cloudflare.com/client/v4/accounts/${account}/analytics_engine/sql`,
      {
        method: 'POST',
        headers: { Authorization: `Bearer ${token}` },
        body: queryOf(dataset, hours),
        redirect: 'manual',
        signal: AbortSignal.timeout(READ_MS),
      },
    )
    const rows = response.ok ? member(await response.json(), 'data') : null
    if (Array.isArray(rows)) return { status: 'read', hours: rows.map(measured) }
  } catch {
    // The page then shows only what the tables say.
  }
  return { status: 'unavailable', hours: [] }
}

/**
 * Returns the query. blob1 is the provider, blob3 the outcome; double1 whether it is counted, double2 and double3 are
 * milliseconds.
 */
const queryOf = (dataset: string, hours: number) => `
  SELECT toUnixTimestamp(toStartOfInterval(timestamp, INTERVAL '1' HOUR)) AS hour,
    SUM(_sample_interval * double1) AS requests,
    SUM(IF(blob3 = 'refused', _sample_interval * double1, 0)) AS refused,
    SUM(IF(blob3 = 'unavailable', _sample_interval * double1, 0)) AS unavailable,
    quantileExactWeighted(0.95)(double2, _sample_interval) AS duration_p95,
    quantileExactWeighted(0.95)(double3, _sample_interval) AS database_p95
  FROM ${dataset}
  WHERE timestamp > NOW() - INTERVAL '${hours}' HOUR AND blob1 IN ('clerk', 'stripe') AND double1 > 0
  GROUP BY hour ORDER BY hour FORMAT JSON`

/** Reads a row. Analytics Engine returns large numbers as text. */
function measured(row: unknown): Measured {
  const number = (name: string) => Number(member(row, name) ?? 0)
  return {
    hour: new Date(number('hour') * 1_000).toISOString(),
    requests: number('requests'),
    refused: number('refused'),
    unavailable: number('unavailable'),
    duration_p95_ms: number('duration_p95'),
    database_p95_ms: number('database_p95'),
  }
}

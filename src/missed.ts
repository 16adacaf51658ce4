import { record } from './metrics.ts'
import { tally } from './tally.ts'

/**
 * Counts a webhook request that got no verdict: `refused` if it could not be verified, or `unavailable` if the Worker
 * could not process it.
 */
export function missed(
  env: object,
  provider: string,
  outcome: 'refused' | 'unavailable',
  reason: string,
  status: number,
  startedAt = Date.now(),
): void {
  tally(provider, outcome, reason.replaceAll(/\W+/g, '_'))
  const duration_ms = Date.now() - startedAt
  const none = { type: null, fallback: 'none', secret: null, database_ms: 0 }
  record(env, { provider, outcome, reason, status, duration_ms, count: 1, ...none })
}

import type { Committed } from './commit.ts'
import type { Delivery } from './delivery.ts'

/** Milliseconds. Workers' clock stands still while code computes: what is measured is the waiting. */
export interface Timing {
  duration_ms: number
  database_ms: number
}

/** Of a delivery, its ids alone are logged: no payload, no personal data, no secret. */
export function logDelivery(
  delivery: Delivery,
  verdict: Committed,
  secret: number | null,
  timing: Timing,
): void {
  log({
    message: 'delivery',
    level: verdict.outcome === 'rejected' || verdict.reason === 'unreadable' ? 'warn' : 'info',
    provider: delivery.provider,
    event: delivery.eventId,
    type: delivery.type,
    outcome: verdict.outcome,
    reason: verdict.reason,
    user: verdict.user_id,
    released: verdict.released || undefined,
    via: delivery.via,
    secret,
    ...timing,
  })
}

/** One structured line. */
export function log(
  line: { message: string; level: 'info' | 'warn' | 'error' } & Record<string, unknown>,
): void {
  console.log(JSON.stringify(line))
}

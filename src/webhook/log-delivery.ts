import { log } from '../log.ts'
import type { Committed, Released } from './commit.ts'
import type { Delivery } from './delivery.ts'
import type { Verdict } from './outcome.ts'

/** Milliseconds. Workers' clock stands still while code computes: what is measured is the waiting. */
export interface Timing {
  duration_ms: number
  database_ms: number
  /** Of what comes out of the queue: how it came, and how long ago it was received. */
  via?: 'queue'
  queued_ms?: number
}

/**
 * One line for the delivery, and one for each that it released. Ids alone are logged: no payload, no personal data, no
 * secret.
 */
export function logDelivery(
  delivery: Delivery,
  verdict: Committed,
  secret: number | null,
  timing: Timing,
): void {
  log({
    message: 'delivery',
    level: levelOf(verdict),
    provider: delivery.provider,
    event: delivery.eventId,
    type: delivery.type,
    outcome: verdict.outcome,
    reason: verdict.reason,
    user: verdict.user_id,
    via: delivery.via,
    secret,
    ...(verdict.cause && { cause: verdict.cause }),
    ...timing,
  })
  logReleased(verdict.released ?? [])
}

/** One line for each delivery that was released from parking. */
export function logReleased(deliveries: Released[]): void {
  for (const { provider, event_id: event, type, user_id: user, ...released } of deliveries) {
    const { outcome, reason } = released
    const level = levelOf(released)
    log({ message: 'delivery', level, provider, event, type, outcome, reason, user, via: 'release' })
  }
}

/** What a person should look at: it is not applied, and may be money. */
function levelOf({ outcome, reason }: Verdict): 'info' | 'warn' {
  const isFromElsewhere = reason === 'mode_mismatch' || reason === 'instance_mismatch'
  return outcome === 'rejected' || reason === 'unreadable' || isFromElsewhere ? 'warn' : 'info'
}

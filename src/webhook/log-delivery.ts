import { log } from '../log.ts'
import { record } from '../metrics.ts'
import { envOf, type Settings } from '../settings.ts'
import type { Committed, Released } from './commit.ts'
import type { Delivery, Fallback } from './delivery.ts'
import { statusOf, type Verdict } from './outcome.ts'
import { PROBE_TYPE } from './probe.ts'
import type { ProviderName } from './provider.ts'

/** Milliseconds. The clock of a Worker stands still while code computes, so only waiting is measured. */
export interface Timing {
  duration_ms: number
  database_ms: number
  /** If it came out of the queue: how it came, and how long ago it was received. */
  via?: 'queue'
  queued_ms?: number
}

/**
 * Logs one line for the delivery, and one for each delivery that it released, and counts each, except what the doctor
 * sends. Only ids are logged: no payload, no personal data, no secret.
 */
export function logDelivery(
  delivery: Delivery,
  verdict: Committed,
  secret: number | null,
  timing: Timing,
  settings: Settings,
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
  if (delivery.type === PROBE_TYPE) return
  const isLater = delivery.via === 'release' || timing.via === 'queue'
  count(delivery, verdict, timing, settings, { secret, status: isLater ? null : statusOf(verdict) })
  logReleased(verdict.released ?? [], settings)
}

const NO_TIME = { duration_ms: 0, database_ms: 0 }

/**
 * Counts a delivery if there is a status; without one, records a later look at a delivery that was counted when it
 * came.
 */
function count(
  { provider, type, fallback }: Pick<Delivery, 'provider' | 'type' | 'fallback'>,
  { outcome, reason, fallback: how }: Verdict & { fallback?: Fallback },
  { duration_ms, database_ms }: Timing,
  settings: Settings,
  { secret, status }: { secret: number | null; status: number | null },
): void {
  const ways: Record<string, string> = { parked: 'parked', queued: 'spilled' }
  record(envOf(settings), {
    provider,
    type,
    outcome,
    reason,
    status,
    secret,
    duration_ms,
    database_ms,
    fallback: ways[outcome] ?? how ?? fallback ?? 'none',
    count: status === null ? 0 : 1,
  })
}

/** Logs one line for each delivery that was released from parking. */
export function logReleased(deliveries: Released[], settings: Settings): void {
  for (const { provider, event_id: event, type, user_id: user, ...released } of deliveries) {
    const { outcome, reason } = released
    const level = levelOf(released)
    log({ message: 'delivery', level, provider, event, type, outcome, reason, user, via: 'release' })
    const about = { provider: provider as ProviderName, type, fallback: 'released' } as const
    count(about, released, NO_TIME, settings, { secret: null, status: null })
  }
}

/** Returns `warn` for what a person should look at: it is not applied, and may be money. */
function levelOf({ outcome, reason }: Verdict): 'info' | 'warn' {
  const isFromElsewhere = reason === 'mode_mismatch' || reason === 'instance_mismatch'
  return outcome === 'rejected' || reason === 'unreadable' || isFromElsewhere ? 'warn' : 'info'
}

import * as z from 'zod/mini'
import { json } from './forms.ts'

/** An alert: what its value means, from which value on it opens, and how long that has to last. */
export interface AlertKind {
  /** The text before the value: `Messages that are dead letters: 1`. */
  says: string
  /** In the alert's own unit. Null: there is no threshold, it is open or not. */
  threshold: number | null
  /** A critical alert that is open turns `/api/health/deep` to 503. */
  critical: boolean
  afterMin: number
}

const alert = (says: string, threshold: number | null, critical = false, afterMin = 0): AlertKind => ({
  says,
  threshold,
  critical,
  afterMin,
})

/** Every alert. docs/operations.md says what to do about each. */
export const ALERT_KINDS: Record<string, AlertKind> = {
  error_rate: alert('Share of the requests of the last hour that got 5xx or were refused', 0.05, true),
  fallback_rate: alert('Share of the deliveries of the last hour that needed a fallback', 0.2),
  refused_share: alert('Share of the requests of the last hour without a valid signature', 0.2),
  parked_age: alert('Hours for which the oldest delivery has waited', 24),
  rejected_untouched: alert('Hours since the oldest rejected delivery came', 24),
  difference: alert('Objects that differ from what Stripe or Clerk have', 1),
  no_complete_reconcile: alert('Hours since everything was compared', 26),
  old_secret: alert('Hours for which an old webhook secret has been in use', 24),
  live_subscription_of_deleted_user: alert('Subscriptions that run for deleted users', 1, false, 60),
  double_subscription: alert('Subscriptions of users who pay for several plans of one group', 1),
  unfinished_erasure: alert('Users who are not erased an hour after it was asked for', 1),
  undelivered_event: alert('Events that your app has not accepted', 1),
  late_task: alert('Scheduled tasks that are late', 1, true, 5),
  failing_task: alert('Scheduled tasks that keep failing', 1),
  queue_age: alert('Minutes for which the oldest message has been in the queue', 15, true),
  dead_letters: alert('Messages that are dead letters', 1, true),
  database_p95: alert('Milliseconds that over 5 of 100 commits of the last hour exceeded', 1_000, true, 10),
  silence: alert('Silence of Stripe, which has new events, as a multiple of what is allowed', 1, true),
  run_late: alert('No scheduled run has ended well for five minutes', null, true),
  database_away: alert('A scheduled run could not reach the database', null, true),
}

/** What `ALERTS` can set for an alert: off, another threshold, or more. */
const change = () =>
  z.union([
    z.literal(false),
    z.number().check(z.gt(0)),
    z.strictObject({ threshold: z.optional(z.number().check(z.gt(0))), critical: z.optional(z.boolean()) }),
  ])

/** Changes keyed by alert, or by `<alert>:<what it is about>`. */
export const alertChanges = () =>
  z.pipe(
    json(),
    z.record(
      z.string().check(z.refine((name) => Object.hasOwn(ALERT_KINDS, name.split(':')[0] ?? ''))),
      change(),
    ),
  )
export type AlertChanges = z.output<ReturnType<typeof alertChanges>>

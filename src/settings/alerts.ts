import * as z from 'zod/mini'
import { json } from './forms.ts'

/** An alert: what it says of its value, from which value on it opens, and how long that has to last. */
export interface AlertKind {
  says: string
  /** In its own unit. Null: there is nothing to set, it is there or not. */
  threshold: number | null
  /** A critical alert that is open turns `/api/health/deep` to 503. */
  critical: boolean
  afterMin: number
}

const alert = (says: string, threshold: number | null, critical = false, afterMin = 0): AlertKind => ({
  ...{ says, threshold, critical, afterMin },
})

/** Every alert there is. docs/operations.md says of each what to do. */
export const ALERT_KINDS: Record<string, AlertKind> = {
  error_rate: alert('of the requests of the last hour got 5xx or were refused', 0.05, true),
  fallback_rate: alert('of the deliveries of the last hour took a fallback', 0.2),
  refused_share: alert('of the requests of the last hour had no valid signature', 0.2),
  parked_age: alert('hours that the oldest delivery has waited', 24),
  rejected_untouched: alert('hours since the oldest rejected delivery came', 24),
  difference: alert('objects differ from what Stripe or Clerk have', 1),
  no_complete_reconcile: alert('hours since everything was compared', 26),
  old_secret: alert('hours for which an old webhook secret has been in use', 24),
  live_subscription_of_deleted_user: alert('subscriptions run for deleted users', 1, false, 60),
  double_subscription: alert('subscriptions are paid twice', 1),
  unfinished_erasure: alert('users are not erased an hour after it was asked for', 1),
  undelivered_event: alert('events were not taken by your app', 1),
  late_task: alert('scheduled tasks are late', 1, true),
  failing_task: alert('scheduled tasks keep failing', 1),
  queue_age: alert('minutes that the oldest message is in the queue', 15, true),
  dead_letters: alert('messages were dead letters', 1, true),
  database_p95: alert('ms: 95 of 100 commits of the last hour took less', 1_000, true, 10),
  silence: alert('times as long as usual without a delivery of Stripe’s, which has new events', 1, true),
  run_late: alert('No scheduled run has ended well for five minutes', null, true),
  database_away: alert('A scheduled run could not reach the database', null, true),
}

/** What `ALERTS` says of an alert: off, another threshold, or more. */
const change = () =>
  z.union([
    z.literal(false),
    z.number().check(z.gt(0)),
    z.strictObject({ threshold: z.optional(z.number().check(z.gt(0))), critical: z.optional(z.boolean()) }),
  ])

/** By alert, or by `<alert>:<what it is about>`. */
export const alertChanges = () =>
  z.pipe(
    json(),
    z.record(
      z.string().check(z.refine((name) => Object.hasOwn(ALERT_KINDS, name.split(':')[0] ?? ''))),
      change(),
    ),
  )
export type AlertChanges = z.output<ReturnType<typeof alertChanges>>

import type { Context } from 'hono'
import { call, connect } from '../db.ts'
import { log } from '../log.ts'
import { ALERT_KINDS, type AlertChanges } from '../settings/alerts.ts'
import { type Settings, settingsOf } from '../settings.ts'
import { OUTCOMES } from '../webhook/outcome.ts'
import type { AlertMessage } from './alert-message.ts'
import { stripeNewest } from './newest.ts'
import type { Run } from './task.ts'

interface Checked {
  changes: AlertMessage[]
  asks: boolean
  critical: number
}

/**
 * Compares everything that has an alert with its threshold, once, and logs which alerts open, repeat or close. If
 * Stripe has been silent for unusually long, it asks Stripe whether there are newer events.
 * @throws DatabaseUnavailable
 */
export async function checkAlerts(run: Run): Promise<void> {
  const { asks } = await check(run, null)
  const newest = asks ? await stripeNewest(run.settings, run.budget.fetch) : null
  if (newest !== null) await check(run, newest)
}

async function check({ settings, db, taskNames }: Run, newest: number | null): Promise<Checked> {
  const checked = await call<Checked>(db, 'check_alerts', [
    {
      rules: rulesOf(settings.ALERTS),
      parked: Object.keys(OUTCOMES.parked),
      rejected: Object.keys(OUTCOMES.rejected),
      newest,
      reconciles: settings.RECONCILE !== 'off',
      secrets: secretsSet(settings),
      tells: settings.ALERT_WEBHOOK_URL !== undefined,
      task_names: taskNames,
    },
  ])
  for (const change of checked.changes) logAlert(change)
  return checked
}

/** Returns how many webhook secrets are set, by provider. */
export const secretsSet = (settings: Settings): Record<string, number> => ({
  clerk: settings.CLERK_WEBHOOK_SECRET.length,
  stripe: settings.STRIPE_WEBHOOK_SECRET.length,
})

interface Rule {
  name: string
  /** Null: applies to everything that the alert is about. */
  about: string | null
  /** Null: it never opens. */
  threshold: number | null
  critical: boolean
  after_min: number
}

/**
 * Returns a rule for each alert with the changes of `ALERTS`, and one for each single subject that `ALERTS` changes.
 */
function rulesOf(changes: AlertChanges): Rule[] {
  return [...new Set([...Object.keys(ALERT_KINDS), ...Object.keys(changes)])].flatMap((key) => {
    const [name = '', about = null] = key.split(':')
    const kind = ALERT_KINDS[name]
    if (!kind) return []
    const change = { ...given(changes[name]), ...given(changes[key]) }
    const { threshold = kind.threshold, critical = kind.critical } = change
    return { name, about, threshold, critical, after_min: kind.afterMin }
  })
}

function given(change: AlertChanges[string] | undefined): {
  threshold?: number | null | undefined
  critical?: boolean | undefined
} {
  if (change === false) return { threshold: null }
  return typeof change === 'number' ? { threshold: change } : (change ?? {})
}

/** Logs one line for a change of an alert. */
export function logAlert({ id, type, data }: AlertMessage): void {
  const { critical, ...about } = data
  const level = type === 'alert.closed' ? 'info' : critical ? 'error' : 'warn'
  log({ message: 'alert', level, id, change: type.replace('alert.', ''), critical, ...about })
}

/** Returns to an operator the alerts that are or were open. */
export async function alerts(c: Context): Promise<Response> {
  const listed = await call<{ alert: string }[]>(connect(settingsOf(c.env)), 'list_alerts', [{}])
  return c.json({ alerts: listed.map((one) => ({ ...one, says: ALERT_KINDS[one.alert]?.says ?? null })) })
}

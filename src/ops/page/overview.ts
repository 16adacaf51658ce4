import type { Context } from 'hono'
import { html } from 'hono/html'
import { call, connect } from '../../db.ts'
import { ALERT_KINDS } from '../../settings/alerts.ts'
import { settingsOf } from '../../settings.ts'
import { unsettledReasons } from '../../webhook/outcome.ts'
import { rounded } from '../alert-message.ts'
import { secretsSet } from '../alerts.ts'
import { inWords, type Unsettled } from '../attention.ts'
import { BUILD } from '../functions.gen.ts'
import { NEEDS } from '../ready.ts'
import { TASK_NAMES } from '../tasks.ts'
import { type Difference, differencesTable } from './differences.ts'
import type { Call } from './env.ts'
import { type Content, found, frame, list, moment, table } from './html.ts'
import { type Slot, series } from './series.ts'
import { meaning } from './shown.ts'

const HOUR_MS = 3_600_000

interface Alert {
  alert: string
  about: string | null
  state: string
  critical: boolean
  /** Null for `run_late`, which has no threshold either. */
  value: number | null
  threshold: number | null
  opened_at: string
  closed_at: string | null
}

interface Overview {
  alerts: Alert[]
  /** The newest first. */
  hours: Slot[]
  days: Slot[]
  /** Which secret matched, counted from 1. */
  secrets: { provider: string; secret: number; deliveries: number; last_at: string }[]
  waiting: Unsettled[]
  besides: Record<string, number>
  /** The rows behind those numbers, at most 50 of each. Undefined if the database's function is older. */
  behind?: { what: string; id: string | null; user_id: string | null; since: string }[]
  status: string
  migration: string | null
  tasks: { name: string; last_good_at: string | null; next_at: string; failures: number }[]
  /** The last passes of reconcile that were complete. */
  reconciled: Partial<Record<'recent' | 'full', { endedAt: number }>> | null
  differences: Difference[]
  stored: { name: string; rows: number; bytes: number }[]
}

/** Returns what needs a look, and the build that runs. @throws DatabaseUnavailable */
export async function readOverview(c: Context): Promise<Overview & { build: string }> {
  const facts = { reasons: unsettledReasons, task_names: TASK_NAMES, ...NEEDS }
  return { build: BUILD, ...(await call<Overview>(connect(settingsOf(c.env)), 'overview', [facts])) }
}

const behindTable = (behind: NonNullable<Overview['behind']>) =>
  behind.length > 0 &&
  table(
    'Who is behind these numbers',
    ['What', 'User', 'Subscription or event', 'Since (UTC)'],
    behind.map(({ what, id, user_id, since }) => [what, found(user_id), id, moment(since)]),
  )

/** Shows what needs a look. @param says the result of an action @throws DatabaseUnavailable */
export async function overview(c: Call, says?: Content) {
  const set = secretsSet(settingsOf(c.env))
  const seen = await readOverview(c)
  const { recent, full } = seen.reconciled ?? {}
  return frame(
    c,
    'Overview',
    [
      table(
        'Open and recent alerts',
        ['Alert', 'State', 'What', 'Threshold', 'Opened (UTC)', 'Closed (UTC)'],
        seen.alerts
          .slice(0, 20)
          .map((one) => [
            [one.critical && 'critical: ', one.alert, one.about && ` (${one.about})`],
            one.state,
            [
              ALERT_KINDS[one.alert]?.says,
              one.value !== null && one.threshold !== null && `: ${rounded(one.value)}`,
            ],
            one.threshold,
            moment(one.opened_at),
            moment(one.closed_at),
          ]),
      ),
      table(
        'Waiting deliveries',
        ['Outcome', 'Reason', 'Deliveries', 'Oldest (UTC)', 'What it means'],
        seen.waiting.map(({ outcome, reason, count, oldest }) => [
          outcome,
          reason,
          html`<a href="/ops/bulk?outcome=${outcome}&reason=${reason}">${inWords(count)}</a>`,
          moment(oldest),
          meaning(outcome, reason),
        ]),
      ),
      table(
        'What else needs attention',
        ['What', 'How many'],
        Object.entries(seen.besides)
          .filter(([, count]) => count > 0)
          .map(([what, count]) => [what, inWords(count)]),
      ),
      behindTable(seen.behind ?? []),
      differencesTable(seen.differences),
      series('The last 24 hours', seen.hours, HOUR_MS),
      series('The last 30 days', seen.days, 24 * HOUR_MS),
      html`<h2>Build and database</h2>`,
      list({
        Build: seen.build,
        Database: seen.status,
        'Newest migration': seen.migration,
        'Recent objects reconciled (UTC)': moment(recent?.endedAt) ?? 'not yet',
        'All objects reconciled (UTC)': moment(full?.endedAt) ?? 'not yet',
      }),
      table(
        'Webhook secrets used in the last 24 hours',
        ['Provider', 'Secret', 'Deliveries', 'Last used (UTC)'],
        seen.secrets.map(({ provider, secret, deliveries, last_at }) => [
          provider,
          secret > (set[provider] ?? 0) ? `${secret}, no longer set` : `${secret} of ${set[provider]}`,
          deliveries,
          moment(last_at),
        ]),
      ),
      table(
        'Scheduled work',
        ['Task', 'Last success (UTC)', 'Next turn (UTC)', 'Failures in a row'],
        seen.tasks.map(({ name, last_good_at, next_at, failures }) => [
          name,
          moment(last_good_at),
          moment(next_at),
          failures,
        ]),
      ),
      table(
        'The largest tables',
        ['Table', 'Rows (estimate)', 'MiB'],
        seen.stored.map(({ name, rows, bytes }) => [name, rows, Math.ceil(bytes / 2 ** 20)]),
      ),
    ],
    says,
  )
}

import { html } from 'hono/html'
import { call, connect } from '../../db.ts'
import { settingsOf } from '../../settings.ts'
import { OUTCOMES, unsettledReasons } from '../../webhook/outcome.ts'
import { inWords, type Unsettled } from '../attention.ts'
import { BUILD } from '../functions.gen.ts'
import { NEEDS } from '../ready.ts'
import type { Call } from './env.ts'
import { type Content, found, frame, list, moment, table } from './html.ts'

interface Difference {
  provider: string
  object: string
  kind: string
  user_id: string | null
  credits: number | null
  reason: string | null
  reported_at: string
}

interface Overview {
  waiting: Unsettled[]
  besides: Record<string, number>
  status: string
  migration: string | null
  tasks: { name: string; last_good_at: string | null; next_at: string; failures: number }[]
  /** The last passes of reconcile that have seen everything. */
  reconciled: Partial<Record<'recent' | 'full', { endedAt: number }>> | null
  differences: Difference[]
  stored: { name: string; rows: number; bytes: number }[]
}

/** What needs a look. @throws DatabaseUnavailable */
export async function overview(c: Call) {
  const settings = settingsOf(c.env)
  const seen = await call<Overview>(connect(settings), 'overview', [{ reasons: unsettledReasons, ...NEEDS }])
  const { recent, full } = seen.reconciled ?? {}
  return frame(c, 'Overview', [
    table(
      'What waits',
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
      'What else needs a look',
      ['What', 'How many'],
      Object.entries(seen.besides)
        .filter(([, count]) => count > 0)
        .map(([what, count]) => [what, inWords(count)]),
    ),
    table(
      'What Stripe and Clerk have otherwise',
      ['Object', 'What differs', 'User', 'Credits', 'Reported (UTC)'],
      seen.differences.map((one) => [
        found(one.object),
        [one.kind, one.reason && ` (${one.reason})`],
        found(one.user_id),
        one.credits,
        moment(one.reported_at),
      ]),
    ),
    html`<h2>What runs</h2>`,
    list({
      Build: BUILD,
      Database: seen.status,
      'Newest migration': seen.migration,
      'Reconciled, what is recent (UTC)': moment(recent?.endedAt) ?? 'not completely yet',
      'Reconciled, everything (UTC)': moment(full?.endedAt) ?? 'not completely yet',
    }),
    table(
      'Scheduled work',
      ['Task', 'Last good turn (UTC)', 'Next turn (UTC)', 'Failures in a row'],
      seen.tasks.map(({ name, last_good_at, next_at, failures }) => [
        name,
        moment(last_good_at),
        moment(next_at),
        failures,
      ]),
    ),
    table(
      'The largest tables',
      ['Table', 'Rows, about', 'MiB'],
      seen.stored.map(({ name, rows, bytes }) => [name, rows, Math.ceil(bytes / 2 ** 20)]),
    ),
  ])
}

/** What an outcome means, in the words of the list of outcomes. */
export const meaning = (outcome: string, reason: string | null): Content =>
  (OUTCOMES as Record<string, Record<string, string>>)[outcome]?.[reason ?? '']

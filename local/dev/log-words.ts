import { countedApart } from '../../cli/shared/counted.ts'
import { rounded } from '../../src/ops/alert-message.ts'
import { ALERT_KINDS } from '../../src/settings/alerts.ts'
import { accountInWords } from './causes.ts'

type Said = Record<string, unknown>

const joined = (...parts: unknown[]) => parts.filter(Boolean).join('  ')
const verdict = (outcome: unknown, reason: unknown) => [outcome, reason].filter(Boolean).join(' / ')

/** The Worker's log lines that are not about deliveries, in words, by their `message`. */
export const LOG_WORDS: Record<string, (line: Said) => string> = {
  misconfigured: ({ reasons }) => (reasons as string[]).join('; '),
  checkout: ({ outcome, reason, user, session }) => joined(verdict(outcome, reason), user, session),
  queue: ({ queue, deliveries, later, oldest_s, cause }) =>
    joined(`${deliveries} from ${queue}, ${later} left in it, the oldest ${oldest_s} s old`, cause),
  reconcile({ kind, looked, found, unseen }) {
    const what = kind === 'recent' ? 'the last two hours' : 'everything'
    const missing = Object.entries((unseen ?? {}) as Said).map(([walk, why]) => `${walk} (${why})`)
    return joined(
      `${what}: ${looked} compared with Stripe and Clerk, ${found || 'none'} ${found === 1 ? 'differs' : 'differ'}`,
      missing.length > 0 && `not compared: ${missing.join(', ')}`,
    )
  },
  difference: ({ says, object, user_id, credits, outcome, reason, fixed }) =>
    joined(
      `${says}: ${object}`,
      user_id,
      typeof credits === 'number' && countedApart(credits, 'credit'),
      verdict(outcome, reason),
      fixed && 'corrected',
    ),
  alert({ alert, about, change, critical, value, threshold }) {
    const says = ALERT_KINDS[String(alert)]?.says ?? alert
    return joined(
      `${change}: ${says}${typeof value === 'number' ? `: ${rounded(value)}` : ''}`,
      about,
      `${alert}${typeof threshold === 'number' ? `, from ${rounded(threshold)} on` : ''}`,
      critical && 'critical',
    )
  },
  attention({ outcome, reason, deliveries, count = deliveries, oldest, key, serves }) {
    const what = verdict(outcome, reason)
    return joined(
      count === undefined ? what : `${count} × ${what}`,
      oldest && `the oldest of ${oldest}`,
      key && `the key is of ${accountInWords(key)}, the database serves ${accountInWords(serves)}`,
    )
  },
}

/** Returns in words what became of an event for your app. */
export function toldInWords({ state, status, cause }: Said): string {
  const why = status ?? (cause === 'Error' ? 'no response' : cause)
  if (state === 'open') return `not accepted (${why}), will be sent again`
  return state === 'undelivered' ? `given up (${why})` : `${state}, ${why}`
}

import { ALERT_KINDS } from '../settings/alerts.ts'

/** A change of an alert, in the form of Standard Webhooks. */
export interface AlertMessage {
  /** The same in each try. */
  id: string
  type: 'alert.opened' | 'alert.repeated' | 'alert.closed' | 'alert.test'
  timestamp: string
  data: {
    alert: string
    about: string | null
    critical: boolean
    value: number | null
    threshold: number | null
    opened_at?: string | null
    closed_at?: string | null
    /** Ids behind the value. */
    details?: object
  }
}

const WORDS = { opened: 'opened', repeated: 'is still open', closed: 'closed', test: 'is tested' }
const SIGNS = { opened: '🔴', repeated: '🔴', closed: '🟢', test: '⚪' }

/** Returns the body that is sent. `text` is what Slack and similar services show. */
export function bodyOf({ id, type, timestamp, data }: AlertMessage): string {
  return JSON.stringify({ text: textOf(type, data), id, type, timestamp, data })
}

/** Returns a value or a threshold, rounded for a person. */
export const rounded = (value: number) =>
  Number.isInteger(value) ? `${value}` : `${Number(value.toPrecision(3))}`

function textOf(
  type: AlertMessage['type'],
  { alert, about, critical, value, threshold, details }: AlertMessage['data'],
) {
  const change = type.replace('alert.', '') as keyof typeof WORDS
  const says = ALERT_KINDS[alert]?.says ?? ''
  const what = value === null ? says : `${says}: ${rounded(value)}`
  const limit = value === null || threshold === null ? '' : `, the threshold is ${rounded(threshold)}`
  const ids = details && Object.keys(details).length > 0 ? ` ${JSON.stringify(details)}` : ''
  const name = about ? `${alert} (${about})` : alert
  return `${SIGNS[change]} Ledgerhook: ${critical ? 'critical alert' : 'alert'} ${name} ${WORDS[change]}. ${what}${limit}.${ids} docs/operations.md says what to do.`
}

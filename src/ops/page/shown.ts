import { html } from 'hono/html'
import type { ShownDelivery } from '../explain.ts'
import { awaited, meaningOf } from '../waits-for.ts'
import { type Content, found, moment } from './html.ts'

/** Shows what a delivery waits for, and what would release it. */
export function waitsFor(delivery: ShownDelivery): Content {
  const subjects = awaited(delivery)
  if (typeof subjects === 'string') return subjects
  if (subjects.length === 0) return null
  return subjects.map(
    ({ kind, id, providedBy, retryAt }) =>
      html`<p>${kind} ${found(id)}, which ${providedBy}${retryAt && html`, tried again at ${moment(retryAt)}`}</p>`,
  )
}

/** Returns what an outcome means. */
export const meaning = (outcome: string, reason: string | null): Content =>
  meaningOf(outcome, reason)
    ?.split('`')
    .map((text, index) => (index % 2 ? html`<code>${text}</code>` : text))

/** Returns an outcome with its reason: `applied`, or `parked / unknown_user`. */
export const verdictOf = ({ outcome, reason }: { outcome: string; reason: string | null }) =>
  reason ? `${outcome} / ${reason}` : outcome

import { html } from 'hono/html'
import type { ExplainedDelivery } from '../explain.ts'
import { type Content, found, moment } from './html.ts'

/** A delivery, as `shown_delivery` returns it. */
export interface ShownDelivery extends ExplainedDelivery {
  /** The SQLSTATE with which Postgres refused it for its content. */
  sqlstate: string | null
  about: string[] | null
  /** Whether its outcome is final. */
  is_final: boolean
  /** The verb that it runs once it can. */
  verb: string | null
  waits_for: { subject: string; retry_at: string | null }[]
}

/** What provides each kind of subject. */
export const PROVIDED_BY: Record<string, string> = {
  user: 'comes with an event of Clerk’s about the user, or with the user’s first visit',
  customer: 'comes with a Checkout Session or a Clerk user that says whose it is',
  payment: 'comes with the event that reports it',
  invoice: 'comes with the event that it is paid',
  price: 'needs an entry in PLANS',
  reversal: 'comes when Stripe is asked for all refunds and disputes of its payment',
  event: 'comes when its provider is asked, or with a version that can read it',
  subscription: 'comes with an event about it',
}

/** Shows what a delivery waits for, and what would release it. */
export function waitsFor({ outcome, is_final, waits_for }: ShownDelivery): Content {
  if (waits_for.length === 0)
    return outcome === 'rejected' || (outcome === 'parked' && !is_final)
      ? 'a person, who removes the cause and looks again, or adjusts the balance and settles it'
      : null
  return waits_for.map(({ subject, retry_at }) => {
    const [kind = '', ...id] = subject.split(':')
    return html`<p>${kind} ${found(id.join(':'))}, which ${PROVIDED_BY[kind]}${retry_at && html`, tried again at ${moment(retry_at)}`}</p>`
  })
}

/** Returns an outcome with its reason: `applied`, or `parked / unknown_user`. */
export const verdictOf = ({ outcome, reason }: { outcome: string; reason: string | null }) =>
  reason ? `${outcome} / ${reason}` : outcome

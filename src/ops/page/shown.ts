import { html } from 'hono/html'
import type { ExplainedDelivery } from '../explain.ts'
import { type Content, found, moment } from './html.ts'

/** A delivery, as `shown_delivery` returns it. */
export interface ShownDelivery extends ExplainedDelivery {
  /** With which Postgres has refused it for its content. */
  sqlstate: string | null
  about: string[] | null
  /** Whether nothing changes its outcome any more. */
  is_final: boolean
  /** What it does once it can. */
  verb: string | null
  waits_for: { subject: string; retry_at: string | null }[]
}

/** What provides each kind of subject. */
export const PROVIDED_BY: Record<string, string> = {
  user: 'an event of Clerk’s about this user, or the user’s first visit',
  customer: 'a Checkout Session or a Clerk user that says whose customer it is',
  payment: 'the event that reports this payment',
  invoice: 'the event that this invoice is paid',
  price: 'PLANS, once it knows this price',
  reversal: 'its provider, which is asked for all that came back of the payment',
  event: 'its provider, or a version that can read it',
  subscription: 'an event of this subscription',
}

/** What a delivery waits for, and what would release it. */
export function waitsFor({ outcome, is_final, waits_for }: ShownDelivery): Content {
  if (waits_for.length === 0)
    return outcome === 'rejected' || (outcome === 'parked' && !is_final)
      ? 'a person: look again once its cause is mended, or adjust and settle'
      : null
  return waits_for.map(({ subject, retry_at }) => {
    const [kind = '', ...id] = subject.split(':')
    return html`<p>${kind} ${found(id.join(':'))}: ${PROVIDED_BY[kind]}${retry_at && html`; tried again at ${moment(retry_at)}`}</p>`
  })
}

/** `applied`, or `parked / unknown_user`. */
export const verdictOf = ({ outcome, reason }: { outcome: string; reason: string | null }) =>
  reason ? `${outcome} / ${reason}` : outcome

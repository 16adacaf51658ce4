import { OUTCOMES } from '../webhook/outcome.ts'
import type { ShownDelivery } from './explain.ts'

/** What provides each kind of subject. */
export const PROVIDED_BY: Record<string, string> = {
  user: 'comes with an event of Clerk’s about the user, or with the user’s first visit',
  customer: 'comes with a Checkout Session or a Clerk user that says whose it is',
  payment: 'comes with the event that reports it',
  invoice: 'comes with the event that reports its payment',
  price: 'needs an entry in PLANS',
  reversal: 'comes when Stripe is asked for all refunds and disputes of its payment',
  event: 'comes when its provider is asked, or with a version that can read it',
  subscription: 'comes with an event about it',
}

/** What releases a delivery that waits although its subjects are known, by its reason. */
const BY_REASON: Record<string, string> = {
  ambiguous_order: 'Stripe is asked about',
  customer_mismatch: 'is another user’s: a person decides, unless that user or customer is deleted',
  incomplete_invoice: 'Stripe is asked about',
  incomplete_session: 'Stripe is asked about',
  missing_email: 'has no address: a person decides. Once the user is here, a ban counts',
  unlinked_payment: 'Stripe is asked about',
  unknown_price: 'sells a price without an entry in PLANS',
}

/** Something that a delivery waits for, and what would release it. */
export interface Awaited {
  /** `user`, `payment`, … */
  kind: string
  id: string
  providedBy: string
  /** The next time its provider is asked, or it is tried. */
  retryAt: string | null
}

const A_PERSON = 'a person, who removes the cause and looks again, or adjusts the balance and settles it'

/**
 * Returns what a delivery waits for: subjects, a person (in words), or nothing. A command may read a database with
 * older functions, which name no subjects and do not say whether an outcome is final.
 */
export function awaited({ outcome, reason, is_final, waits_for = [] }: ShownDelivery): Awaited[] | string {
  if (waits_for.length > 0)
    return waits_for.map(({ subject, retry_at }) => {
      const [kind = '', ...id] = subject.split(':')
      const providedBy = BY_REASON[reason ?? ''] ?? PROVIDED_BY[kind] ?? ''
      return { kind, id: id.join(':'), providedBy, retryAt: retry_at }
    })
  return outcome === 'rejected' || (outcome === 'parked' && is_final === false) ? A_PERSON : []
}

/** Returns what an outcome with this reason means, in the words of the list of outcomes, which quote in backticks. */
export const meaningOf = (outcome: string, reason: string | null): string | undefined =>
  (OUTCOMES as Record<string, Record<string, string>>)[outcome]?.[reason ?? '']

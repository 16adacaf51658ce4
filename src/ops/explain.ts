import { call, type Database } from '../db.ts'
import { isUnsettled } from '../webhook/outcome.ts'

/** A delivery, without its payload. */
export interface ExplainedDelivery {
  provider: string
  event: string
  type: string | null
  outcome: string
  reason: string | null
  via: string
  attempts: number
  user_id: string | null
  occurred_at: string | null
  received_at: string
  settled_at: string | null
  /** The build that decided it, as `/api/ready` names it. Null for rows from before this was kept. */
  build: string | null
  /** A hash of the settings by which it was decided. */
  settings_hash: string | null
}

/** A delivery, with what it waits for, as `shown_delivery` returns it. */
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

export interface ExplainedEntry {
  id: number
  user_id: string
  kind: string
  /** Credits, signed. */
  amount: number
  balance_after: number
  payment: string | null
  note: string | null
  key: string
  /** What a spend was for, in your backend's words. */
  reference: string | null
  /** The name of the service token that asked for it. */
  caller: string | null
  campaign: string | null
  created_at: string
  /** For a spend: credits that came back. */
  given_back: number | null
  /** For a give-back: the spend. */
  reverses: { id: number; key: string; amount: number } | null
  /** Null if no event caused it, but a request of the user or of your backend, or a person. */
  delivery: ExplainedDelivery | null
}

export interface Explanation {
  about: 'user' | 'payment' | 'event' | 'reference'
  id: string
  user_id: string | null
  payment: string | null
  event: ShownDelivery | null
  /** Oldest first. */
  entries: ExplainedEntry[]
  /** The `before_id` of the page with older entries. Null on the last one. */
  next: number | null
  /** Credits of all entries, including those on other pages. Null if there are too many: see `MOST_SUMMED`. */
  sum: number | null
  /** Credits of the user, now. Null without a wallet. */
  balance: number | null
  /** Deliveries that are parked or rejected, and those that were given up and would still be released. */
  waiting: ShownDelivery[]
}

/** The most entries that `explain` sums, in words. A sum of fewer than all would be wrong. */
export const MOST_SUMMED = '100,000'

/** The most ledger entries, and the most waiting deliveries, of one page. */
export const PAGE_SIZE = 500

/**
 * Returns one page, beginning with the newest entries, or with those before an entry if one is named.
 * @throws DatabaseUnavailable
 */
export const explain = (db: Database, id: string, before_id: number | null = null) =>
  call<Explanation | { refused: 'not_found' }>(db, 'explain', [{ id, before_id, page_size: PAGE_SIZE }])

/** Describes one entry for a person who does not know the table. */
export function inWords(entry: ExplainedEntry): string {
  const { kind, amount, payment, note, key, delivery, given_back, reverses, campaign } = entry
  const credits = `${Math.abs(amount)} ${Math.abs(amount) === 1 ? 'credit' : 'credits'}`
  const because = note ? `: ${note}` : ''
  const says: Record<string, string> = {
    signup_bonus: `${credits} given as signup bonus`,
    purchase: `${credits} bought with payment ${payment}`,
    plan_grant: `${credits} of a plan, for ${payment ? `invoice ${payment}` : key.replace('plan_grant:', '')}`,
    plan_change: `${credits} ${amount < 0 ? 'taken back' : 'returned'}: a change of plan credited what they cost, on ${key.split(':')[1]}`,
    refund: `${credits} taken back: money of ${payment} was refunded`,
    refund_reversal: `${credits} returned: a refund of ${payment} failed or was cancelled`,
    dispute: `${credits} taken back: a dispute holds money of ${payment}`,
    dispute_reversal: `${credits} returned: money of ${payment} came back from a dispute`,
    spend: `${credits} spent, as ${key.replace('spend:', '')}${because}${given_back ? `; ${given_back} of them given back` : ''}`,
    spend_reversal: `${credits} given back, of the spend ${reverses?.key.replace('spend:', '')}${because}`,
    grant: `${credits} granted${campaign ? `, of the campaign ${campaign}` : ''}${because}`,
    adjustment: `${credits} ${amount < 0 ? 'taken' : 'given'} by a person${because}`,
  }
  const arrived = delivery === null && kind === 'purchase' ? ', when the buyer came back from Checkout' : ''
  return `${says[kind] ?? `${credits}, ${kind}`}${arrived}`
}

/** Describes what became of a delivery: `applied`, or `parked / unknown_user`. */
export function outcomeInWords({ outcome, reason, via }: ExplainedDelivery): string {
  // A delivery that is still open was only processed again, by the scheduled run or a person.
  const isReleased = !isUnsettled(outcome) && reason !== 'settled_by_hand'
  const how: Record<string, string> = {
    release: isReleased ? ', released from parking' : ', looked at again',
    reconcile: ', found by reconcile: no delivery had brought it',
  }
  return `${outcome}${reason ? ` / ${reason}` : ''}${how[via] ?? ''}`
}

/** The kinds of differences: in words, and whether `fix` corrects them. */
export const KINDS = {
  paid_not_credited: { says: 'paid, not credited', fixable: true },
  no_such_payment: { says: 'credited, no such payment', fixable: false },
  amount_differs: { says: 'amount differs', fixable: false },
  refund_not_taken: { says: 'refunded, not taken back', fixable: true },
  dispute_differs: { says: 'dispute ended differently', fixable: true },
  subscription_differs: { says: 'subscription differs', fixable: true },
  period_without_credits: { says: 'paid period without credits', fixable: true },
  invoice_payment_unknown: { says: 'payment of an invoice not known', fixable: true },
  user_missing: { says: 'user there, not here', fixable: true },
  user_deleted: { says: 'here, deleted there', fixable: true },
  user_differs: { says: 'e-mail or name differs', fixable: true },
  customer_of_nobody: { says: 'customer of nobody', fixable: true },
  customer_deleted: { says: 'customer here, deleted there', fixable: true },
  not_applied: { says: 'event without its effect', fixable: true },
  failed: { says: 'the database refuses it', fixable: false },
  busy: { says: 'somebody has it locked', fixable: false },
} as const

export type DifferenceKind = keyof typeof KINDS

/** The kinds that only a person can deal with, and then settles. */
export const SETTLED_BY_HAND: DifferenceKind[] = ['no_such_payment', 'amount_differs']

/** A difference between a provider and the database. Contains only ids and amounts. */
export interface Difference {
  provider: 'clerk' | 'stripe'
  /** The provider's id of what differs. */
  object: string
  kind: DifferenceKind
  /** The outcome of its verb. */
  outcome: string | null
  reason: string | null
  user_id: string | null
  /** Credits that it would move. Null if that is not known. */
  credits: number | null
  /** Minor units of `currency`. Null if it is not about money. */
  amount: number | null
  currency: string | null
  /** The charge that it names. Null if it names none. A charge that reports its refunds names itself. */
  charge?: string | null
  /** Whether a delivery about it already waits, for another event or for a person. */
  known: boolean
  /** On a schedule: whether another pass saw it too, and whether this one is the first to confirm it. */
  confirmed: boolean
  first: boolean
  /** Whether a person has dealt with it. Then it is only listed as such. */
  settled: boolean
  /** Whether its verb was run now, with an effect. */
  fixed: boolean
}

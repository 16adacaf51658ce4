/**
 * The one list of what becomes of a verified delivery, and why. The reason is for the person who reads it in the
 * provider's own delivery log, and for the operator who reads it in `webhook_events`.
 */
export const OUTCOMES = {
  /** The effect is committed. */
  applied: {},
  /** This event, or the business fact that it reports, was applied before. */
  duplicate: {
    already_processed: 'this event was applied before, or it reports what is stored already',
    payment_already_credited: 'another event of the same payment credited it',
    period_already_granted: 'the credits of these periods were granted before',
  },
  /** A newer state is stored. */
  stale: {
    older_than_stored: 'a newer event was applied before',
    user_deleted: 'the user is deleted, and stays so',
  },
  /** Verified, and nothing to do. */
  ignored: {
    unhandled_type: 'no handler is registered for this type; no row is kept',
    ping: 'Stripe asks whether the endpoint is there; no row is kept',
    connected_account: 'an event of a connected account',
    mode_mismatch:
      'an event of test mode while the Stripe key or the database is live; or a live event while the key is of test mode',
    instance_mismatch: 'an event of another Clerk instance',
    not_ours: 'another product of the same Stripe account, as far as is known',
    other_app: 'another app of the same Stripe account, by its tag or, without one, as far as is known',
    before_start: 'its session, invoice or payment was created before `CREDIT_SINCE`',
    payment_pending: 'not paid yet; another event follows',
    no_effect: 'it changes nothing',
    settled_by_hand: 'a person has settled it; final',
  },
  /** Cannot be applied yet: kept, and released without any action of a person. */
  parked: {
    unknown_user: 'its user has not come yet',
    unknown_customer: 'it is not known which user has its Stripe customer',
    unknown_payment: 'its payment has not come yet',
    unknown_price: 'a plan was paid whose price is not in `PLANS`',
    unknown_invoice: 'it credits a line of an invoice whose payment is not known here; Stripe is asked',
    ambiguous_order: 'two changes in the same second, in an unknown order; Stripe is asked',
    incomplete_invoice: 'the event lacks lines of its invoice, or what a price costs; Stripe is asked',
    currency_mismatch: 'a dispute in another currency than its payment; Stripe is asked for the rate',
    incomplete_refunds: 'a refund has failed, and others may be unknown; Stripe is asked for all of them',
    incomplete_session: 'its lines say what was bought; Stripe is asked',
    unlinked_payment: 'a payment that may have paid an invoice; Stripe is asked',
    unreadable: 'a form that this version does not know, or content that Postgres refuses',
  },
  /** Can never be applied as it is: kept for a person to decide. */
  rejected: {
    invalid_metadata: 'it names no user, or no valid number of credits',
    reference_mismatch: 'its client_reference_id names another user than its metadata',
    customer_mismatch: 'its customer belongs to another user who is not deleted',
    payment_mismatch: 'its payment was credited to another user, or paid another invoice',
    currency_mismatch: 'a refund in another currency than its payment',
    limit_exceeded: 'the balance would go beyond 2^53 - 1 credits',
    user_deactivated: 'its user is deleted',
    before_start:
      'a payment from before `CREDIT_SINCE` was refunded or disputed, or a refund or dispute of it was undone',
    missing_email: 'a user without any address, while `REQUIRE_EMAIL` asks for one',
  },
  /** In the queue, and applied from there, because the database did not respond in time. There is no row yet. */
  queued: {},
} as const

/** Every reason, once: two outcomes may share one. */
export const REASONS = [...new Set(Object.values(OUTCOMES).flatMap((reasons) => Object.keys(reasons)))]

type Outcomes = typeof OUTCOMES
export type Outcome = keyof Outcomes

/** An outcome with one of its reasons. Only an outcome without reasons, such as `applied`, has none. */
export type Verdict = {
  [Name in Outcome]: {
    outcome: Name
    reason: keyof Outcomes[Name] extends never ? null : keyof Outcomes[Name]
  }
}[Outcome]

/** Whether it waits for a person or for another event. */
export const isUnsettled = (outcome: unknown): boolean => outcome === 'parked' || outcome === 'rejected'

/** Every outcome that waits for a person or for another event, with each of its reasons. */
export const unsettledReasons = (['parked', 'rejected'] as const).flatMap((outcome) =>
  Object.keys(OUTCOMES[outcome]).map((reason) => ({ outcome, reason })),
)

/**
 * Returns the response with a verdict. No sender needs to repeat a delivery that has a verdict, so all are 200: Stripe
 * and Svix know no permanent failure and would retry for days. Only `missing_email` is 400, so that it appears as a
 * failure in Clerk's dashboard; the header keeps Svix from retrying it (Svix: delivery control).
 */
export function respond(event: string, type: string | null, verdict: Verdict): Response {
  const status = statusOf(verdict)
  return Response.json(
    { event, type, outcome: verdict.outcome, reason: verdict.reason },
    status === 400 ? { status, headers: { 'webhook-delivery': 'abort-message' } } : { status },
  )
}

/** Returns the HTTP status of a verdict. */
export const statusOf = ({ reason }: Verdict) => (reason === 'missing_email' ? 400 : 200)

/**
 * What became of a verified delivery, and why. The reason is for the person who reads it in the provider's own
 * delivery log, and for the operator who reads it in `webhook_events`.
 */
export type Verdict =
  /** The effect is committed. */
  | { outcome: 'applied'; reason: null }
  /** This event, or the business fact it tells of, was applied before. */
  | {
      outcome: 'duplicate'
      reason: 'already_processed' | 'payment_already_credited' | 'period_already_granted'
    }
  /** Newer truth is stored. */
  | { outcome: 'stale'; reason: 'older_than_stored' | 'user_deleted' }
  /** Verified, and nothing to do. */
  | {
      outcome: 'ignored'
      reason:
        | 'unhandled_type'
        | 'mode_mismatch'
        | 'instance_mismatch'
        | 'connected_account'
        | 'not_ours'
        | 'payment_pending'
        | 'no_effect'
    }
  /** Cannot be applied yet: kept, and released by itself. */
  | {
      outcome: 'parked'
      reason:
        | 'unknown_user'
        | 'unknown_customer'
        | 'unknown_payment'
        | 'ambiguous_order'
        | 'incomplete_invoice'
        | 'unreadable'
    }
  /** Can never be applied as it is: kept for a person. */
  | {
      outcome: 'rejected'
      reason:
        | 'invalid_metadata'
        | 'reference_mismatch'
        | 'customer_mismatch'
        | 'payment_mismatch'
        | 'currency_mismatch'
        | 'user_deactivated'
        | 'missing_email'
    }

/**
 * Every verdict is an answer that its sender need not repeat, so all are 200: Stripe and Svix know no permanent
 * failure and would retry for days. One is refused on request of Clerk's users, who want to see it in red there:
 * 400 shows it, and the header keeps Svix from retrying it (Svix: delivery control).
 */
export function answer(event: string, type: string | null, verdict: Verdict): Response {
  const refused = verdict.reason === 'missing_email'
  return Response.json(
    { event, type, outcome: verdict.outcome, reason: verdict.reason },
    refused ? { status: 400, headers: { 'webhook-delivery': 'abort-message' } } : { status: 200 },
  )
}

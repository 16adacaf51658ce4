/** Why a request was refused, in words: the causes that the Worker logs, and those of Clerk's library. */
const CAUSES: Record<string, string> = {
  header_missing: 'it has no signature',
  outside_tolerance: 'it was signed more than five minutes ago, or a clock is wrong',
  no_match: 'it was signed with another secret, or changed on its way',
  payload_too_large: 'its body is above 1 MiB',
  wrong_token: 'the token is not in OPS_TOKEN',
  too_many_attempts: 'the token is right, but its network has to wait after too many attempts',
  origin_not_allowed: 'a browser asked from an origin that is not in APP_ORIGINS',
  unauthorized_party: 'the token is of an origin that is not in APP_ORIGINS',
  not_a_session: 'the token is not that of a session',
  token_too_old: 'the token was issued more than a day ago',
  session_pending: 'the person has not finished signing in',
  unusable_subject: 'the token names no user',
  'token-expired': 'the token has expired',
  'token-not-active-yet': 'the token is not valid yet: a clock is wrong',
  'token-iat-in-the-future': 'the token was issued in the future: a clock is wrong',
  'token-invalid': 'it is not a session token',
  'token-invalid-algorithm': 'the token is not signed with RS256, as Clerk signs',
  'token-invalid-issuer': 'the token is of another Clerk instance than CLERK_ISSUER',
  'token-invalid-signature': 'the token is not signed by the key of CLERK_JWT_KEY',
  'token-verification-failed': 'the token cannot be verified by CLERK_JWT_KEY',
}

/** Returns a cause in words, next to its name. */
export function causeInWords(cause: unknown): string {
  const words = CAUSES[String(cause)]
  return words ? `${words} (${cause})` : String(cause)
}

/** Returns in words a failed call to Stripe or Clerk. The Worker continues without the result if it can. */
export function failedCall(
  provider: 'stripe' | 'clerk',
  { cause, code, param, request, user }: Record<string, unknown>,
): string {
  if (provider === 'clerk')
    return cause === 'status 404' ? `clerk  it has no user ${user}` : `clerk  ${user} was not read: ${cause}`
  const why =
    code === 'resource_missing'
      ? `it has no such ${param === 'id' || !param ? 'object' : param} (${code})`
      : `a call failed: ${[code ?? cause, param].filter(Boolean).join(', ')}`
  return ['stripe', why, request].filter(Boolean).join('  ')
}

/** Returns a Stripe account, and its mode if that is known. */
export function accountInWords(served: unknown): string {
  const { account, livemode } = (served ?? {}) as { account?: unknown; livemode?: unknown }
  return `${account}${typeof livemode === 'boolean' ? ` in ${livemode ? 'live' : 'test'} mode` : ''}`
}

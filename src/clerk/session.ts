import { verifyToken } from '@clerk/backend'
import { Misconfigured } from '../settings/misconfigured.ts'
import type { Settings } from '../settings.ts'
import { idOf, member } from '../values.ts'

export type Session =
  | { verified: true; userId: string }
  /** For the log only: the caller learns that the token is unauthorized, never why. */
  | { verified: false; cause: string }

/**
 * Verifies a Clerk session token without a network request: RS256 by `CLERK_JWT_KEY`, expiry and not-before (within the
 * SDK's 5 s), issuer and authorized party if they are configured.
 * @throws Misconfigured without a `CLERK_JWT_KEY`
 */
export async function verifySession(token: string, settings: Settings): Promise<Session> {
  const { CLERK_JWT_KEY, CLERK_ISSUER, APP_ORIGINS } = settings
  if (!CLERK_JWT_KEY) throw Misconfigured.of('CLERK_JWT_KEY', 'is missing: it verifies session tokens')

  const claims = await verifiedClaims(token, {
    jwtKey: CLERK_JWT_KEY,
    ...(CLERK_ISSUER && { issuer: CLERK_ISSUER }),
  })
  if (typeof claims === 'string') return { verified: false, cause: claims }

  // The SDK would refuse a token without a party, such as those of native apps, which send no Origin.
  const { azp, sts, sub } = claims as Record<string, unknown>
  if (azp !== undefined && APP_ORIGINS.length > 0 && !APP_ORIGINS.includes(azp as string))
    return { verified: false, cause: 'unauthorized_party' }
  if (!isOfSession(claims)) return { verified: false, cause: 'not_a_session' }
  if (!isRecent(claims)) return { verified: false, cause: 'token_too_old' }
  // Signed in with a task left to do, such as a second factor. Clerk's own middleware treats that as signed out.
  if (sts === 'pending') return { verified: false, cause: 'session_pending' }

  const userId = idOf(sub)
  return userId ? { verified: true, userId } : { verified: false, cause: 'unusable_subject' }
}

/**
 * The values of `cat` that a session token may have: none, a session token's, and one that tells readers to ignore the
 * kind.
 */
const SESSION_CATEGORIES: unknown[] = [undefined, 'cl_B7d4PD111AAA', 'cl_I7d4PD111III']

/**
 * Whether the claims are those of a session. The instance's key also signs tokens of machines and OAuth applications,
 * and tokens for other audiences, such as those of JWT templates, which may be valid for years. Only a session token
 * has `sid`, and only Clerk writes that.
 */
function isOfSession(claims: object): boolean {
  const { cat, sub, sid } = claims as Record<string, unknown>
  const isMachine = /^(mch|oat)_/.test(String(sub))
  return SESSION_CATEGORIES.includes(cat) && !isMachine && typeof sid === 'string'
}

/** Clerk's session tokens are valid for a minute, and for at most a day if an instance asks for more. */
const MAX_AGE_S = 24 * 60 * 60

function isRecent({ iat }: { iat?: unknown }): boolean {
  return typeof iat === 'number' && Date.now() / 1000 - iat <= MAX_AGE_S
}

/**
 * Returns the claims, or the SDK's code for why they are refused. Its messages repeat what the token says, so they are
 * not used.
 */
async function verifiedClaims(
  token: string,
  options: Parameters<typeof verifyToken>[1],
): Promise<object | string> {
  try {
    return await verifyToken(token, options)
  } catch (error) {
    const reason = member(error, 'reason')
    return typeof reason === 'string' ? reason : 'unreadable_token'
  }
}

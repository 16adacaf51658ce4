import type { Vars } from '../../local/dev-vars.ts'
import { sessionClaims, signSessionToken } from '../../local/session-token.ts'
import type { Sendable } from './load.ts'

/** A route that an app calls as often as deliveries arrive. */
export interface HotCall {
  name: string
  /** The calls that must come first, for the same user and number. */
  before: HotCall[]
  path: string
  /** Returns the body of the n-th call for this user, of one credit. A call that only reads has none. */
  body?(user: string, n: number): object
}

const spend: HotCall = {
  name: 'spend',
  before: [],
  path: '/api/wallet/spend',
  body: (user, n) => ({ user_id: user, amount: 1, idempotency_key: `spend_${n}_${user}` }),
}

export const hotCalls: HotCall[] = [
  spend,
  {
    name: 'give back',
    before: [spend],
    path: '/api/wallet/give-back',
    body: (user, n) => ({
      user_id: user,
      amount: 1,
      idempotency_key: `back_${n}_${user}`,
      spend_key: `spend_${n}_${user}`,
    }),
  },
  {
    name: 'grant',
    before: [],
    path: '/api/wallet/grant',
    body: (user, n) => ({
      user_id: user,
      amount: 1,
      idempotency_key: `grant_${n}_${user}`,
      note: 'A gesture',
    }),
  },
  { name: 'GET /api/me', before: [], path: '/api/me' },
]

/** Clerk's tokens are valid for a minute, but a block may take longer. */
const SESSION_S = 3_600

/** Returns the request of a backend or of a signed-in user. Tokens are signed here, so that signing is not measured. */
export async function requestOf(
  { path, body }: HotCall,
  user: string,
  n: number,
  { url, secrets, sessionKey }: { url: string; secrets: Vars; sessionKey: string },
): Promise<Sendable> {
  const token = body
    ? secrets.SERVICE_TOKEN
    : await signSessionToken(sessionKey, sessionClaims({ user, expiresInSeconds: SESSION_S }))
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }
  if (!body) return { url: url + path, method: 'GET', headers }
  return { url: url + path, method: 'POST', headers, body: JSON.stringify(body(user, n)) }
}

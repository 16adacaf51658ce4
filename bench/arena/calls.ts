import type { Vars } from '../../local/dev-vars.ts'
import { sessionClaims, signSessionToken } from '../../local/session-token.ts'
import type { Sendable } from './load.ts'

/** What an app calls as often as a delivery comes. */
export interface HotCall {
  name: string
  /** What is called before, for the same user and number. */
  before: HotCall[]
  path: string
  /** The n-th call for this user, of one credit; none where it only reads. */
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

/** A minute, as Clerk has it, is less than a block may take. */
const SESSION_S = 3_600

/** Returns the request of a call: a backend's, or a signed-in user's. Tokens are signed here, so that it is not measured. */
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

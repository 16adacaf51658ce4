import {
  generateKeyPair,
  type SessionOptions,
  sessionClaims,
  signSessionToken,
} from '../../local/session-token.ts'
import { type Env, request } from './support.ts'

export const keys = await generateKeyPair()

export const ORIGIN = 'https://app.example.com'
export const ISSUER = 'https://clerk.example.com'

export const accountSettings = {
  CLERK_JWT_KEY: keys.publicKey,
  CLERK_ISSUER: ISSUER,
  APP_ORIGINS: `${ORIGIN}, https://admin.example.com`,
  SERVICE_TOKEN: 'service-token-of-the-tests',
}

export const tokenFor = (user: string, options: Partial<SessionOptions> = {}) =>
  signSessionToken(keys.privateKey, sessionClaims({ user, origin: ORIGIN, issuer: ISSUER, ...options }))

export interface Reply<Body> {
  status: number
  headers: Headers
  body: Body
}

/** Sends a request with this bearer token, and returns the response as JSON. */
export async function callWith<Body = Record<string, unknown>>(
  token: string | null,
  path: string,
  init: RequestInit = {},
  env: Env = {},
): Promise<Reply<Body>> {
  const headers = new Headers(init.headers)
  if (token !== null) headers.set('Authorization', `Bearer ${token}`)
  const response = await request(path, { ...init, headers }, { ...accountSettings, ...env })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : null }
}

export interface Moved {
  error?: string
  balance?: number
  given_back?: number
  left?: number
  fields?: Record<string, string[]>
}

/** Calls a route that moves credits as your own backend, with its token or another. */
export async function backend(
  path: string,
  body: unknown,
  env: Env = {},
  token = accountSettings.SERVICE_TOKEN,
) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return await callWith<Moved>(token, path, { method: 'POST', body: text }, env)
}

/** Spends credits as your own backend. */
export const spend = (body: unknown, env: Env = {}) => backend('/api/wallet/spend', body, env)
export const giveBack = (body: unknown, env: Env = {}) => backend('/api/wallet/give-back', body, env)

/** The grant limits of the tests' backend, unless a test sets others. */
export const GRANTS = {
  GRANT_LIMIT: JSON.stringify({ per_call: 10 ** 6, per_user_day: 10 ** 9, per_day: 10 ** 12 }),
  CAMPAIGNS: JSON.stringify({ friends: { per_user: 100, total: 250 }, open: {} }),
}
export const grant = (body: unknown, env: Env = {}) =>
  backend('/api/wallet/grant', body, { ...GRANTS, ...env })
